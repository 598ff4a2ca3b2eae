from collections.abc import Iterable
from typing import Any

from django.db.models import Case, Prefetch, Q, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from directory.geo import distance_band
from directory.http import TherapistRequest, member_required
from directory.models import Therapist
from spaces.appeal import WHAT, appeals_of
from spaces.asked import Asked
from spaces.coverage import Coverage, coverage_of
from spaces.enums import IncidentKind, NeedStatus, OfferStatus
from spaces.matching import waves_asking
from spaces.models import (
    Incident,
    IncidentScope,
    IncidentUpdate,
    Need,
    Offer,
    Wave,
)
from spaces.models.incident import IN_FORCE
from spaces.notifications.links import help_path
from spaces.ties import buildings_tied_to
from spaces.week import Block, say_spans

MINE = [NeedStatus.DRAFT, NeedStatus.OPEN, NeedStatus.COVERED]
WAITING = [OfferStatus.OFFERED, OfferStatus.ACCEPTED]


@require_safe
@member_required
def emergency(request: TherapistRequest) -> HttpResponse:
    """What is wrong near me, what is needed, how to help; what I asked for and what I offered."""
    me = request.therapist
    waves = waves_asking(me)
    appeals = appeals_of((wave, me) for wave in waves)
    context = {
        "incidents": _incidents(request, waves, appeals),
        "calls": [
            _call(wave, me, appeals)
            for wave in waves
            if wave.need_id and appeals[wave.pk, me.pk].needs
        ],
        "needs": _my_needs(me),
        "offers": Offer.objects.filter(helper=me, status__in=WAITING).with_parties(),
        "can_report": buildings_tied_to(me).exists(),
        "helps": me.helps_in_emergencies,
    }
    return render(request, "spaces/emergency.html", context)


def _incidents(
    request: TherapistRequest, waves: list[Wave], appeals: dict[Any, Any]
) -> list[dict[str, Any]]:
    me = request.therapist
    scopes = IncidentScope.objects.select_related("building", "office").order_by("pk")
    incidents = (
        visible_incidents(me).open().prefetch_related(Prefetch("scopes", scopes))
    )
    needs = list(
        Need.objects.open()
        .filter(incident__in=incidents)
        .select_related("therapist")
        .prefetch_related("hours")
    )
    coverage, nameable = coverage_of(needs), nameable_to(me, needs)
    wave_of = {wave.incident_id: wave for wave in waves if wave.incident_id}
    found = []
    for incident in incidents:
        wave = wave_of.get(incident.pk)
        appeal = appeals[wave.pk, me.pk] if wave else None
        mine = [need for need in needs if need.incident_id == incident.pk]
        found.append(
            {
                "incident": incident,
                "scopes": list(incident.scopes.all()),
                "what": WHAT[IncidentKind(incident.kind)],
                "band": _band(request, incident),
                "until": max(
                    (scope.until for scope in incident.scopes.all()), default=None
                ),
                "people": len(mine),
                "total": totals(coverage[need.pk] for need in mine),
                "blocks": asked_blocks(appeal.asked) if appeal else [],
                "help_url": help_path(wave, me)
                if wave and appeal and appeal.asked
                else "",
                "names": named(mine, nameable),
                "is_mine": any(
                    me.pk in (need.therapist_id, need.author_id) for need in mine
                ),
            }
        )
    return found


def visible_incidents(me: Therapist) -> Any:
    """Those in force or over, to every member; what is only reported, to those with a tie and moderators."""
    incidents = Incident.objects.all()
    if me.is_moderator:
        return incidents
    tied = Incident.objects.filter(
        scopes__building__in=buildings_tied_to(me)
    ) | Incident.objects.filter(reported_by=me)
    known = Incident.objects.filter(status__in=[*IN_FORCE, "over"])
    return incidents.filter(pk__in=(tied | known).values("pk"))


def nameable_to(me: Therapist, needs: Iterable[Need]) -> set[int]:
    """Who of them agreed to be named, and is nobody this person does not meet."""
    people = Therapist.objects.filter(pk__in=[need.therapist_id for need in needs])
    agreed = people.filter(agrees_to_be_named=True).unblocked_for(me)
    return set(agreed.values_list("pk", flat=True))


def named(needs: list[Need], nameable: set[int]) -> list[str]:
    return [
        need.therapist.first_name for need in needs if need.therapist_id in nameable
    ]


def news_of(me: Therapist) -> QuerySet[IncidentUpdate]:
    """The newest first. ``is_signed`` where the author is oneself, or agreed to be named and is met here."""
    agreed = Therapist.objects.filter(agrees_to_be_named=True).unblocked_for(me)
    signed = Q(author=me) | Q(author__in=agreed.values("pk"))
    return (
        IncidentUpdate.objects.select_related("author")
        .annotate(
            is_signed=Case(
                When(signed, then=Value(value=True)), default=Value(value=False)
            )
        )
        .order_by("-created_at", "-pk")
    )


def totals(coverage: Any) -> dict[str, int]:
    found: list[Coverage] = list(coverage)
    return {
        "booked": sum(item.booked_minutes for item in found),
        "offered": sum(item.offered_minutes for item in found),
        "open": sum(item.open_minutes for item in found),
        "all": sum(item.total_minutes for item in found),
    }


def asked_blocks(asked: list[Asked]) -> list[Block]:
    return [Block(*item.span, state=_state(item)) for item in asked]


def _state(asked: Asked) -> str:
    if asked.is_free:
        return "fits"
    return "open" if asked.is_must else "nice"


def _band(request: TherapistRequest, incident: Incident) -> str:
    metres = [
        scope.metres for scope in incident.scopes.all() if hasattr(scope, "metres")
    ]
    return (
        str(distance_band(min(metres), request.community.distance_unit))
        if metres
        else ""
    )


def _call(wave: Wave, me: Therapist, appeals: dict[Any, Any]) -> dict[str, Any]:
    appeal = appeals[wave.pk, me.pk]
    return {
        "names": appeal.names,
        "place": appeal.place,
        "hours": say_spans(item.span for item in appeal.asked),
        "fits": any(item.is_free for item in appeal.asked),
        "help_url": help_path(wave, me),
    }


def _my_needs(me: Therapist) -> list[dict[str, Any]]:
    needs = list(Need.objects.of(me).filter(status__in=MINE).with_people().with_hours())
    coverage = coverage_of(needs)
    return [
        {
            "need": need,
            "hours": say_spans(need.spans),
            "is_own": need.therapist_id == me.pk,
            "total": totals([coverage[need.pk]]),
        }
        for need in needs
    ]
