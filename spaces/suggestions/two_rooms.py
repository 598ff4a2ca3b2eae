"""Two offices that have all wanted hours together, with the fewest changes of room."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import combinations, groupby, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from spaces import hours
from spaces.hours import DAY, STEP, Interval, Span
from spaces.queries import Match, Wanted
from spaces.suggestions.found import Part, Suggestion, dates_of
from spaces.suggestions.travel import minutes_between

MOST_PAIRS = 12  # whose changes of room are counted


class Cell(NamedTuple):
    """Half an hour of a wanted date."""

    lower: datetime
    upper: datetime
    day: date
    span: Span


class Way(NamedTuple):
    """Which of two rooms each cell is spent in, and what that costs: changes within a day first, then all changes."""

    cost: tuple[int, int]
    rooms: tuple[int, ...]


def together(wanted: Wanted, matches: Sequence[Match]) -> list[Suggestion]:
    """Pairs that have every wanted minute together, with the fewest changes of room."""
    found = []
    by_zone = sorted(matches, key=lambda match: match.office.building.timezone)
    for name, group in groupby(by_zone, lambda match: match.office.building.timezone):
        cells = _cells(wanted, ZoneInfo(name))
        masks = [
            (match, _mask(cells, match.covered))
            for match in group
            if not match.is_too_short
        ]
        for (one, ones), (other, others) in _pairs(masks, (1 << len(cells)) - 1):
            if suggestion := _pair(cells, (one, other), (ones, others)):
                found.append(suggestion)
    return sorted(found, key=lambda suggestion: suggestion.cost)


def _cells(wanted: Wanted, zone: ZoneInfo) -> list[Cell]:
    step = timedelta(minutes=STEP)
    cells = []
    for item in dates_of(wanted.spans, wanted, zone):
        assert item.period is not None  # noqa: S101 -- dates_of leaves such out
        lower = item.period.lower
        while lower < item.period.upper:
            upper = min(lower + step, item.period.upper)
            cells.append(Cell(lower, upper, item.day, item.span))
            lower = upper
    return cells


def _mask(cells: Sequence[Cell], covered: Iterable[Interval]) -> int:
    """A bit for each cell that is free as a whole."""
    lowers = [cell.lower for cell in cells]
    uppers = [cell.upper for cell in cells]
    mask = 0
    for lower, upper in covered:
        first, last = bisect_left(lowers, lower), bisect_right(uppers, upper)
        if first < last:
            mask |= (1 << last) - (1 << first)
    return mask


def _pairs(
    masks: Sequence[tuple[Match, int]], whole: int
) -> list[tuple[tuple[Match, int], tuple[Match, int]]]:
    """Those that have it all together; first those of which one has nearly all of it."""
    pairs = [
        (one, other)
        for one, other in combinations(masks, 2)
        if whole and one[1] | other[1] == whole
    ]
    pairs.sort(
        key=lambda pair: (
            -max(mask.bit_count() for _match, mask in pair),
            sum(match.metres or 0 for match, _mask in pair),
        )
    )
    return pairs[:MOST_PAIRS]


def _pair(
    cells: Sequence[Cell], pair: tuple[Match, Match], masks: tuple[int, int]
) -> Suggestion | None:
    between = minutes_between(pair[0].office, pair[1].office)
    way = _fewest_changes(cells, masks, timedelta(minutes=between))
    if way is None or len(set(way.rooms)) < 2:
        return None
    parts = [_part(cells, way.rooms, room, pair[room], masks[room]) for room in (0, 1)]
    for match, part in zip(pair, parts, strict=True):
        shortest = max(o.shortest_minutes for o in match.office.shown_openings)
        if any(span.minutes < shortest for _day, span in part.dates):
            return None
    metres = sum(match.metres or 0 for match in pair)
    parts.sort(key=lambda part: part.dates[0])
    return Suggestion(
        "two",
        parts,
        room_changes=way.cost[1],
        minutes_between=between,
        cost=(*way.cost, metres, pair[0].office.pk, pair[1].office.pk),
    )


def _fewest_changes(
    cells: Sequence[Cell], masks: tuple[int, int], travel: timedelta
) -> Way | None:
    """From the first cell to the last, always the cheaper way to be in either room.

    On one day the next room must be reached in time: hours that touch need rooms of one building.
    """
    ways = [Way((0, 0), (room,)) if masks[room] & 1 else None for room in (0, 1)]
    for number, (before, cell) in enumerate(pairwise(cells), 1):
        is_same_day = cell.day == before.day
        can_change = not is_same_day or cell.lower - before.upper >= travel
        next_ways: list[Way | None] = []
        for room in (0, 1):
            stay, change = ways[room], ways[1 - room] if can_change else None
            options = [Way(stay.cost, (*stay.rooms, room))] if stay else []
            if change:
                cost = (change.cost[0] + is_same_day, change.cost[1] + 1)
                options.append(Way(cost, (*change.rooms, room)))
            is_free = masks[room] >> number & 1
            next_ways.append(
                min(options, key=lambda way: way.cost) if options and is_free else None
            )
        ways = next_ways
    return min((way for way in ways if way), key=lambda way: way.cost, default=None)


def _part(
    cells: Sequence[Cell], rooms: Sequence[int], room: int, match: Match, mask: int
) -> Part:
    """The dates spent in ``room``; consecutive cells of one date are one block."""
    mine = [cell for cell, spent in zip(cells, rooms, strict=True) if spent == room]
    dates: list[tuple[date, Span]] = []
    zone = match.office.building.zone
    for cell in mine:
        span = _span_of(cell, zone)
        if dates and dates[-1][0] == cell.day and dates[-1][1].end == span.start:
            dates[-1] = (cell.day, dates[-1][1]._replace(end=span.end))
        else:
            dates.append((cell.day, span))
    spans = sorted({span for _day, span in dates})
    pattern = hours.expand(spans, dates[0][0], dates[-1][0], zone)
    exact = {(item.day, item.span) for item in pattern} == set(dates)
    return Part(match.office, match.metres, spans, dates, exact)


def _span_of(cell: Cell, zone: ZoneInfo) -> Span:
    start, end = (moment.astimezone(zone) for moment in (cell.lower, cell.upper))
    minutes = end.hour * 60 + end.minute
    return Span(cell.day.weekday(), start.hour * 60 + start.minute, minutes or DAY)
