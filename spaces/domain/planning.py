"""What each date of a request would cost, or why it is not to be had."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import Therapist
from spaces import hours
from spaces.errors import HoursError
from spaces.fit import say_shortest
from spaces.hours import Dated, Interval, Span
from spaces.models import Closure, Occurrence, Office, Opening
from spaces.queries import openings_open_to


@dataclass(frozen=True)
class PlannedDate:
    """One date of what a guest is about to ask for. ``note`` says why it cannot be had."""

    day: date
    span: Span
    period: DateTimeTZRange | None
    price_cents: int
    note: str = ""

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


def look_up(
    office: Office, guest: Therapist, dated: Sequence[Dated]
) -> list[PlannedDate]:
    """Each of these dates, in order, as ``guest`` could have it."""
    return _Plan(office, guest, dated).dates()


class _Plan:
    """One office, looked at once, against many dates."""

    def __init__(
        self, office: Office, guest: Therapist, dated: Sequence[Dated]
    ) -> None:
        self.now = timezone.now()
        self.dated = dated
        self.zone = office.building.zone
        self.openings: list[Opening] = list(
            openings_open_to(guest).filter(office=office) if office.pk else []
        )
        self.free = hours.union(
            part for opening in self.openings for part in opening.free
        )
        periods = [item.period for item in dated if item.period]
        self.closures: list[Closure] = []
        self.taken: list[Interval] = []
        if periods:
            reach = (periods[0].lower, max(period.upper for period in periods))
            self.closures = list(
                Closure.objects.of_office(office).filter(period__overlap=reach)
            )
            taken = (
                Occurrence.objects.taking().filter(office=office).overlapping(*reach)
            )
            self.taken = hours.union(
                (p.lower, p.upper) for p in taken.values_list("period", flat=True)
            )

    def dates(self) -> list[PlannedDate]:
        return [self._date(item) for item in self.dated]

    def _date(self, item: Dated) -> PlannedDate:
        cents = self._price(item)
        return PlannedDate(
            item.day, item.span, item.period, cents or 0, self._objection(item, cents)
        )

    def _objection(self, item: Dated, cents: int | None) -> str:
        if item.period is None:
            return _("the clocks change and skip these hours")
        if item.period.lower <= self.now:
            return _("already past")
        wanted = [(item.period.lower, item.period.upper)]
        if hours.difference(wanted, self.free) or cents is None:
            return self._why_not(item.period, wanted)
        shortest = min(opening.shortest_minutes for opening in self._applying(item))
        if item.span.minutes < shortest:
            return say_shortest(shortest)
        return ""

    def _why_not(self, period: DateTimeTZRange, wanted: list[Interval]) -> str:
        for closure in self.closures:
            if (
                closure.period.lower < period.upper
                and period.lower < closure.period.upper
            ):
                return _("closed: %(reason)s") % {"reason": closure.reason}
        if taken := hours.intersection(wanted, self.taken):
            lower, upper = (moment.astimezone(self.zone) for moment in taken[0])
            return _("taken %(start)s–%(end)s") % {
                "start": f"{lower:%H:%M}",
                "end": f"{upper:%H:%M}",
            }
        return _("not offered then")

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
