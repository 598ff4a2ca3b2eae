"""What a month of rooms came to: hours and money, per office and per guest. Reads only.

A month is a month in the building's zone. A booked date counts in full; one given up too late counts if it is due; a
displaced one only if its host said so. Nothing is ever due from whoever practises under somebody's supervision.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import Therapist
from spaces.enums import OccurrenceState
from spaces.hours import Span
from spaces.models import Displacement, Occurrence, Office
from spaces.models.booking import OccurrenceQuerySet

FARTHEST_ZONE = timedelta(days=1)  # no zone is further from UTC
GIVEN_UP = [
    OccurrenceState.GIVEN_BACK,
    OccurrenceState.SKIPPED,
    OccurrenceState.CANCELLED,
]


@dataclass(frozen=True)
class Month:
    """``Month(2026, 12)``"""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def next(self) -> "Month":
        year, month = divmod(self.year * 12 + self.month, 12)
        return Month(year, month + 1)

    @property
    def previous(self) -> "Month":
        year, month = divmod(self.year * 12 + self.month - 2, 12)
        return Month(year, month + 1)

    def holds(self, day: date) -> bool:
        return (day.year, day.month) == (self.year, self.month)


def month_of(text: str) -> Month | None:
    """``2026-12``. None for what is no month of this century."""
    try:
        day = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return Month(day.year, day.month) if 2000 <= day.year < 2100 else None


@dataclass(frozen=True)
class Line:
    """One date. ``owed_by`` owes ``cents``; ``was_used`` tells a date that was from one that is still to come."""

    occurrence: Occurrence
    owed_by: Therapist
    was_used: bool

    @property
    def day(self) -> date:
        return self.occurrence.day(self.occurrence.office.building.zone)

    @property
    def span(self) -> Span:
        return self.occurrence.span(self.occurrence.office.building.zone)

    @property
    def is_booked(self) -> bool:
        return self.occurrence.state == OccurrenceState.BOOKED

    @property
    def is_displaced(self) -> bool:
        """Now, or once: what nobody wanted back is released."""
        if self.occurrence.state == OccurrenceState.DISPLACED:
            return True
        return self.occurrence.state == OccurrenceState.RELEASED

    @property
    def what(self) -> str:
        if self.is_booked:
            return _("used") if self.was_used else _("to come")
        if self.is_displaced:
            return _("displaced, due") if self.occurrence.is_due else _("displaced")
        return _("given up late")

    @property
    def cents(self) -> int:
        counts = self.is_booked or self.occurrence.is_due
        return self.occurrence.price_cents if counts else 0

    @property
    def minutes(self) -> int:
        return self.occurrence.minutes if self.is_booked else 0


@dataclass
class Group:
    """The dates of one office, or with one host."""

    office: Office
    hosts: Sequence[Therapist]
    lines: list[Line] = field(default_factory=list)

    @property
    def minutes(self) -> int:
        return sum(line.minutes for line in self.lines)

    @property
    def cents(self) -> int:
        return sum(line.cents for line in self.lines)

    def owed(self) -> list[tuple[Therapist, int, int]]:
        """Each who owes, with minutes and cents; whoever owes most first."""
        lines: dict[Therapist, list[Line]] = {}
        for line in self.lines:
            lines.setdefault(line.owed_by, []).append(line)
        sums = [
            (person, sum(x.minutes for x in theirs), sum(x.cents for x in theirs))
            for person, theirs in lines.items()
        ]
        return sorted(sums, key=lambda row: (-row[2], row[0].name))


@dataclass(frozen=True)
class Statement:
    """``hosted``: by office, what others owe. ``rented``: by office, what the reader owes, or uses and others owe."""

    reader: Therapist
    month: Month
    hosted: Sequence[Group]
    rented: Sequence[Group]

    @cached_property
    def earned_cents(self) -> int:
        return sum(group.cents for group in self.hosted)

    @cached_property
    def owed_cents(self) -> int:
        return sum(
            line.cents
            for group in self.rented
            for line in group.lines
            if line.owed_by == self.reader
        )


def owed_by(occurrence: Occurrence) -> Therapist:
    """Of a lent date its giver; of a supervised guest's the party of the booking; else whoever has the date."""
    if occurrence.payer:
        return occurrence.payer
    booking = occurrence.booking
    if booking.party and occurrence.guest_id == booking.guest_id:
        return booking.party
    return occurrence.guest


def statement_of(reader: Therapist, month: Month) -> Statement:
    """A constant number of queries, however many dates there are."""
    dates = list(_dates_of(reader, month))
    now = timezone.now()
    own = {office.pk for office in Office.objects.hosted_by(reader).only("pk")}
    lines = [
        Line(occurrence, owed_by(occurrence), was_used=occurrence.period.upper <= now)
        for occurrence in dates
        if month.holds(occurrence.day(occurrence.office.building.zone))
    ]
    rented = [
        line
        for line in lines
        if line.owed_by == reader or line.occurrence.guest_id == reader.pk
    ]
    return Statement(
        reader,
        month,
        hosted=_grouped(line for line in lines if line.occurrence.office_id in own),
        rented=_grouped(rented),
    )


def _dates_of(reader: Therapist, month: Month) -> OccurrenceQuerySet:
    window = (
        datetime.combine(month.first, time(), UTC) - FARTHEST_ZONE,
        datetime.combine(month.next.first, time(), UTC) + FARTHEST_ZONE,
    )
    mine = (
        Q(guest=reader)
        | Q(payer=reader)
        | Q(booking__party=reader)
        | Q(office__in=Office.objects.hosted_by(reader).values("pk"))
    )
    displaced = Displacement.objects.filter(occurrence=OuterRef("pk"))
    counted = (
        Q(state=OccurrenceState.BOOKED)
        | Q(state__in=GIVEN_UP, is_due=True)
        | Q(state=OccurrenceState.DISPLACED)
        | Q(state=OccurrenceState.RELEASED, was_displaced=True)
    )
    return (
        Occurrence.objects.annotate(was_displaced=Exists(displaced))
        .filter(mine, counted)
        .filter(period__startswith__gte=window[0], period__startswith__lt=window[1])
        .select_related("guest", "payer", "booking__party", "office__building")
        .prefetch_related("office__hosts")
        .in_order()
    )


def _grouped(lines: Iterable[Line]) -> list[Group]:
    groups: dict[int, Group] = {}
    for line in lines:
        office = line.occurrence.office
        if office.pk not in groups:
            groups[office.pk] = Group(office, list(office.hosts.all()))
        groups[office.pk].lines.append(line)
    return sorted(
        groups.values(), key=lambda group: (group.office.name, group.office.pk)
    )
