"""How much of the directory one member reads in a while. Counted in the cache; while that is away, nothing is."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from directory.domain.report import report_member
from directory.http import TherapistRequest


class Limit(NamedTuple):
    """``most`` in ``seconds``, of what one member does."""

    name: str
    most: int
    seconds: int
    is_told: bool = False  # moderators see who went past it


PAGES = Limit("pages", 240, 600)
PROFILES = Limit("profiles", 120, 3600, is_told=True)
PROFILES_A_DAY = Limit("profiles-a-day", 400, 86_400, is_told=True)
WRITING = Limit("writing", 60, 3600)

View = Callable[..., HttpResponse]


def limited(*limits: Limit) -> Callable[[View], View]:
    """Below ``member_required``: counted by person, so that an office behind one address shares nothing."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(
            request: TherapistRequest, *args: Any, **kwargs: Any
        ) -> HttpResponse:
            for limit in limits:
                if _count(request, limit) > limit.most:
                    return _slower(request, limit)
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


def _count(request: TherapistRequest, limit: Limit) -> int:
    key = f"directory:limit:{limit.name}:{request.therapist.pk}"
    cache.add(key, 0, limit.seconds)
    try:
        return int(cache.incr(key))
    except ValueError:  # it ended in between
        return 1


def _slower(request: TherapistRequest, limit: Limit) -> HttpResponse:
    if limit.is_told:
        report_member(
            request.therapist,
            by=None,
            text=_("Opened more than %(most)s profiles in %(hours)s hours.")
            % {"most": limit.most, "hours": limit.seconds // 3600},
        )
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(limit.seconds)
    return response
