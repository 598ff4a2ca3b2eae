"""Whom a closed place concerns, and the draft of a need each of them has for it: their own hours, filled in."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from directory.geo import snap
from directory.models import Supervision
from spaces import hours
from spaces.domain.need import LIVE, write_hours
from spaces.enums import NeedStatus
from spaces.models import (
    Building,
    Displacement,
    Incident,
    IncidentScope,
    Need,
    Office,
    UsualHours,
)
from spaces.models.booking import OccurrenceQuerySet


def closed_by(incident: Incident) -> set[int]:
    """Rooms, for now."""
    closures = incident.closures.values("office", "building")
    rooms = Office.objects.filter(
        Q(pk__in=closures.values("office"))
        | Q(building__in=closures.values("building"))
    )
    return set(rooms.values_list("pk", flat=True))


def draft_needs(
    incident: Incident,
    scopes: Sequence[IncidentScope],
    displaced: OccurrenceQuerySet,
    *,
    closed_before: set[int],
) -> set[int]:
    """One draft per person concerned, with their own hours, and the dates it stands for. Who is to hear of it.

    A draft that is there already grows by what was lost in rooms which were not closed before.
    """
    if not scopes:
        return set()
    lost = _lost_hours(scopes, displaced)
    drafted = Displacement.objects.filter(incident=incident, need=OuterRef("pk"))
    known = {
        need.therapist_id: need
        for need in Need.objects.filter(
            Q(status__in=LIVE) | Q(Exists(drafted), status=NeedStatus.CLOSED),
            incident=incident,
            therapist__in=list(lost),
        ).order_by("pk")
    }
    new = [pk for pk in lost if pk not in known]
    authors, building_of = _authors(new), buildings_of(scopes)
    drafts = Need.objects.bulk_create(
        _draft(
            incident,
            scopes_of(lost[pk].offices, scopes, building_of) or scopes,
            pk,
            authors.get(pk, pk),
        )
        for pk in new
    )
    write_hours({need.pk: lost[need.therapist_id].spans for need in drafts})
    needs = known | {need.therapist_id: need for need in drafts}
    _record(incident, lost, needs)
    _grow(known.values(), lost, scopes, closed_before)
    return {pk for need in needs.values() for pk in (need.therapist_id, need.author_id)}


def _grow(
    needs: Iterable[Need],
    lost: dict[int, "_Lost"],
    scopes: Sequence[IncidentScope],
    closed_before: set[int],
) -> None:
    """What a person took out of a draft stays out, unless another room had it too."""
    building_of = buildings_of(scopes)
    for need in needs:
        found = lost[need.therapist_id]
        if need.status != NeedStatus.DRAFT or found.offices <= closed_before:
            continue
        more = [
            span
            for office, spans in found.spans_of.items()
            if office not in closed_before
            for span in spans
        ]
        spans = hours.merge_spans([*need.spans, *more])
        need.hours.filter(is_must=True).delete()
        write_hours({need.pk: spans})
        mine = scopes_of(found.offices, scopes, building_of)
        last = max(last_closed_day(scope.until, scope.building) for scope in mine)
        if last > need.last_date:
            Need.objects.filter(pk=need.pk).update(last_date=last)


class _Lost:
    """What one person lost: dates, hours of the week, and in which rooms."""

    def __init__(self, offices: set[int]) -> None:
        self.offices = offices
        self.occurrences: list[int] = []
        self.spans_of: dict[int, list[hours.Span]] = defaultdict(list)

    @property
    def spans(self) -> list[hours.Span]:
        return hours.merge_spans(
            span for spans in self.spans_of.values() for span in spans
        )


def _lost_hours(
    scopes: Sequence[IncidentScope], displaced: OccurrenceQuerySet
) -> dict[int, _Lost]:
    """Guests by their dates, hosts by their usual hours, and everyone's trainees, who may have none of their own."""
    offices = Office.objects.filter(_places(scopes, timezone.now()))
    dates = list(
        displaced.order_by("pk").values_list(
            "pk", "guest", "office", "period", "office__building__timezone"
        )
    )
    people = concerned(offices, ((guest, office) for _pk, guest, office, *_ in dates))
    lost = {pk: _Lost(rooms) for pk, rooms in people.items()}
    for pk, guest_id, office, period, zone in dates:
        lost[guest_id].occurrences.append(pk)
        lost[guest_id].spans_of[office].append(hours.span_of(period, ZoneInfo(zone)))
    for usual in UsualHours.objects.filter(office__in=offices):
        lost[usual.therapist_id].spans_of[usual.office_id].append(usual.span)
    return lost


