"""A booking in a line: which hours, how many dates, for how much; and how sure one can be of posted hours."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from spaces.enums import BookingStatus, BorrowedKind, OccurrenceState
from spaces.hours import Span
from spaces.models import Booking, BorrowedRoom, Occurrence
from spaces.models.opening import FRESH, STALE
from spaces.week import say_spans
from spaces.words import say_date, say_price

GONE = [
    OccurrenceState.LOST,
    OccurrenceState.SKIPPED,
    OccurrenceState.GIVEN_BACK,
]
OFF = [  # of a booking that stands
    OccurrenceState.DECLINED,
    OccurrenceState.CANCELLED,
    OccurrenceState.RELEASED,
]
STANDS = [
    BookingStatus.REQUESTED,
    BookingStatus.AWAITING,
    BookingStatus.CONFIRMED,
    BookingStatus.ENDED,
]
MOST_SPANS = 4
MOST_STRETCHES = 2


@dataclass(frozen=True)
class Summary:
    booking: Booking
    zone: ZoneInfo
    dates: Sequence[Occurrence]  # in order of time, without those that were given up

    @property
    def spans(self) -> list[Span]:
        """The pattern: the commonest hours, few enough to name, none of which overlap."""
        counted = Counter(date.span(self.zone) for date in self.dates)
        spans: list[Span] = []
        for span, _times in counted.most_common():
            if not any(_overlap(span, other) for other in spans):
                spans.append(span)
        return sorted(spans[:MOST_SPANS])

    @property
    def first(self) -> Occurrence | None:
        return self.dates[0] if self.dates else None

    @property
    def cents(self) -> int:
        return sum(date.price_cents for date in self.dates)

    @property
    def minutes(self) -> int:
        return sum(date.minutes for date in self.dates)

    @property
    def cents_an_hour(self) -> int:
        """On average, where an evening costs more than a morning."""
        return round(self.cents * 60 / self.minutes) if self.minutes else 0

    @property
    def hours(self) -> str:
        """ "Tue 18:00–21:00, 24 dates from Tue 1 Dec to Tue 25 May"; changed for good on the way, first these, then those"""
        if not self.dates:
            return _("no dates left")
        stretches = self._stretches()
        if len(stretches) <= MOST_STRETCHES:
            return "; ".join(self._said(dates) for dates in stretches)
        return _("mostly %(hours)s") % {"hours": self._said(self.dates)}

    def _stretches(self) -> list[list[Occurrence]]:
        """A new one begins with a date at other hours than those before it, of the same day."""
        stretches: list[list[Occurrence]] = []
        spans: set[Span] = set()
        for date in self.dates:
            span = date.span(self.zone)
            if not stretches or any(_overlap(span, other) for other in spans - {span}):
                stretches.append([])
                spans = set()
            stretches[-1].append(date)
            spans.add(span)
        return stretches

    def _said(self, dates: Sequence[Occurrence]) -> str:
        first, last = (say_date(date.day(self.zone)) for date in (dates[0], dates[-1]))
        if len(dates) == 1:
            return f"{first}, {say_spans([dates[0].span(self.zone)])[4:]}"
        return ngettext(
            "%(hours)s, %(count)s date from %(first)s to %(last)s",
            "%(hours)s, %(count)s dates from %(first)s to %(last)s",
            len(dates),
        ) % {
            "hours": say_spans(replace(self, dates=dates).spans),
            "count": len(dates),
            "first": first,
            "last": last,
        }

    def price(self, currency: str) -> str:
        return say_price(self.cents_an_hour, currency)

    def next_after(self, moment: datetime) -> Occurrence | None:
        """The next booked date that is not over."""
        coming = (
            d
            for d in self.dates
            if d.state == OccurrenceState.BOOKED and d.period.upper > moment
        )
        return next(coming, None)


def _overlap(one: Span, other: Span) -> bool:
    return (
        one.weekday == other.weekday and one.start < other.end and other.start < one.end
    )


def _gone_of(status: BookingStatus) -> list[OccurrenceState]:
    """Of what came to nothing, all that was asked for is still named."""
    if status in STANDS:
        return [*GONE, *OFF]
    if status == BookingStatus.CANCELLED:
        return [*GONE, OccurrenceState.DECLINED]
    return [state for state in GONE if state != OccurrenceState.LOST]


def summary_of(
    booking: Booking, occurrences: Iterable[Occurrence] | None = None
) -> Summary:
    """Of a booking with ``office__building`` and its dates loaded."""
    dates = booking.occurrences.all() if occurrences is None else occurrences
    gone = _gone_of(BookingStatus(booking.status))
    kept = [date for date in dates if date.state not in gone]
    return Summary(
        booking,
        booking.office.building.zone,
        sorted(kept, key=lambda date: date.period.lower),
    )


@dataclass(frozen=True)
class Freshness:
    """When posted hours were last confirmed; empty where there are none."""

    text: str = ""
    is_fresh: bool = False
    is_stale: bool = False


def freshness_of(confirmed_at: datetime | None) -> Freshness:
    if confirmed_at is None:
        return Freshness()
    age = timezone.now() - confirmed_at
    said = (
        ngettext("confirmed yesterday", "confirmed %(days)s days ago", age.days)
        if age.days
        else _("confirmed today")
    )
    return Freshness(said % {"days": age.days}, age < FRESH, age > STALE)


def say_proposal(borrowed: BorrowedRoom, currency: str) -> str:
    """ "end it from Thu 3 Dec on", "go on as a sublet: Wed 17:00–19:00, $18 / hour, Wed 2 Dec to Wed 26 May"."""
    if not borrowed.first_date:
        return ""
    first = say_date(borrowed.first_date)
    if borrowed.kind == BorrowedKind.END:
        return _("end it from %(day)s on") % {"day": first}
    return _("go on as a sublet: %(hours)s, %(price)s, %(first)s to %(last)s") % {
        "hours": say_spans(borrowed.spans),
        "price": say_price(borrowed.price_cents, currency),
        "first": first,
        "last": say_date(borrowed.last_date) if borrowed.last_date else "",
    }
