"""Two offices that have all wanted hours together, with the fewest changes of room."""

from collections.abc import Sequence
from itertools import combinations, groupby
from zoneinfo import ZoneInfo

from spaces import hours
from spaces.queries import Match, Wanted
from spaces.suggestions.found import Part, Suggestion, dates_of
from spaces.suggestions.travel import minutes_between
from spaces.suggestions.way import Cell, Room, best_way, blocks_of, cells_of, mask_of

MOST_PAIRS = 12  # whose changes of room are counted


def together(wanted: Wanted, matches: Sequence[Match]) -> list[Suggestion]:
    """Pairs that have every wanted minute together, with the fewest changes of room."""
    found = []
    by_zone = sorted(matches, key=lambda match: match.office.building.timezone)
    for name, group in groupby(by_zone, lambda match: match.office.building.timezone):
        cells = list(cells_of(dates_of(wanted.spans, wanted, ZoneInfo(name))))
        masks = [
            (match, mask_of(cells, match.covered))
            for match in group
            if not match.is_too_short
        ]
        for (one, ones), (other, others) in _pairs(masks, (1 << len(cells)) - 1):
            if suggestion := _pair(cells, (one, other), (ones, others)):
                found.append(suggestion)
    return sorted(found, key=lambda suggestion: suggestion.cost)


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
    rooms = [Room(m.office, mask) for m, mask in zip(pair, masks, strict=True)]
    way = best_way(cells, rooms)
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
        room_changes=way.cost.changes,
        minutes_between=between,
        cost=(
            way.cost.day_changes,
            way.cost.changes,
            metres,
            pair[0].office.pk,
            pair[1].office.pk,
        ),
    )


def _part(
    cells: Sequence[Cell],
    rooms: Sequence[int | None],
    room: int,
    match: Match,
    mask: int,
) -> Part:
    """The dates spent in ``room``; consecutive cells of one date are one block."""
    zone = match.office.building.zone
    mine = [cell for cell, spent in zip(cells, rooms, strict=True) if spent == room]
    dates = blocks_of(mine, zone)
    spans = sorted({span for _day, span in dates})
    pattern = hours.expand(spans, dates[0][0], dates[-1][0], zone)
    exact = {(item.day, item.span) for item in pattern} == set(dates)
    return Part(match.office, match.metres, spans, dates, exact)
