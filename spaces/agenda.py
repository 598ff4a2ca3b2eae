"""An office's week as people see it. Reads across models, nothing is changed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import Therapist
from spaces import hours
from spaces.enums import Audience, OccurrenceState
from spaces.hours import Interval
from spaces.models import Closure, Occurrence, Office, Opening, UsualHours
from spaces.queries import openings_open_to
from spaces.week import SHOWN_FROM, SHOWN_TO, Block
from spaces.words import say_moment, say_money, say_price

DAYS = 7
Dated = tuple[date, Block]
STATE_OF = {  # how a date looks in a week; any other that takes hours is booked
    OccurrenceState.DISPLACED: "displaced",
    OccurrenceState.HELD: "held",
    OccurrenceState.ASKED: "asked",
}


class OfficeWeek:
    """One week (or ``days``) of an office as ``viewer`` may see it: who occupies an hour only its two parties read.

    ``openings`` are those the viewer may know of, ``closures`` those that are not over. ``dates`` and ``usual`` are
    read unless they are given; ``name_of`` is what hosts read of a guest.
    """

    def __init__(
        self,
        office: Office,
        viewer: Therapist,
        first: date,
        *,
        openings: Sequence[Opening],
        closures: Sequence[Closure],
        currency: str,
        is_host: bool,
        days: int = DAYS,
        dates: Sequence[Occurrence] | None = None,
        usual: Sequence[UsualHours] | None = None,
        name_of: Callable[[Occurrence], str] = lambda date: date.guest.first_name,
    ) -> None:
        self.office, self.viewer, self.currency, self.is_host = (
            office,
            viewer,
            currency,
            is_host,
        )
        self.openings, self.closures = openings, closures
        self.zone = office.building.zone
        self.first, self.days = first, days
        self.last = first + timedelta(days=days - 1)
        self.window = window_of(first, days, self.zone)
        self.dates = list(self._occurrences() if dates is None else dates)
        self.usual = usual
        self.name_of = name_of

    def blocks(self) -> list[Block]:
        return [block for _day, block in self.dated()]

    def by_day(self) -> dict[date, list[Block]]:
        """Each of the days with its blocks in order of time."""
        found: dict[date, list[Block]] = {
            self.first + timedelta(days=number): [] for number in range(self.days)
        }
        for day, block in sorted(
            self.dated(), key=lambda item: (item[1].start, item[1].end)
        ):
            found[day].append(block)
        return found

    def dated(self) -> list[Dated]:
        taken = [d for d in self.dates if d.state != OccurrenceState.ASKED]
        offered = hours.union(
            part for opening in self.openings for part in self._offered(opening)
        )
        occupied = hours.union((date.period.lower, date.period.upper) for date in taken)
        shut = hours.union(
            (closure.period.lower, closure.period.upper) for closure in self.closures
        )
        blocks = self._free()
        blocks += self._closed(
            hours.difference(hours.union([*offered, *self._by_day_light()]), occupied)
            if self.is_host
            else offered
        )
        for occurrence in self.dates:
            blocks += self._taken(occurrence, hours.difference(offered, shut))
        if self.is_host:
            blocks += self._usual(hours.union([*occupied, *offered, *shut]))
        return blocks

    def _by_day_light(self) -> list[Interval]:
        """Hours in which a host is shown a closure though nothing is offered then."""
        return [
            (
                hours.instant(self._day(number), SHOWN_FROM, self.zone),
                hours.instant(self._day(number), SHOWN_TO, self.zone),
            )
            for number in range(self.days)
        ]

    def _free(self) -> list[Dated]:
        """Where openings overlap the cheapest applies."""
        now = timezone.now()
        told: list[Interval] = hours.union([(self.window[0], max(now, self.window[0]))])
        blocks = []
        for opening in sorted(self.openings, key=lambda opening: opening.price_cents):
            parts = hours.difference(
                hours.intersection(opening.free, self._offered(opening)), told
            )
            told = hours.union([*told, *parts])
            detail = (
                say_money(opening.price_cents, self.currency)
                if opening.price_cents
                else _("no charge")
            )
            if opening.audience == Audience.EMERGENCIES:
                detail = _("for help")
            blocks += self._blocks(parts, "free", detail=detail)
        return blocks

    def _closed(self, offered: list[Interval]) -> list[Dated]:
        blocks = []
        for closure in self.closures:
            parts = hours.intersection(
                [(closure.period.lower, closure.period.upper)], offered
            )
            blocks += self._blocks(parts, "closed", detail=closure.reason)
        return blocks

    def _taken(self, occurrence: Occurrence, offered: list[Interval]) -> list[Dated]:
        whole = [(occurrence.period.lower, occurrence.period.upper)]
        url = occurrence.booking.get_absolute_url()
        state = STATE_OF.get(OccurrenceState(occurrence.state), "booked")
        if self.is_host:
            detail = f"{self.name_of(occurrence)}{self._until(occurrence)}"
            return self._blocks(whole, state, detail=detail, url=url)
        if occurrence.guest_id == self.viewer.pk:
            state = "mine" if state == "booked" else state
            until = self._until(occurrence).strip(" ·")
            return self._blocks(whole, state, detail=until, url=url)
        return self._blocks(hours.intersection(whole, offered), "taken")

    def _until(self, occurrence: Occurrence) -> str:
        """Of hours that are held: how long still."""
        if occurrence.state != OccurrenceState.HELD or occurrence.held_until is None:
            return ""
        until = say_moment(occurrence.held_until, self.zone)
        return " · " + _("until %(until)s") % {"until": until}

    def _usual(self, told: list[Interval]) -> list[Dated]:
        known = UsualHours.objects.filter(office=self.office, therapist=self.viewer)
        spans = [u.span for u in (known if self.usual is None else self.usual)]
        own = hours.intervals_of(hours.expand(spans, self.first, self.last, self.zone))
        return self._blocks(hours.difference(own, told), "usual")

    def _offered(self, opening: Opening) -> list[Interval]:
        last = min(self.last, opening.last_date or self.last)
        return hours.intervals_of(
            hours.expand(
                [opening.span], max(self.first, opening.first_date), last, self.zone
            )
        )

    def _occurrences(self) -> Iterable[Occurrence]:
        dates = (
            Occurrence.objects.taking()
            .filter(office=self.office)
            .overlapping(*self.window)
        )
        return dates.select_related("booking", "guest").in_order()

    def _blocks(
        self, parts: Sequence[Interval], state: str, *, detail: str = "", url: str = ""
    ) -> list[Dated]:
        """The parts cut at midnight, each on its day."""
        return [
            (
                self._day(number),
                _block(DateTimeTZRange(lower, upper), self.zone, state, detail, url),
            )
            for number in range(self.days)
            for lower, upper in hours.intersection(
                parts, [window_of(self._day(number), 1, self.zone)]
            )
        ]

    def _day(self, number: int) -> date:
        return self.first + timedelta(days=number)


def _block(
    period: DateTimeTZRange, zone: ZoneInfo, state: str, detail: str, url: str
) -> Block:
    weekday, start, end = hours.span_of(period, zone)
    if end <= start:  # from the first into the second of an hour that the clocks repeat
        end = min(start + hours.STEP, hours.DAY)
    return Block(weekday, start, end, state, detail=detail, url=url)


def window_of(first: date, days: int, zone: ZoneInfo) -> Interval:
    """From midnight to midnight there."""
    return hours.instant(first, 0, zone), hours.instant(
        first + timedelta(days=days), 0, zone
    )


def office_openings(
    office: Office, viewer: Therapist, *, is_host: bool
) -> list[Opening]:
    """What the viewer may know of its hours: hosts all of them, others what is open to them."""
    openings = Opening.objects.current() if is_host else openings_open_to(viewer)
    return list(
        openings.filter(office=office).order_by("weekday", "start", "price_cents")
    )


def first_free_day(openings: Iterable[Opening], zone: ZoneInfo) -> date:
    """The first day that has something free; today if none has."""
    now = timezone.now()
    moments = [
        max(lower, now)
        for opening in openings
        for lower, upper in opening.free
        if upper > now
    ]
    return hours.local_day(min(moments, default=now), zone)


def opening_blocks(openings: Iterable[Opening], currency: str) -> list[Block]:
    """Offered hours as a weekly pattern, for small pictures."""
    return [
        Block(
            *opening.span, state="free", detail=say_price(opening.price_cents, currency)
        )
        for opening in openings
    ]


def span_blocks(spans: Iterable[hours.Span], state: str) -> list[Block]:
    return [
        Block(span.weekday, span.start, span.end, state)
        for span in hours.merge_spans(spans)
    ]
