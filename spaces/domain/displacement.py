"""What an incident closes, whom it displaces, and how exactly that is undone.

``settle_incident`` brings closures, dates and drafts into agreement with the incident's status and places, whatever
they were before. The caller holds the incident's lock; the offices' are taken here, by id. What is held in a closed
place is released at once; what becomes of that when it opens again is said in ``spaces.domain.releasing``.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from directory.domain.outbox import Letter, enqueue_all
from directory.geo import snap
from directory.models import Supervision, Therapist
from spaces import hours
from spaces.domain.availability import keep_facets, lock_offices, refresh_free
from spaces.domain.dates import move_by_clock
from spaces.domain.need import LIVE, end_offers, write_hours
from spaces.domain.releasing import lying_in, release_holds
from spaces.domain.wave import finish_waves
from spaces.domain.way_back import ask_way_back, found_elsewhere, withdraw_questions
from spaces.enums import (
    IncidentStatus,
    NeedStatus,
    OccurrenceState,
)
from spaces.models import (
    Building,
    Closure,
    Displacement,
    Incident,
    IncidentScope,
    Need,
    Occurrence,
    Office,
    UsualHours,
)
from spaces.models.booking import OccurrenceQuerySet
from spaces.models.incident import IN_FORCE
from spaces.ties import offices_of

S = IncidentStatus


def settle_incident(incident: Incident) -> list[Occurrence]:
    """Closures as the places say while in force, dates displaced or restored to match, drafts for who is concerned.

    Answers which dates were restored.
    """
    scopes = (
        list(incident.scopes.select_related("building", "office"))
        if _holds(incident)
        else []
    )
    offices = offices_of(incident)
    lock_offices(offices)
    incident.closures.all().delete()
    closures = Closure.objects.bulk_create(_closures(incident, scopes))
    displaced = _displace(incident, closures)
    release_holds(closures, by=None, reason=str(incident))
    restored = _restore(incident)
    refresh_free(offices)
    if incident.status in IN_FORCE:
        _draft_needs(incident, scopes, displaced)
    return restored


def _holds(incident: Incident) -> bool:
    """In force; or over, when what it closed until then stays on record."""
    return incident.status in {*IN_FORCE, S.OVER}


def _closures(incident: Incident, scopes: Iterable[IncidentScope]) -> list[Closure]:
    return [
        Closure(
            building=None if scope.office else scope.building,
            office=scope.office,
            period=DateTimeTZRange(incident.began_at, scope.until),
            reason=str(incident),
            incident=incident,
        )
        for scope in scopes
        if scope.until > incident.began_at
    ]


def _displace(incident: Incident, closures: Iterable[Closure]) -> OccurrenceQuerySet:
    """booked → displaced, where they are not over. They go on holding their hours, so that nobody else can have them meanwhile."""
    displaced = Occurrence.objects.filter(
        lying_in(closures),
        state__in=[OccurrenceState.BOOKED, OccurrenceState.DISPLACED],
    ).ending_after(timezone.now())
    ids = list(displaced.values_list("pk", flat=True))
    move_by_clock(Occurrence.objects.filter(pk__in=ids), OccurrenceState.DISPLACED)
    return Occurrence.objects.filter(pk__in=ids)


def _restore(incident: Incident) -> list[Occurrence]:
    """displaced → booked where no closure, of this incident or another, covers the date any more and it is still wanted.

    Who has found another room for the same hours is asked, and has both until then. A false alarm restores all.
    """
    closures = Closure.objects.filter(
        Q(office=OuterRef("office")) | Q(building=OuterRef("office__building")),
        period__overlap=OuterRef("period"),
    )
    mine = Displacement.objects.filter(incident=incident, occurrence=OuterRef("pk"))
    free = Occurrence.objects.filter(
        Exists(mine), ~Exists(closures), state=OccurrenceState.DISPLACED
    )
    if incident.status == S.DISMISSED:
        asked = Occurrence.objects.none()
    else:
        asked = found_elsewhere(free.ending_after(timezone.now()))
    withdraw_questions(incident, asked)
    questions = list(asked)
    restored = list(free.exclude(pk__in=[date.pk for date in questions]))
    ids = [date.pk for date in restored]
    move_by_clock(
        Occurrence.objects.filter(pk__in=ids), OccurrenceState.BOOKED, is_due=False
    )
    Displacement.objects.filter(incident=incident, occurrence__in=ids).delete()
    ask_way_back(incident, questions)
    return restored


def _draft_needs(
    incident: Incident, scopes: Sequence[IncidentScope], displaced: OccurrenceQuerySet
) -> None:
    """One draft per person concerned, with their own hours; the dates it stands for; one message to each."""
    if not scopes:
        return
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
    authors, building_of = _authors(new), _buildings_of(scopes)
    drafts = Need.objects.bulk_create(
        _draft(
            incident,
            _scopes_of(lost[pk].offices, scopes, building_of) or scopes,
            pk,
            authors.get(pk, pk),
        )
        for pk in new
    )
    write_hours({need.pk: lost[need.therapist_id].spans for need in drafts})
    needs = known | {need.therapist_id: need for need in drafts}
    _record(incident, lost, needs)
    people = {
        pk for need in needs.values() for pk in (need.therapist_id, need.author_id)
    }
    tell_of_incident(
        "displaced", incident, Therapist.objects.filter(pk__in=people).with_user()
    )


class _Lost:
    """What one person lost: dates, hours of the week, and in which rooms."""

    def __init__(self, offices: set[int]) -> None:
        self.offices = offices
        self.occurrences: list[int] = []
        self.spans: list[hours.Span] = []


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
    people = _concerned(offices, ((guest, office) for _pk, guest, office, *_ in dates))
    lost = {pk: _Lost(rooms) for pk, rooms in people.items()}
    for pk, guest_id, _office, period, zone in dates:
        lost[guest_id].occurrences.append(pk)
        lost[guest_id].spans.append(hours.span_of(period, ZoneInfo(zone)))
    for usual in UsualHours.objects.filter(office__in=offices):
        lost[usual.therapist_id].spans.append(usual.span)
    for found in lost.values():
        found.spans = hours.merge_spans(found.spans)
    return lost


def _concerned(
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


def _scopes_of(
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


def _buildings_of(scopes: Iterable[IncidentScope]) -> dict[int, int]:
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
            first, _last_closed_day(max(scope.until for scope in scopes), building)
        ),
        timezone=building.timezone,
        place=building.district,
        latitude=latitude,
        longitude=longitude,
    )


def _last_closed_day(until: datetime, building: Building) -> date:
    return hours.local_day(until - timedelta(minutes=1), building.zone)


def _record(incident: Incident, lost: dict[int, _Lost], needs: dict[int, Need]) -> None:
    rows = [
        Displacement(incident=incident, occurrence_id=pk, need=needs[therapist_id])
        for therapist_id, found in lost.items()
        for pk in (*found.occurrences,) or (None,)
    ]
    Displacement.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def move_needs(
    incident: Incident, scope: IncidentScope, old: datetime, new: datetime
) -> None:
    """Needs that were to last until this reopening last until the new one, unless another place keeps somebody out for
    longer; those that would begin after it close. Whoever chose another date keeps it.
    """
    scopes = list(incident.scopes.select_related("building"))
    building_of = _buildings_of(scopes)
    reach = (incident.began_at, max(old, new))
    dates = Occurrence.objects.filter(
        office__in=list(building_of),
        state__in=[OccurrenceState.BOOKED, OccurrenceState.DISPLACED],
        period__overlap=reach,
    )
    rooms_of = _concerned(
        Office.objects.filter(pk__in=list(building_of)),
        dates.values_list("guest", "office").distinct(),
    )
    over = []
    for need in Need.objects.filter(incident=incident, status__in=LIVE):
        mine = _scopes_of(rooms_of.get(need.therapist_id, set()), scopes, building_of)
        if scope not in mine:
            continue
        before = max(_last_day_of(it, scope, old) for it in mine)
        after = max(_last_day_of(it, scope, new) for it in mine)
        if need.last_date != before:
            continue
        if after < need.first_date and need.status != NeedStatus.COVERED:
            over.append(need)
        elif after >= need.first_date:
            Need.objects.filter(pk=need.pk).update(last_date=after)
    _close(over)


def _last_day_of(place: IncidentScope, moved: IncidentScope, until: datetime) -> date:
    return _last_closed_day(until if place == moved else place.until, place.building)


def close_needs(incident: Incident) -> None:
    """Nothing is lost any more: drafts and open needs close, undecided offers are thanked, waves are done."""
    live = [NeedStatus.DRAFT, NeedStatus.OPEN]
    _close(list(Need.objects.filter(incident=incident, status__in=live)))


def _close(needs: Sequence[Need]) -> None:
    Need.objects.filter(pk__in=[need.pk for need in needs]).update(
        status=NeedStatus.CLOSED
    )
    for need in needs:
        if need.status == NeedStatus.OPEN:
            end_offers(need)
    if needs:
        finish_waves(needs[0])
    keep_facets([need.therapist_id for need in needs])


# --- Telling -----------------------------------------------------------------------------


def tell_of_incident(
    kind: str, incident: Incident, people: Iterable[Therapist], cause: str = ""
) -> None:
    payload = {"incident": incident.pk}
    cause = cause or f"incident:{incident.pk}"
    enqueue_all(
        kind,
        [
            Letter(to=person, cause=cause, payload=payload)
            for person in people
            if person.address
        ],
    )


def tell_displaced(kind: str, incident: Incident, cause: str) -> None:
    needs = Need.objects.filter(incident=incident)
    people = Therapist.objects.filter(
        Q(pk__in=needs.values("therapist")) | Q(pk__in=needs.values("author"))
    )
    tell_of_incident(kind, incident, people.with_user(), cause)
