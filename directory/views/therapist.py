from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from directory.domain.block import block_therapist, unblock_therapist
from directory.enums import Audience, TermKind
from directory.errors import DomainError
from directory.filters import Chip, TherapistFilter, chips_of, facets_of
from directory.geo import DistanceTo, distance_band, metres_between, snap
from directory.http import TherapistRequest, member_required, render_part
from directory.limits import PAGES, PROFILES, PROFILES_A_DAY, limited
from directory.models import Therapist, TherapistQuerySet
from directory.notifications.templates import absolute_url
from directory.pins import Pin, map_of
from directory.queries import hidden_from, people_shown_to
from directory.vcard import vcard

PER_PAGE = 24
NEAREST_VIEW, WIDEST_VIEW = (
    2_000.0,
    30_000.0,
)  # metres of the map where no radius was asked for
MOST_SUGGESTIONS = 12


@dataclass(frozen=True)
class Card:
    person: Therapist
    band: str | Promise


@require_safe
@member_required
@limited(PAGES)
def therapist_list(request: TherapistRequest) -> HttpResponse:
    people = _colleagues_of(request.therapist)
    search = _search(request, people, request.GET)
    counts = search.counts()
    paginator = Paginator(search.in_order(counts.total), PER_PAGE)
    paginator.count = counts.total  # known already
    page = paginator.get_page(request.GET.get("page"))
    chips = chips_of(request.GET, request.community)
    context = {
        "search": search,
        "page": page,
        "cards": [Card(person, _band(request, person)) for person in page],
        "chips": chips,
        "facets": facets_of(counts, request.GET),
        "map": _map(request, search, page),
        "is_part": bool(request.htmx and not request.htmx.history_restore_request),
        "suggestions": [] if page else _loosened(request, people, chips, search.said),
    }
    return render_part(request, "directory/therapist_list.html", "results", context)


def _colleagues_of(me: Therapist) -> TherapistQuerySet:
    """Whom ``me`` may see, said so that most members ask the same question, whose counts are kept."""
    not_met = [*me.blocked_either_way(), *hidden_from(me)]
    return Therapist.objects.members().exclude(pk__in=not_met)


def _search(
    request: TherapistRequest,
    people: TherapistQuerySet,
    asked: QueryDict,
    said: dict[str, Any] | None = None,
) -> TherapistFilter:
    return TherapistFilter(
        asked,
        queryset=people,
        me=request.therapist,
        community=request.community,
        said=said,
    )


def _loosened(
    request: TherapistRequest,
    people: TherapistQuerySet,
    chips: list[Chip],
    said: dict[str, Any],
) -> list[dict[str, Any]]:
    """For an empty result: how many there are without each thing asked for, most first."""
    counted = [
        {
            "label": chip.label,
            "url": chip.url,
            "count": _search(request, people, chip.query, said).qs.count(),
        }
        for chip in chips[:MOST_SUGGESTIONS]
    ]
    return sorted(
        (row for row in counted if row["count"]), key=lambda row: -row["count"]
    )


def _band(request: TherapistRequest, person: Therapist) -> str | Promise:
    metres: float | None = getattr(person, "metres", None)
    return (
        "" if metres is None else distance_band(metres, request.community.distance_unit)
    )


def _map(
    request: TherapistRequest, search: TherapistFilter, people: Iterable[Therapist]
) -> dict[str, Any]:
    """What static/js/map.js draws: the people of this page where they are told to be, about a kilometre coarse."""
    pins = [
        Pin(
            *snap(person.latitude, person.longitude),
            name=person.name,
            url=reverse("directory:therapist_detail", args=[person.pk]),
            lines=(str(person.credentials),) if person.credentials else (),
        )
        for person in people
        if person.latitude is not None and person.longitude is not None
    ]
    community = request.community
    own = (community.latitude, community.longitude)
    centre = search.centre or (own if None not in own else None)
    centre = centre or (pins[0][:2] if pins else (0.0, 0.0))
    farthest = max((metres_between(centre, pin[:2]) for pin in pins), default=0.0)
    asked = search.radius_metres
    return map_of(
        centre=centre,
        metres=asked or min(max(farthest, NEAREST_VIEW), WIDEST_VIEW),
        unit=community.distance_unit,
        label=_("Colleagues"),
        many=_("{count} colleagues"),
        places=pins,
        is_ring=asked is not None,
    )


@require_safe
@member_required
@limited(PROFILES, PROFILES_A_DAY)
def therapist_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    person = _seen(request, pk)
    terms: dict[str, list[str]] = {}
    is_me = person.pk == request.therapist.pk
    keeps_schools = not is_me and person.audience_of("schools") == Audience.ME
    for term in person.terms.order_by("label"):
        if term.kind != TermKind.SCHOOL or not keeps_schools:
            terms.setdefault(term.kind, []).append(term.label)
    context = {
        "person": person,
        "band": _band(request, person),
        "terms": terms,
        "licence": person.licences.exclude(checked_at=None)
        .order_by("-checked_at")
        .first(),
        "is_me": is_me,
        "shared": request.therapist.schools_shared_with(person)
        if TermKind.SCHOOL in terms
        else [],
        "public_slug": slugify(person.name) or "colleague",
    }
    return render(request, "directory/therapist_detail.html", context)


@require_safe
@member_required
@limited(PROFILES, PROFILES_A_DAY)
def therapist_vcard(request: TherapistRequest, pk: int) -> HttpResponse:
    person = _seen(request, pk)
    url = absolute_url(reverse("directory:therapist_detail", args=[pk]))
    response = HttpResponse(
        vcard(person, request.community, url), content_type="text/vcard; charset=utf-8"
    )
    plain = slugify(person.name) or "colleague"
    response["Content-Disposition"] = (
        f"attachment; filename=\"{plain}.vcf\"; filename*=UTF-8''{quote(person.name[:80])}.vcf"
    )
    return response


@require_POST
@member_required
def therapist_block(request: TherapistRequest, pk: int) -> HttpResponse:
    person = _seen(request, pk)
    try:
        block_therapist(person, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("directory:therapist_detail", pk)
    messages.success(
        request,
        _(
            "You and %(name)s no longer meet here. You can take it back in your settings."
        )
        % {"name": person},
    )
    return redirect("directory:therapist_list")


@require_POST
@member_required
def therapist_unblock(request: TherapistRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(
        Therapist, pk=pk, blocks_received__blocker=request.therapist
    )
    unblock_therapist(person, by=request.therapist)
    messages.success(request, _("You and %(name)s can meet again.") % {"name": person})
    return redirect("directory:settings")


def _seen(request: TherapistRequest, pk: int) -> Therapist:
    """A member this one may see, with the distance between the two; anybody else is not there."""
    people = people_shown_to(request.therapist)
    me = request.therapist
    if me.latitude is not None and me.longitude is not None:
        people = people.annotate(metres=DistanceTo(me.latitude, me.longitude))
    person: Therapist = get_object_or_404(people, pk=pk)
    return person if person.pk == me.pk else person.without_private()
