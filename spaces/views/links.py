"""What signed links open: the page for one that cannot be read, and whom a link lets in without a sign-in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from directory.errors import DomainError, LinkExpired
from directory.http import helped_required
from directory.models import Therapist
from spaces.models import Need

SESSION_KEY = "needs_by_link"  # need -> therapist, as strings, of links that were followed and confirmed by a POST


def unreadable(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Too old (410), or altered and cut off (404): said kindly, with what to do."""
    is_old = isinstance(error, LinkExpired)
    return render(
        request,
        "spaces/link_unreadable.html",
        {"text": str(error)},
        status=410 if is_old else 404,
    )


def let_in(request: HttpRequest, need: Need, person: Therapist) -> None:
    """From now on this browser may look after this need as ``person``, who has no sign-in."""
    request.session[SESSION_KEY] = {
        **request.session.get(SESSION_KEY, {}),
        str(need.pk): person.pk,
    }


def asker_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For members and applicants in the fast lane; and, for the one need in the address, for whoever was let in by its signed link."""
    for_members = helped_required(view)

    @wraps(view)
    def wrapper(request: Any, pk: int, *args: Any, **kwargs: Any) -> HttpResponse:
        known = request.session.get(SESSION_KEY, {}).get(str(pk))
        if known is None or request.user.is_authenticated:
            return for_members(request, pk, *args, **kwargs)
        person = Therapist.objects.filter(pk=known, user=None).first()
        if person is None:
            return for_members(request, pk, *args, **kwargs)
        request.therapist = person
        return view(request, pk, *args, **kwargs)

    return wrapper
