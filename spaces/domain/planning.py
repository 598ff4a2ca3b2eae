"""What each date of a request would cost, or why it is not to be had."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.enums import TermKind
from directory.models import Therapist
from spaces import hours
from spaces.enums import OccurrenceState
from spaces.errors import HoursError
from spaces.fit import say_shortest
from spaces.hours import Dated, Interval, Span
from spaces.models import Booking, Closure, Occurrence, Office, Opening
from spaces.queries import openings_open_to
from spaces.words import say_moment


@dataclass(frozen=True)
class PlannedDate:
    """One date of what a guest is about to ask for. ``note`` says why it cannot be had.

    ``is_taken``: only because somebody else has these hours, so one can wait for them.
    """

    day: date
    span: Span
    period: DateTimeTZRange | None
    price_cents: int
    note: str = ""
    is_taken: bool = False

    @property
    def is_free(self) -> bool:
        return not self.note


def plan_dates(
    office: Office,
    *,
    guest: Therapist,
    spans: Iterable[Span],
    first_date: date,
    last_date: date,
) -> list[PlannedDate]:
    """Every date of the pattern with what it costs, or why it is not to be had. Up to 53 weeks ahead."""
    zone = office.building.zone
    today = hours.local_day(timezone.now(), zone)
    if last_date < first_date:
        raise HoursError(_("The last date is before the first."))
    if last_date < today:
        raise HoursError(_("These dates are past."))
    if last_date > today + hours.HORIZON:
        raise HoursError(_("Hours can be asked for up to 53 weeks ahead."))
    dated = hours.expand(hours.merge_spans(spans), first_date, last_date, zone)
    return look_up(office, guest, dated)


def terms_of(office: Office) -> str:
    """What a booking copies: the terms chosen from the list, then the host's own words."""
    chosen = office.attributes.filter(kind=TermKind.OFFICE_TERM).order_by("label")
    labels = [str(term) for term in chosen]
    return "\n".join([*labels, *([office.terms] if office.terms else [])])


def look_up(
    office: Office,
    guest: Therapist,
    dated: Sequence[Dated],
    *,
    leaving: Sequence[Occurrence] = (),
    needs_opening: bool = True,
) -> list[PlannedDate]:
    """Each of these dates, in order, as ``guest`` could have it.

    ``leaving`` are dates of the guest that would be moved away. What a host agreed to without an opening needs none.
    """
    found = look_up_rooms(
        [office], guest, dated, leaving=leaving, needs_opening=needs_opening
    )
    return found[office.pk]


def look_up_rooms(
    offices: Sequence[Office],
    guest: Therapist,
    dated: Sequence[Dated],
    *,
    leaving: Sequence[Occurrence] = (),
    needs_opening: bool = True,
) -> dict[int, list[PlannedDate]]:
    """The same for several offices of one building, in as many queries as for one."""
    ids = [office.pk for office in offices if office.pk]
    openings: dict[int, list[Opening]] = defaultdict(list)
    taken: dict[int, list[_Taken]] = defaultdict(list)
    closures: list[Closure] = []
    periods = [item.period for item in dated if item.period]
    if ids:
        for opening in openings_open_to(guest).filter(office__in=ids):
            openings[opening.office_id].append(opening)
    if ids and periods:
        reach = (
            min(period.lower for period in periods),
            max(period.upper for period in periods),
        )
        houses = {office.building_id for office in offices}
        closures = list(
            Closure.objects.filter(
                Q(office__in=ids) | Q(building__in=houses), period__overlap=reach
            ).order_by("period")
        )
        others = Occurrence.objects.taking().filter(office__in=ids).overlapping(*reach)
        others = others.exclude(pk__in=[o.pk for o in leaving])
        for office_id, period, guest_id, held_until in others.order_by().values_list(
            "office", "period", "guest", "held_until"
        ):
            taken[office_id].append(
                _Taken(period.lower, period.upper, guest_id == guest.pk, held_until)
            )
    return {
        office.pk: _Plan(
            office,
            dated,
            openings=openings[office.pk],
            closures=[
                c
                for c in closures
                if c.office_id == office.pk or c.building_id == office.building_id
            ],
            taken=taken[office.pk],
            leaving=[o for o in leaving if o.office_id == office.pk],
            needs_opening=needs_opening,
        ).dates()
        for office in offices
    }


def but_refused(booking: Booking, planned: Iterable[PlannedDate]) -> list[PlannedDate]:
    """What the host left out of a yes is not had by moving another date of it there."""
    refused = refused_hours(booking)
    return [
        replace(item, note=_("the host left this date out"))
        if item.is_free
        and item.period
        and hours.intersection([(item.period.lower, item.period.upper)], refused)
        else item
        for item in planned
    ]


