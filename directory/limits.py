"""How much one person does in a while, and all at one address. Counted in the cache; while that is away, nothing is."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from hashlib import sha256
from typing import Any, NamedTuple

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from directory.domain.report import report_member
from directory.http import VisitorRequest


class Limit(NamedTuple):
    """``most`` in ``seconds`` of what one person does, and ``together`` times as many from one network address.

    Who only holds a secret link counts as that link (``by_link``); other visitors are known by their address alone.
    """

    name: str
    most: int
    seconds: int
    together: int = 20  # an office behind one address is not locked out
    only_posts: bool = False
    by_link: bool = False
    is_told: bool = False  # moderators see who went past it


PAGES = Limit("pages", 240, 600)
PROFILES = Limit("profiles", 120, 3600, is_told=True)
PROFILES_A_DAY = Limit("profiles-a-day", 400, 86_400, is_told=True)
PUBLIC_PROFILES = Limit("public-profiles", 60, 600)
WRITING = Limit("writing", 60, 3600, only_posts=True)
REPORTS = Limit("reports", 20, 3600, only_posts=True)
JOINING = Limit("joining", 30, 3600, together=10, only_posts=True)
SEARCHES = Limit("searches", 300, 600)
FEEDS = Limit("feeds", 60, 3600, together=100, by_link=True)

View = Callable[..., HttpResponse]


def limited(*limits: Limit) -> Callable[[View], View]:
    """Below ``member_required``, so that whoever is sent away there is not counted."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: VisitorRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            for limit in limits:
                if limit.only_posts and request.method != "POST":
                    continue
                counted = [
                    (who, _count(f"{limit.name}:{who}", limit.seconds), most)
                    for who, most in _allowed(request, limit)
                ]
                if any(count > most for _who, count, most in counted):
                    is_theirs = request.therapist is not None and (
                        counted[0][1] > limit.most
                    )
                    return _slower(request, limit, is_theirs=is_theirs)
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


def _allowed(request: VisitorRequest, limit: Limit) -> Iterator[tuple[str, int]]:
    """Whom a request is counted for, and how often each may: the person first."""
    if request.therapist is not None:
        yield str(request.therapist.pk), limit.most
    elif request.user.is_authenticated:
        yield f"sign-in-{request.user.pk}", limit.most
    elif limit.by_link:
        yield sha256(request.path.encode()).hexdigest(), limit.most
    with suppress(PermissionDenied):  # a socket without an address
        address = get_adapter(request).get_client_ip(request)
        yield f"at-{address}", limit.most * limit.together


def _count(name: str, seconds: int) -> int:
    key = f"directory:limit:{name}"
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key))
    except ValueError:  # it ended in between
        return 1


def _slower(request: VisitorRequest, limit: Limit, *, is_theirs: bool) -> HttpResponse:
    if limit.is_told and is_theirs and request.therapist is not None:
        report_member(
            request.therapist,
            by=None,
            text=_("Opened more than %(most)s profiles in %(hours)s hours.")
            % {"most": limit.most, "hours": limit.seconds // 3600},
        )
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(limit.seconds)
    return response
