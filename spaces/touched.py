"""What a host's change touches, said before it is saved: requests that ask for hours taken away, dates in a closure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from spaces import hours
from spaces.enums import BookingStatus, OccurrenceState
from spaces.hours import Interval, Span
from spaces.models import Booking, Occurrence, Office, Opening
from spaces.models.booking import OccurrenceQuerySet


@dataclass(frozen=True)
class Touched:
    """Dates to come, in order of time, by what they are now."""

    booked: list[Occurrence] = field(default_factory=list)  # displaced ones too
    held: list[Occurrence] = field(default_factory=list)
    asked: list[Occurrence] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.booked or self.held or self.asked)

    @property
    def seen(self) -> str:
        """What was shown, to be sent back with the yes: if something came in between, it is shown again."""
        dates = [*self.booked, *self.held, *self.asked]
        shown = ",".join(sorted(f"{date.pk}{date.state}" for date in dates))
        return sha256(shown.encode()).hexdigest()[:16] if shown else ""

    @property
    def requests(self) -> list[Booking]:
        """Undecided ones, each once."""
        return list({date.booking_id: date.booking for date in self.asked}.values())


def touched_by_closure(office: Office, periods: Sequence[DateTimeTZRange]) -> Touched:
    """Whose dates lie in these periods, even in part."""
    if not periods:
        return Touched()
    shut = hours.union((period.lower, period.upper) for period in periods)
    return _sorted(
        date
        for date in _to_come(office).overlapping(shut[0][0], shut[-1][1])
        if hours.intersection([(date.period.lower, date.period.upper)], shut)
    )


def touched_by_change(
    opening: Opening,
    *,
    spans: Iterable[Span],
    first_date: date,
    last_date: date | None,
) -> Touched:
    """Requests for hours that would no longer be offered if ``opening`` were these spans between these dates."""
    office = opening.office
    zone = office.building.zone
    today = hours.local_day(timezone.now(), zone)
    end = today + hours.HORIZON

    def offered(span: Span, first: date, last: date | None) -> list[Interval]:
        last = min(last or end, end)
        return hours.intervals_of(hours.expand([span], max(first, today), last, zone))

    others = [
        part
        for other in office.openings.current().exclude(pk=opening.pk).defer("free")
        for part in offered(other.span, other.first_date, other.last_date)
    ]
    new = [part for span in spans for part in offered(span, first_date, last_date)]
    old = offered(opening.span, opening.first_date, opening.last_date)
    gone = hours.difference(old, hours.union([*others, *new]))
    asked = _to_come(office).filter(
        state=OccurrenceState.ASKED,
        booking__status__in=[BookingStatus.REQUESTED, BookingStatus.AWAITING],
    )
    return _sorted(
        date
        for date in asked
        if hours.intersection([(date.period.lower, date.period.upper)], gone)
    )


def _to_come(office: Office) -> OccurrenceQuerySet:
    states = [
        OccurrenceState.BOOKED,
        OccurrenceState.DISPLACED,
        OccurrenceState.HELD,
        OccurrenceState.ASKED,
    ]
    return (
        Occurrence.objects.filter(office=office, state__in=states)
        .ending_after(timezone.now())
        .select_related("guest", "booking__guest", "booking__office__building")
        .in_order()
    )


def _sorted(dates: Iterable[Occurrence]) -> Touched:
    touched = Touched()
    for found in dates:
        if found.state == OccurrenceState.ASKED:
            touched.asked.append(found)
        elif found.state == OccurrenceState.HELD:
            touched.held.append(found)
        else:
            touched.booked.append(found)
    return touched
