"""One's own next seven days: what one uses, has booked, offers. Reads across models, nothing is changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import Therapist
from spaces import hours
from spaces.agenda import DAYS
from spaces.busy import busy_intervals
from spaces.enums import OccurrenceState
from spaces.models import TAKEN, Occurrence, Office, Opening, UsualHours
from spaces.words import say_price


@dataclass(frozen=True)
class Entry:
    """Hours of one day in one's own week."""

    period: DateTimeTZRange
    hours: str
    state: str
    text: str
    detail: str = ""
    url: str = ""
    is_mine: bool = False  # the hours are one's own, not a room's


@dataclass
class Day:
    day: date
    entries: list[Entry] = field(default_factory=list)


def my_week(therapist: Therapist, currency: str, zone: ZoneInfo) -> list[Day]:
    """Today and the six days after, each entry in its building's own time."""
    today = hours.local_day(timezone.now(), zone)
    last = today + timedelta(days=DAYS - 1)
    offices = list(
        Office.objects.hosted_by(therapist)
        .select_related("building")
        .prefetch_related(
            Prefetch("openings", Opening.objects.current(), to_attr="current_openings"),
            Prefetch(
                "usual_hours",
                UsualHours.objects.filter(therapist=therapist),
                to_attr="my_hours",
            ),
        )
    )
    days = {
        today + timedelta(days=number): Day(today + timedelta(days=number))
        for number in range(DAYS)
    }
    entries = [
        *_booked(therapist, {office.pk for office in offices}, today, last, zone)
    ]
    for office in offices:
        entries += _offered(office, today, last, currency)
        entries += _own(office, today, last, entries)
    entries += _elsewhere(therapist, list(days), zone, entries)
    for day, entry in sorted(entries, key=lambda found: found[1].period.lower):
        if day in days:
            days[day].entries.append(entry)
    return list(days.values())


def _booked(
    therapist: Therapist, office_ids: set[int], first: date, last: date, zone: ZoneInfo
) -> Iterable[tuple[date, Entry]]:
    window = (
        hours.instant(first, 0, zone),
        hours.instant(last + timedelta(days=1), 0, zone),
    )
    dates = (
        Occurrence.objects.filter(Q(guest=therapist) | Q(office__in=office_ids))
        .filter(state__in=[*TAKEN, OccurrenceState.ASKED])
        .overlapping(*window)
        .select_related("guest", "booking", "office__building")
        .in_order()
    )
    for occurrence in dates:
        there = occurrence.office.building.zone
        yield (
            occurrence.day(there),
            Entry(
                period=occurrence.period,
                hours=_clock(occurrence.period, there),
                state="asked"
                if occurrence.state == OccurrenceState.ASKED
                else occurrence.state,
                text=_who(occurrence, therapist),
                detail=occurrence.office.name,
                url=occurrence.booking.get_absolute_url(),
                is_mine=occurrence.guest_id == therapist.pk,
            ),
        )


def _who(occurrence: Occurrence, therapist: Therapist) -> str:
    is_guest = occurrence.guest_id == therapist.pk
    name = {"name": occurrence.guest.first_name}
    if occurrence.state == OccurrenceState.ASKED:
        return _("You asked") if is_guest else _("%(name)s asks") % name
    if occurrence.state == OccurrenceState.HELD:
        return _("Held for you") if is_guest else _("Held for %(name)s") % name
    if occurrence.state == OccurrenceState.DISPLACED:
        return _("Displaced") if is_guest else _("Displaced: %(name)s") % name
    return _("You are a guest") if is_guest else _("%(name)s is your guest") % name


def _offered(
    office: Office, first: date, last: date, currency: str
) -> Iterable[tuple[date, Entry]]:
    zone = office.building.zone
    window = [(timezone.now(), hours.instant(last + timedelta(days=1), 0, zone))]
    openings: list[Opening] = office.current_openings  # type: ignore[attr-defined]  # my_week loads them
    for opening in openings:
        for dated in hours.expand([opening.span], first, last, zone):
            if dated.period is None:
                continue
            whole = [(dated.period.lower, dated.period.upper)]
            for lower, upper in hours.intersection(
                hours.intersection(opening.free, window), whole
            ):
                period = DateTimeTZRange(lower, upper)
                detail = f"{say_price(opening.price_cents, currency)} · {office.name}"
                yield (
                    dated.day,
                    Entry(period, _clock(period, zone), "free", _("Offered"), detail),
                )


def _own(
    office: Office, first: date, last: date, told: list[tuple[date, Entry]]
) -> Iterable[tuple[date, Entry]]:
    """The host's usual hours, where nothing else is said of them."""
    zone = office.building.zone
    known = hours.union(
        (entry.period.lower, entry.period.upper) for _day, entry in told
    )
    mine: list[UsualHours] = office.my_hours  # type: ignore[attr-defined]  # my_week loads them
    found = []
    for dated in hours.expand([usual.span for usual in mine], first, last, zone):
        if dated.period is None:
            continue
        for lower, upper in hours.difference(
            [(dated.period.lower, dated.period.upper)], known
        ):
            period = DateTimeTZRange(lower, upper)
            found.append(
                (
                    dated.day,
                    Entry(
                        period,
                        _clock(period, zone),
                        "usual",
                        _("Your own hours"),
                        office.name,
                    ),
                )
            )
    return found


def _elsewhere(
    therapist: Therapist,
    days: Sequence[date],
    zone: ZoneInfo,
    told: Iterable[tuple[date, Entry]],
) -> Iterable[tuple[date, Entry]]:
    """Busy as one's own calendars say, but for what stands here already: bookings may stand there, too."""
    known = hours.union(
        (entry.period.lower, entry.period.upper)
        for _day, entry in told
        if entry.is_mine
    )
    bounds = [
        hours.instant(day, 0, zone) for day in [*days, days[-1] + timedelta(days=1)]
    ]
    busy = hours.difference(busy_intervals(therapist, bounds[0], bounds[-1]), known)
    for day, whole in zip(days, pairwise(bounds), strict=True):
        for part in hours.intersection(busy, [whole]):
            period = DateTimeTZRange(*part)
            yield day, Entry(period, _clock(period, zone), "busy", _("Busy elsewhere"))


def _clock(period: DateTimeTZRange, zone: ZoneInfo) -> str:
    span = hours.span_of(period, zone)
    return f"{hours.clock(span.start)}–{hours.clock(span.end)}"
