"""A member's photo, the public page of those who want one, and "still true" by one tap."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from directory.domain.profile import SIDES, confirm_profile
from directory.enums import Audience
from directory.errors import LinkError
from directory.http import VisitorRequest
from directory.limits import PUBLIC_PROFILES, limited
from directory.links import read
from directory.models import Therapist, TherapistQuerySet
from directory.news import CONFIRM
from directory.queries import hidden_from

LINK_LIFE = timedelta(days=60)


@require_safe
def therapist_photo(request: VisitorRequest, pk: int, size: str) -> HttpResponse:
    """To members who may meet the person; to anybody where it stands on a public page."""
    field = f"photo_{size}"
    if field not in SIDES:
        raise Http404
    person = get_object_or_404(_seen_by(request.therapist), pk=pk)
    file = getattr(person, field)
    if not file or not (
        person.shows_public("photo") or _is_member_who_sees(request, person)
    ):
        raise Http404
    try:
        with file.open("rb") as opened:
            content = opened.read()
    except FileNotFoundError as error:
        raise Http404 from error
    response = HttpResponse(content, content_type="image/webp")
    response["Cache-Control"] = "private, max-age=86400"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    if not person.shows_public("photo"):
        response["X-Robots-Tag"] = "noindex"
    return response


def _seen_by(me: Therapist | None) -> TherapistQuerySet:
    people = Therapist.objects.members()
    return people.unblocked_for(me).exclude(pk__in=hidden_from(me)) if me else people


def _is_member_who_sees(request: VisitorRequest, person: Therapist) -> bool:
    me = request.therapist
    if me is None or not me.is_member:
        return False
    return me.pk == person.pk or person.audience_of("photo") != Audience.ME


@require_safe
@limited(PUBLIC_PROFILES)
def public_profile(request: VisitorRequest, pk: int, slug: str) -> HttpResponse:
    """What its person chose to show to anybody, and nothing else."""
    people = Therapist.objects.members().filter(has_public_page=True)
    person = get_object_or_404(people, pk=pk)
    right = slugify(person.name) or "colleague"
    if slug != right:
        return redirect("directory:public_profile", pk, right, permanent=False)
    terms: dict[str, list[str]] = {}
    for term in person.terms.order_by("label"):
        if term.kind != "school" or person.shows_public("schools"):
            terms.setdefault(term.kind, []).append(term.label)
    context = {"person": person.only_public(), "terms": terms}
    return render(request, "directory/public_profile.html", context)


@csrf_exempt  # the signed link is the permission; it works where nobody is signed in
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """From the mail. Opening the link changes nothing: mail scanners open every link."""
    try:
        signed = read(CONFIRM, token, LINK_LIFE)
    except LinkError as error:
        context: dict[str, Any] = {
            "error": str(error),
            "person": None,
            "is_done": False,
        }
        return render(request, "directory/confirm.html", context, status=410)
    person = get_object_or_404(Therapist.objects.members(), pk=signed["therapist"])
    if request.method == "POST":
        confirm_profile(person)
    context = {
        "error": "",
        "person": person,
        "is_done": request.method == "POST",
        "profile_url": reverse("directory:therapist_detail", args=[person.pk]),
    }
    return render(request, "directory/confirm.html", context)
