"""The request a signed-in view receives, the doors it stands behind, the answer htmx expects."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from directory.enums import Standing
from directory.models import Community, Therapist, User

View = Callable[..., HttpResponse]


class VisitorRequest(HttpRequest):
    """Of anybody, before a door was passed."""

    community: Community
    therapist: Therapist | None
    htmx: HtmxDetails


class TherapistRequest(HttpRequest):
    user: User
    community: Community
    therapist: Therapist
    htmx: HtmxDetails


def therapist_required(view: View) -> View:
    """For anyone with a sign-in who told who they are, whatever their standing."""

    @wraps(view)
    def wrapper(request: TherapistRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if getattr(request, "therapist", None) is None:
            return redirect("directory:join")
        return view(request, *args, **kwargs)

    return login_required(wrapper)


def member_required(view: View) -> View:
    """For members. Strangers sign in; those who wait or are suspended read at ``home`` how things stand.

    Whoever left, or is signed in without being a therapist at all, finds nothing here (404).
    """

    @wraps(view)
    def wrapper(request: TherapistRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        therapist: Therapist | None = getattr(request, "therapist", None)
        if therapist is None or therapist.standing == Standing.LEFT:
            raise Http404
        if therapist.standing != Standing.MEMBER:
            return redirect("home")
        return view(request, *args, **kwargs)

    return login_required(wrapper)


def applicant_required(view: View) -> View:
    """For whoever is not in yet and has something to say about it: applicants, the declined, the suspended."""

    @wraps(view)
    def wrapper(request: TherapistRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.therapist.standing in {Standing.MEMBER, Standing.INVITED}:
            return redirect("home")
        return view(request, *args, **kwargs)

    return therapist_required(wrapper)


def member_or_applicant_required(view: View) -> View:
    """For what an applicant may prepare while they wait; to all others as ``member_required``."""
    for_members = member_required(view)

    @wraps(view)
    def wrapper(request: TherapistRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        therapist: Therapist | None = getattr(request, "therapist", None)
        if therapist is not None and therapist.standing == Standing.APPLICANT:
            return view(request, *args, **kwargs)
        return for_members(request, *args, **kwargs)

    return wrapper


def helped_required(view: View) -> View:
    """For members, and for applicants in the fast lane while they may ask for help."""
    for_members = member_required(view)

    @wraps(view)
    def wrapper(request: TherapistRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        therapist: Therapist | None = getattr(request, "therapist", None)
        if therapist is not None and therapist.is_in_fast_lane:
            return view(request, *args, **kwargs)
        return for_members(request, *args, **kwargs)

    return wrapper


def render_part(
    request: TherapistRequest,
    template: str,
    part: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its partial ``part`` when htmx swaps it in."""
    swapping = request.htmx and not request.htmx.history_restore_request
    name = f"{template}#{part}" if swapping else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])  # one URL, two answers
    return response
