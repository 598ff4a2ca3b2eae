"""What a drill does between its beginning and its being taken back: an incident, its needs, their waves; and what of
the hours those asked are known to have.

What could be covered is counted room by room, each for one person at a time, the needs with fewest rooms first: at
least so much, since those who posted no hours may help too.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F
from django.utils import timezone

from directory.errors import DomainError
from directory.models import Therapist
from spaces import hours
from spaces.coverage import coverage_of
from spaces.domain.incident import confirm_incident
from spaces.domain.need import publish_need
from spaces.domain.wave import advance_wave
from spaces.enums import IncidentKind, NeedStatus
from spaces.hours import Interval, Span
from spaces.models import (
    Answer,
    Displacement,
    Drill,
    Incident,
    IncidentScope,
    Need,
    Office,
    Pledge,
    Wave,
    WaveRecipient,
)
from spaces.neighbours import Neighbours, Room

WAVES = 3  # so many are looked at
CONFIRMED, PUBLISHED, ASKED = 20, 70, 85  # percent

Periods = dict[int, list[Interval]]


@dataclass(frozen=True)
class Outcome:
    """``report`` is counts and hours of the week, fit for JSON; ``told`` are those the waves would have asked."""

    report: dict[str, Any]
    told: set[int]


def rehearse(drill: Drill, note: Callable[[int], None]) -> Outcome:
    """Writes as a real incident does. Whoever calls it takes everything back."""
    began = timezone.now()
    incident = _incident(drill, began)
    note(CONFIRMED)
    drafts = list(
        Need.objects.filter(incident=incident, status=NeedStatus.DRAFT)
        .with_people()
        .with_hours()
    )
    needs = _published(drafts, note)
    coverage = coverage_of(needs)
    wanted = {need.pk: coverage[need.pk].missing for need in needs}
    waves = _waves(incident, note)
    told = _told(incident)
    rooms = _rooms(needs, wanted, set(told), waves)
    covered = [_allotted(wanted, rooms, told, wave.number) for wave in waves]
    last = covered[-1] if covered else {}
    report = {
        **_displaced(drill, incident, drafts),
        "needs": len(needs),
        "needed_minutes": _minutes(wanted),
        "coverable_minutes": _minutes(last),
        "waves": [
            _wave(wave, began, found)
            for wave, found in zip(waves, covered, strict=True)
        ],
        "uncovered": _uncovered(needs, wanted, last),
        "answer_minutes": _answer_minutes(incident),
        "seconds": round((timezone.now() - began).total_seconds(), 1),
    }
    return Outcome(report, set(told))


# --- What happens ---------------------------------------------------------------------


def _incident(drill: Drill, now: datetime) -> Incident:
    """As if reported a moment ago and found true by the moderator who drills."""
    incident = Incident.objects.create(
        kind=IncidentKind.OTHER, reported_by=drill.by, began_at=now
    )
    until = now + timedelta(days=drill.days)
    IncidentScope.objects.bulk_create(
        IncidentScope(incident=incident, building=building, until=until)
        for building in drill.buildings.all()
    )
    return confirm_incident(incident, by=drill.by)


def _published(drafts: Sequence[Need], note: Callable[[int], None]) -> list[Need]:
    """All who know their hours ask for them; what a rule refuses is left out, as it would be."""
    published = []
    for number, need in enumerate(drafts):
        note(CONFIRMED + (PUBLISHED - CONFIRMED) * number // len(drafts))
        if not need.hours.all():
            continue
        try:
            with transaction.atomic():
                published.append(publish_need(need, by=need.author).pk)
        except DomainError:
            continue
    return list(Need.objects.open().filter(pk__in=published).with_people().with_hours())


def _waves(incident: Incident, note: Callable[[int], None]) -> list[Wave]:
    """Nobody answers; each is followed by the next and wider one when its time is up."""
    for number in range(1, WAVES):
        note(PUBLISHED + (ASKED - PUBLISHED) * number // WAVES)
        wave = incident.waves.running().first()
        if wave is None:
            break
        advance_wave(wave, wave.next_at)
    note(ASKED)
    return list(incident.waves.order_by("number"))


def _told(incident: Incident) -> dict[int, int]:
    """Whom, and in which wave first."""
    rows = WaveRecipient.objects.filter(wave__incident=incident)
    return dict(rows.order_by("-wave__number").values_list("recipient", "wave__number"))


# --- What could be covered ------------------------------------------------------------


def _rooms(
    needs: Sequence[Need], wanted: Periods, told: set[int], waves: Sequence[Wave]
) -> dict[int, list[Room]]:
    """By need: what those told are known to have of it, within the reach of the last wave."""
    hosts = Therapist.objects.filter(pk__in=told)
    reach = max((wave.reach_percent for wave in waves), default=100)
    missing = {need: wanted[need.pk] for need in needs if wanted[need.pk]}
    metres = {need: need.radius_metres * reach / 100 for need in missing}
    near = Neighbours(hosts, missing, metres)
    return {
        need.pk: near.rooms_for(need, periods, metres[need])
        for need, periods in missing.items()
    }


def _allotted(
    wanted: Periods, rooms: Mapping[int, list[Room]], told: dict[int, int], number: int
) -> Periods:
    """What rooms of people told up to this wave could cover: to each need, in turn, the room that has most of it."""
    known = {
        pk: [room for room in found if told[room.host_id] <= number]
        for pk, found in rooms.items()
    }
    taken: Periods = defaultdict(list)
    covered: Periods = {}
    for pk in sorted(known, key=lambda pk: (len(known[pk]), pk)):
        missing = wanted[pk]
        while missing and known[pk]:
            parts = [
                hours.intersection(
                    missing, hours.difference(room.free, taken[room.office_id])
                )
                for room in known[pk]
            ]
            best = max(range(len(parts)), key=lambda at: hours.minutes(parts[at]))
            if not parts[best]:
                break
            office = known[pk].pop(best).office_id
            taken[office] = hours.union([*taken[office], *parts[best]])
            missing = hours.difference(missing, parts[best])
        covered[pk] = hours.difference(wanted[pk], missing)
    return covered


# --- What is said of it ---------------------------------------------------------------


def _displaced(
    drill: Drill, incident: Incident, drafts: Sequence[Need]
) -> dict[str, int]:
    rows = Displacement.objects.filter(incident=incident)
    guests = set(
        rows.exclude(occurrence=None).values_list("occurrence__guest", flat=True)
    )
    rooms = Office.objects.filter(building__in=drill.buildings.all())
    hosts = set(rooms.exclude(hosts=None).values_list("hosts", flat=True))
    people = {need.therapist_id for need in drafts}
    trainees = {
        need.therapist_id for need in drafts if need.author_id != need.therapist_id
    }
    return {
        "rooms": rooms.count(),
        "dates": rows.exclude(occurrence=None).count(),
        "people": len(people),
        "hosts": len(people & hosts - trainees),
        "guests": len(people & guests - hosts - trainees),
        "trainees": len(trainees),
        "invited": sum(need.therapist.user_id is None for need in drafts),
        "unknown": sum(not need.hours.all() for need in drafts),
    }


def _wave(wave: Wave, began: datetime, covered: Periods) -> dict[str, int]:
    rows = list(wave.recipients.values_list("recipient", "is_match"))
    pledged = Pledge.objects.standing().filter(therapist__in=[pk for pk, _is in rows])
    return {
        "number": wave.number,
        "told": len(rows),
        "matched": sum(is_match for _pk, is_match in rows),
        "pledged": pledged.values("therapist").distinct().count(),
        "ends_after": round((wave.next_at - began).total_seconds() / 60),
        "coverable_minutes": _minutes(covered),
    }


def _minutes(periods: Periods) -> int:
    """In half hours: of one that has begun nobody counts the minutes."""
    minutes = sum(hours.minutes(found) for found in periods.values())
    return round(minutes / hours.STEP) * hours.STEP


def _uncovered(
    needs: Sequence[Need], wanted: Periods, covered: Periods
) -> list[list[int]]:
    """Hours of the week no known room has, and how many minutes over all dates and needs: the longest lack first."""
    minutes: Counter[Span] = Counter()
    for need in needs:
        for part in hours.difference(wanted[need.pk], covered.get(need.pk, [])):
            for cell in hours.cells([hours.span_of(DateTimeTZRange(*part), need.zone)]):
                minutes[cell] += cell.minutes
    found: list[list[int]] = []
    for span in sorted(minutes):
        last = found[-1] if found else None
        if last and last[0] == span.weekday and last[2] == span.start:
            last[2], last[3] = span.end, last[3] + minutes[span]
        else:
            found.append([*span, minutes[span]])
    return sorted(found, key=lambda row: -row[3])


def _answer_minutes(drilled: Incident) -> int | None:
    """How long people took to answer on real bad days; None where there was none."""
    said = Answer.objects.filter(wave__recipients__recipient=F("recipient")).exclude(
        wave__incident=drilled
    )
    took = [
        (answered - told).total_seconds() / 60
        for answered, told in said.values_list(
            "created_at", "wave__recipients__created_at"
        )
    ]
    return round(median(took)) if took else None
