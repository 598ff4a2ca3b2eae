"""Which room to be in when: the way through several rooms that has the fewest changes and leaves time to travel."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from spaces.hours import STEP, Dated, Interval, Span, span_of
from spaces.models import Office
from spaces.suggestions.travel import minutes_between


class Cell(NamedTuple):
    """Half an hour of a date."""

    lower: datetime
    upper: datetime
    day: date
    span: Span
    is_nice: bool = False  # less is lost without it
    is_fixed: bool = False  # spent in its one room already: not to be left out

    @property
    def minutes(self) -> int:
        return int((self.upper - self.lower).total_seconds()) // 60


class Room(NamedTuple):
    """Where one can be, in which of the cells (a bit for each), and for how much an hour."""

    office: Office
    mask: int
    cents: int = 0


class Cost(NamedTuple):
    """What is compared, the most important first."""

    missed: int = 0  # minutes
    day_changes: int = 0  # changes of room within a day
    missed_nice: int = 0  # minutes
    changes: int = 0
    cents: int = 0

    def plus(self, *more: int) -> "Cost":
        return Cost(*(a + b for a, b in zip(self, more, strict=True)))


@dataclass(frozen=True)
class _Stay:
    """The cheapest way to have ended in a room, and how one came there."""

    cost: Cost
    room: int | None
    cell: int | None
    before: "_Stay | None"


@dataclass(frozen=True)
class Way:
    """Of each cell the room it is spent in, or None."""

    cost: Cost
    rooms: tuple[int | None, ...]


def cells_of(dated: Iterable[Dated]) -> Iterator[Cell]:
    step = timedelta(minutes=STEP)
    for item in dated:
        if item.period is None:
            continue
        lower = item.period.lower
        while lower < item.period.upper:
            upper = min(lower + step, item.period.upper)
            yield Cell(lower, upper, item.day, item.span)
            lower = upper


def mask_of(cells: Sequence[Cell], free: Iterable[Interval]) -> int:
    """A bit for each cell that is free as a whole."""
    lowers = [cell.lower for cell in cells]
    uppers = [cell.upper for cell in cells]
    mask = 0
    for lower, upper in free:
        first, last = bisect_left(lowers, lower), bisect_right(uppers, upper)
        if first < last:
            mask |= (1 << last) - (1 << first)
    return mask


def blocks_of(cells: Iterable[Cell], zone: ZoneInfo) -> list[tuple[date, Span]]:
    """Dates and hours: cells of one date that touch are one block."""
    dates: list[tuple[date, Span]] = []
    for cell in cells:
        span = span_of(DateTimeTZRange(cell.lower, cell.upper), zone)
        if dates and dates[-1][0] == cell.day and dates[-1][1].end == span.start:
            dates[-1] = (cell.day, dates[-1][1]._replace(end=span.end))
        else:
            dates.append((cell.day, span))
    return dates


def best_way(
    cells: Sequence[Cell], rooms: Sequence[Room], *, may_miss: bool = False
) -> Way | None:
    """From the first cell to the last, always the cheapest way to be in each room.

    On one day the next room must be reached in time: hours that touch need rooms of one building. Where that cannot be,
    or no room is free, the cell is left out, if it ``may_miss``; else there is no way.
    """
    between = _travel(rooms)
    stays: dict[int | None, _Stay] = {None: _Stay(Cost(), None, None, None)}
    for number, cell in enumerate(cells):
        found: list[_Stay] = []
        for room, (_office, mask, cents) in enumerate(rooms):
            if mask >> number & 1:
                paid = cents * cell.minutes // 60
                found += [
                    _Stay(stay.cost.plus(0, *changed, paid), room, number, stay)
                    for stay in stays.values()
                    if (changed := _change(cells, stay, number, rooms, room, between))
                ]
        if may_miss and not cell.is_fixed:
            missed = (0, 0, cell.minutes) if cell.is_nice else (cell.minutes, 0, 0)
            found += [
                _Stay(stay.cost.plus(*missed, 0, 0), stay.room, stay.cell, stay.before)
                for stay in stays.values()
            ]
        stays = {}
        for stay in found:
            known = stays.get(stay.room)
            if known is None or stay.cost < known.cost:
                stays[stay.room] = stay
    best = min(stays.values(), key=lambda stay: stay.cost, default=None)
    return Way(best.cost, _walked(best, len(cells))) if best else None


def _travel(rooms: Sequence[Room]) -> dict[tuple[int, int], timedelta]:
    return {
        (one, other): timedelta(minutes=minutes_between(a.office, b.office))
        for one, a in enumerate(rooms)
        for other, b in enumerate(rooms)
    }


def _change(
    cells: Sequence[Cell],
    stay: _Stay,
    number: int,
    rooms: Sequence[Room],
    room: int,
    between: dict[tuple[int, int], timedelta],
) -> tuple[int, int, int] | None:
    """What going on in ``room`` adds to (changes on a day, nothing, all changes); None where it cannot be reached."""
    if stay.room is None or stay.cell is None:
        return (0, 0, 0)
    before, cell = cells[stay.cell], cells[number]
    is_same_day = before.day == cell.day
    gap = cell.lower - before.upper
    is_given = before.is_fixed and cell.is_fixed
    if is_same_day and gap < between[stay.room, room] and not is_given:
        return None
    is_other = rooms[stay.room].office.pk != rooms[room].office.pk
    return (int(is_other and is_same_day), 0, int(is_other))


def _walked(stay: _Stay, count: int) -> tuple[int | None, ...]:
    found: list[int | None] = [None] * count
    at: _Stay | None = stay
    while at is not None and at.cell is not None:
        found[at.cell] = at.room
        at = at.before
    return tuple(found)
