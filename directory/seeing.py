"""What a moderator who sees as a member sees may open, and for how long. Nothing can be changed meanwhile.

Conversations, entry codes, what members keep to themselves and pages that act on a link are not in the list; an address
that is not in it, so every new one, is refused.
"""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import ResolverMatch
from django.utils import timezone

from directory.enums import Standing
from directory.models import Therapist

MINUTES = 15
SESSION_KEY = "seeing_as"
STOP = "directory:seeing_stop"
OPEN = {
    "home",
    "directory:therapist_list",
    "directory:therapist_detail",
    "directory:therapist_photo",
    "directory:what_we_keep",
    "spaces:office_search",
    "spaces:suggestions",
    "spaces:office_detail",
    "spaces:office_photo",
    "spaces:my_offices",
    "spaces:booking_list",
    "spaces:emergency",
    "spaces:incident_detail",
}


def begin(request: HttpRequest, therapist: Therapist) -> None:
    until = timezone.now() + timedelta(minutes=MINUTES)
    request.session[SESSION_KEY] = {"as": therapist.pk, "until": until.isoformat()}


def end(request: HttpRequest) -> int | None:
    """Whom they saw as, until now."""
    kept = request.session.pop(SESSION_KEY, None)
    return kept["as"] if kept else None


def answer(request: HttpRequest, match: ResolverMatch) -> HttpResponse | None:
    """For the middleware: puts the member in the moderator's place, or refuses. The desk stays the moderator's own."""
    kept = request.session.get(SESSION_KEY)
    by: Therapist | None = getattr(request, "therapist", None)
    if not kept or match.view_name == STOP or "admin" in match.namespaces:
        return None
    member = Therapist.objects.filter(pk=kept["as"], standing=Standing.MEMBER).first()
    is_over = datetime.fromisoformat(kept["until"]) <= timezone.now()
    if member is None or by is None or not by.is_moderator or is_over:
        end(request)
        return None
    request.seen_by = by  # type: ignore[attr-defined]
    request.seen_until = datetime.fromisoformat(kept["until"])  # type: ignore[attr-defined]
    request.therapist = member  # type: ignore[attr-defined]
    is_own_page = (
        match.view_name == "directory:therapist_detail"
        and match.kwargs.get("pk") == member.pk
    )
    if (
        request.method in {"GET", "HEAD"}
        and match.view_name in OPEN
        and not is_own_page
    ):
        return None
    return render(request, "directory/seeing_refused.html", status=403)
