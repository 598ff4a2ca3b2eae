"""The calendar of an office for its hosts: a day of all their rooms in the house, a week, a month."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode

from directory.models import Therapist
from spaces import hours
from spaces.agenda import DAYS, OfficeWeek, window_of
from spaces.enums import OccurrenceState
from spaces.models import TAKEN, Closure, Occurrence, Office, Opening, UsualHours
from spaces.week import Block

VIEWS = ["day", "week", "month"]
Days = dict[date, list[Block]]


@dataclass(frozen=True)
class Frame:
    """The whole days that one page shows: the day itself, its week, the weeks of its month."""

    view: str
    day: date

    @property
    def first(self) -> date:
        if self.view == "day":
            return self.day
        start = self.day.replace(day=1) if self.view == "month" else self.day
        return start - timedelta(days=start.weekday())

    @property
    def last(self) -> date:
        if self.view == "day":
            return self.day
        end = self.later - timedelta(days=1)
        return end + timedelta(days=DAYS - 1 - end.weekday())

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.count)]

    @property
    def earlier(self) -> date:
        if self.view == "month":
            return (self.day.replace(day=1) - timedelta(days=1)).replace(day=1)
        return self.first - self._step

    @property
    def later(self) -> date:
        if self.view == "month":
            return (self.day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return self.first + self._step

    @property
    def _step(self) -> timedelta:
        return timedelta(days=1 if self.view == "day" else DAYS)


def days_of_rooms(
    offices: Sequence[Office],
    viewer: Therapist,
    frame: Frame,
    *,
    currency: str,
    with_names: bool,
) -> dict[int, Days]:
    """By office the blocks of each day: as many queries for nine rooms of a building as for one.

    Without names neither what is only asked for, nor one's own hours: what a door may say.
    """
    building = offices[0].building
    ids = [office.pk for office in offices]
    window = window_of(frame.first, frame.count, building.zone)
    openings = _by_office(Opening.objects.current().filter(office__in=ids))
    usual = _by_office(UsualHours.objects.filter(office__in=ids, therapist=viewer))
    states = [*TAKEN, OccurrenceState.ASKED] if with_names else TAKEN
    dates = _by_office(
        Occurrence.objects.filter(office__in=ids, state__in=states)
        .overlapping(*window)
        .select_related("booking", "guest")
        .in_order()
    )
    closed = Closure.objects.filter(
        Q(office__in=ids) | Q(building=building), period__overlap=window
    )
    closures = list(closed.order_by("period"))
    return {
        office.pk: OfficeWeek(
            office,
            viewer,
            frame.first,
            openings=openings.get(office.pk, []),
            closures=[c for c in closures if c.office_id in {None, office.pk}],
            currency=currency,
            is_host=True,
            days=frame.count,
            dates=dates.get(office.pk, []),
            usual=usual.get(office.pk, []) if with_names else [],
            name_of=_name if with_names else _nobody,
        ).by_day()
        for office in offices
    }


def _by_office(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.office_id, []).append(row)
    return found


def _name(occurrence: Occurrence) -> str:
    return occurrence.guest.name


def _nobody(_occurrence: Occurrence) -> str:
    return ""


def in_column(office: Office, day: date, block: Block, column: int) -> Block:
    """The block in this column of the page; free hours lead to entering somebody for them."""
    if block.state != "free":
        return replace(block, weekday=column)
    start, end = block.start - block.start % hours.STEP, block.end
    entry = {
        "hours": f"{day.weekday()}-{start}-{min(end + -end % hours.STEP, hours.DAY)}",
        "first_date": day.isoformat(),
        "last_date": day.isoformat(),
    }
    url = f"{reverse('spaces:office_enter', args=[office.pk])}?{urlencode(entry)}"
    return replace(block, weekday=column, url=url)
