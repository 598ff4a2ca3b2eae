from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from directory import seeing
from directory.models import Community, Therapist


class CommunityMiddleware:
    """Gives the request its community and its therapist, and the page the community's time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.community = Community.objects.current()  # type: ignore[attr-defined]
        request.therapist = therapist_of(request)  # type: ignore[attr-defined]
        with timezone.override(request.community.timezone):  # type: ignore[attr-defined]
            return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.resolver_match is None or request.user.is_anonymous:
            return None
        return seeing.answer(request, request.resolver_match)


def therapist_of(request: HttpRequest) -> Therapist | None:
    if not request.user.is_authenticated:
        return None
    therapist = Therapist.objects.filter(user=request.user).first()
    if therapist is not None:
        therapist.user = request.user  # known already: saves its readers a query
    return therapist