def refused_hours(booking: Booking) -> list[Interval]:
    dates = booking.occurrences.filter(state=OccurrenceState.DECLINED)
    return hours.union((o.period.lower, o.period.upper) for o in dates)


class _Taken(NamedTuple):
    lower: datetime
    upper: datetime
    is_own: bool  # the guest's who asks
    held_until: datetime | None


class _Plan:
    """One office, looked at once, against many dates."""

    def __init__(
        self,
        office: Office,
        dated: Sequence[Dated],
        *,
        openings: list[Opening],
        closures: list[Closure],
        taken: list[_Taken],
        leaving: Sequence[Occurrence],
        needs_opening: bool,
    ) -> None:
        self.now = timezone.now()
        self.dated = dated
        self.zone = office.building.zone
        self.openings = openings
        self.free = hours.union(
            [
                *(part for opening in openings for part in opening.free),
                *((o.period.lower, o.period.upper) for o in leaving),
            ]
        )
        self.closures = closures
        self.rows = taken
        self.taken = hours.union(row[:2] for row in taken)
        self.own = hours.union(row[:2] for row in taken if row.is_own)
        self.needs_opening = needs_opening

    def dates(self) -> list[PlannedDate]:
        return [self._date(item) for item in self.dated]

    def _date(self, item: Dated) -> PlannedDate:
        cents = self._price(item)
        note = self._objection(item, cents)
        return PlannedDate(
            item.day,
            item.span,
            item.period,
            cents or 0,
            note,
            is_taken=bool(note) and cents is not None and self._is_taken(item),
        )

    def _is_taken(self, item: Dated) -> bool:
        """By others and by nothing else: not past, not closed, not too short."""
        if item.period is None or item.period.lower <= self.now:
            return False
        wanted = [(item.period.lower, item.period.upper)]
        shut = hours.union((c.period.lower, c.period.upper) for c in self.closures)
        return bool(
            hours.intersection(wanted, self.taken)
            and not hours.intersection(wanted, self.own)
            and not hours.intersection(wanted, shut)
            and item.span.minutes
            >= min(opening.shortest_minutes for opening in self._applying(item))
        )

    def _objection(self, item: Dated, cents: int | None) -> str:
        if item.period is None:
            return _("the clocks change and skip these hours")
        if item.period.lower <= self.now:
            return _("already past")
        if not self.needs_opening:
            return self._in_the_way(item.period)
        wanted = [(item.period.lower, item.period.upper)]
        if hours.difference(wanted, self.free) or cents is None:
            return self._in_the_way(item.period) or _("not offered then")
        shortest = min(opening.shortest_minutes for opening in self._applying(item))
        if item.span.minutes < shortest:
            return say_shortest(shortest)
        return ""

    def _in_the_way(self, period: DateTimeTZRange) -> str:
        for closure in self.closures:
            if (
                closure.period.lower < period.upper
                and period.lower < closure.period.upper
            ):
                return _("closed: %(reason)s") % {"reason": closure.reason}
        wanted = [(period.lower, period.upper)]
        taken = hours.intersection(wanted, self.taken)
        if not taken:
            return ""
        if hours.intersection(wanted, self.own):
            return _("yours already")
        lower, upper = (moment.astimezone(self.zone) for moment in taken[0])
        said = {"start": f"{lower:%H:%M}", "end": f"{upper:%H:%M}"}
        if until := self._held_until(wanted):
            return _("%(start)s–%(end)s held for somebody until %(until)s") % {
                **said,
                "until": say_moment(until, self.zone),
            }
        return _("taken %(start)s–%(end)s") % said

    def _held_until(self, wanted: list[Interval]) -> datetime | None:
        """When a hold ends, where nothing but holds is in the way."""
        met = [row for row in self.rows if hours.intersection(wanted, [row[:2]])]
        holds = [row.held_until for row in met if row.held_until]
        return max(holds) if len(holds) == len(met) else None

    def _applying(self, item: Dated) -> list[Opening]:
        return [
            opening
            for opening in self.openings
            if opening.weekday == item.span.weekday
            and opening.first_date <= item.day
            and (opening.last_date is None or item.day <= opening.last_date)
            and opening.start < item.span.end
            and item.span.start < opening.end
        ]

    def _price(self, item: Dated) -> int | None:
        """Cents for the date: per half hour the cheapest opening that applies. None where one has none."""
        total = 0
        applying = self._applying(item)
        for start in range(item.span.start, item.span.end, hours.STEP):
            end = min(start + hours.STEP, item.span.end)
            prices = [
                o.price_cents for o in applying if o.start <= start and end <= o.end
            ]
            if not prices:
                return None
            total += min(prices) * (end - start)
        return -(-total // 60)  # rounded up to the cent
