"""A booking in a line: which hours, how many dates, for how much; and how sure one can be of posted hours."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from spaces.enums import BookingStatus, OccurrenceState
from spaces.hours import Span
from spaces.models import Booking, Occurrence
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


@dataclass(frozen=True)
class Summary:
    booking: Booking
    zone: ZoneInfo
    dates: Sequence[Occurrence]  # in order of time, without those that were given up

    @property
    def spans(self) -> list[Span]:
        """The pattern, the commonest hours first if there are too many to name."""
        counted = Counter(date.span(self.zone) for date in self.dates)
        return sorted(span for span, _times in counted.most_common(MOST_SPANS))

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
        """ "Tue 18:00–21:00, 24 dates from Tue 1 Dec to Tue 25 May" """
        if not self.dates:
            return _("no dates left")
        first, last = (
            say_date(date.day(self.zone)) for date in (self.dates[0], self.dates[-1])
        )
        if len(self.dates) == 1:
            span = self.dates[0].span(self.zone)
            return f"{first}, {say_spans([span])[4:]}"
        return ngettext(
            "%(hours)s, %(count)s date from %(first)s to %(last)s",
            "%(hours)s, %(count)s dates from %(first)s to %(last)s",
            len(self.dates),
        ) % {
            "hours": say_spans(self.spans),
            "count": len(self.dates),
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


def summary_of(
    booking: Booking, occurrences: Iterable[Occurrence] | None = None
) -> Summary:
    """Of a booking with ``office__building`` and its dates loaded."""
    dates = booking.occurrences.all() if occurrences is None else occurrences
    gone = [*GONE, *(OFF if booking.status in STANDS else [])]
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