def concerned(
    offices: QuerySet[Office], dates: Iterable[tuple[int, int]]
) -> dict[int, set[int]]:
    """Whose rooms these are, by person: as guests (``dates``: guest and room), hosts, by usual hours, as trainees."""
    found: dict[int, set[int]] = defaultdict(set)
    hosts = Office.hosts.through.objects.filter(office__in=offices)
    usual = UsualHours.objects.filter(office__in=offices)
    for person, office in [
        *dates,
        *hosts.values_list("therapist", "office"),
        *usual.values_list("therapist", "office"),
    ]:
        found[person].add(office)
    links = Supervision.objects.filter(
        supervisor__in=list(found), accepted_at__isnull=False
    )
    of_trainees = [
        (trainee, set(found[supervisor]))
        for trainee, supervisor in links.values_list("trainee", "supervisor")
    ]
    for trainee, rooms in of_trainees:
        found[trainee] |= rooms
    return dict(found)


def scopes_of(
    rooms: set[int], scopes: Sequence[IncidentScope], building_of: dict[int, int]
) -> list[IncidentScope]:
    """Of the places that are closed, those that concern somebody with these rooms."""
    houses = {building_of[pk] for pk in rooms if pk in building_of}
    return [
        scope
        for scope in scopes
        if (
            scope.office_id in rooms if scope.office_id else scope.building_id in houses
        )
    ]


def buildings_of(scopes: Iterable[IncidentScope]) -> dict[int, int]:
    houses = {scope.building_id for scope in scopes}
    rooms = Office.objects.filter(building__in=houses)
    return dict(rooms.values_list("pk", "building"))


def _places(scopes: Sequence[IncidentScope], now: datetime) -> Q:
    closed = [scope for scope in scopes if scope.until > now]
    return Q(pk__in=[scope.office_id for scope in closed if scope.office_id]) | Q(
        building__in=[scope.building_id for scope in closed if not scope.office_id]
    )


def _authors(therapist_ids: Iterable[int]) -> dict[int, int]:
    """Who asks for a trainee: the supervisor who accepted them last."""
    accepted = Supervision.objects.filter(
        trainee__in=list(therapist_ids), accepted_at__isnull=False
    )
    return dict(accepted.order_by("accepted_at").values_list("trainee", "supervisor"))


def _draft(
    incident: Incident,
    scopes: Sequence[IncidentScope],
    therapist_id: int,
    author_id: int,
) -> Need:
    building = scopes[0].building
    latitude, longitude = snap(building.latitude, building.longitude)
    first = hours.local_day(max(incident.began_at, timezone.now()), building.zone)
    return Need(
        incident=incident,
        therapist_id=therapist_id,
        author_id=author_id,
        first_date=first,
        last_date=max(
            first, last_closed_day(max(scope.until for scope in scopes), building)
        ),
        timezone=building.timezone,
        place=building.district,
        latitude=latitude,
        longitude=longitude,
    )


def last_closed_day(until: datetime, building: Building) -> date:
    return hours.local_day(until - timedelta(minutes=1), building.zone)


def _record(incident: Incident, lost: dict[int, _Lost], needs: dict[int, Need]) -> None:
    rows = [
        Displacement(incident=incident, occurrence_id=pk, need=needs[therapist_id])
        for therapist_id, found in lost.items()
        for pk in (*found.occurrences,) or (None,)
    ]
    Displacement.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
