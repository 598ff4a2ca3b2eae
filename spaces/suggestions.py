"""What else could work, where no room has all of the wanted hours: half an hour's shift, a shorter block, another day,
or two rooms that have them all together. Reads only, and bounded: the best few offices, the best few pairs.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations, groupby, pairwise
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, Max, OuterRef, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.geo import Contains, DistanceTo
from directory.models import Therapist
from spaces import hours
from spaces.fields import DateTimeMultirangeField
from spaces.hours import DAY, STEP, Dated, Interval, Span, clock
from spaces.models import Office
from spaces.models.opening import OpeningQuerySet
from spaces.queries import (
    Match,
    RangeUnion,
    Wanted,
    candidate_offices,
    match_offices,
    openings_open_to,
)
from spaces.week import day_name, say_spans

MOST_OFFICES = 30  # looked at
MOST_SPANS = 7  # of a pattern; with more, nothing is shifted
MOST_PAIRS = 12  # whose changes of room are counted
EACH = 2  # shown of a kind
SHIFTS = [-STEP, STEP]
SHORTEST = (
    60  # minutes that a shortened block must keep, and at least half of what was wanted
)

# From one room to the next, as straight lines say it. Streets are 1.4 times as long (Boscoe, Henry and Zdeb, "A
# nationwide comparison of driving distance versus straight-line distance to hospitals", 2012: 1.417). On foot 3.5 feet
# a second, what US traffic signals allow for (MUTCD 4E.06). By car half of the 25 mph allowed in business and
# residence districts (California Vehicle Code 22352), for lights and turns: our assumption, as are ten minutes to
# fetch and to park it.
DETOUR = 1.4
WALK = 3.84 * 1000 / 60  # metres a minute
DRIVE = 20.0 * 1000 / 60
PARK = 10  # minutes
EARTH = 6_371_000  # metres


class Change(NamedTuple):
    """Hours in place of wanted ones, and how much of a change that is."""

    kind: str
    wanted: Span
    span: Span
    cost: float

    def __str__(self) -> str:
        if self.kind == "day":
            return _("%(day)s instead of %(wanted)s") % {
                "day": say_spans([self.span]),
                "wanted": day_name(self.wanted.weekday),
            }
        return _("%(hours)s instead of %(start)s–%(end)s") % {
            "hours": say_spans([self.span]),
            "start": clock(self.wanted.start),
            "end": clock(self.wanted.end),
        }


@dataclass(frozen=True)
class Part:
    """What to ask one office for: ``dates`` in order, all of them free."""

    office: Office
    metres: float | None
    spans: list[Span]
    dates: list[tuple[date, Span]]
    is_exact: bool = True  # the pattern from first to last date has no other dates

    @property
    def first(self) -> date:
        return self.dates[0][0]

    @property
    def last(self) -> date:
        return self.dates[-1][0]


KINDS = {
    "shift": gettext_lazy("Half an hour’s shift"),
    "shorter": gettext_lazy("A little shorter"),
    "day": gettext_lazy("Another day"),
    "two": gettext_lazy("Two rooms together"),
}


@dataclass(frozen=True)
class Suggestion:
    kind: str
    parts: list[Part]
    changes: list[Change] = field(default_factory=list)
    room_changes: int = 0
    minutes_between: int = 0
    cost: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        return str(KINDS[self.kind])


def suggestions_for(wanted: Wanted, *, guest: Therapist) -> list[Suggestion]:
    """The best two of each kind; of an office that has it all already, nothing."""
    matches = match_offices(wanted, guest=guest, limit=MOST_OFFICES)
    known = {match.office.pk: match for match in matches}
    openings = openings_open_to(guest)
    if wanted.most_cents is not None:
        openings = openings.filter(price_cents__lte=wanted.most_cents)
    near = _others_near(wanted, guest, openings, leave_out=known)
    offices = {**near, **{pk: match.office for pk, match in known.items()}}
    full = {match.office.pk for match in matches if match.is_full}
    single = [
        found
        for pk, offer in _offers(wanted, openings, offices).items()
        if pk not in full
        and (found := _changed(wanted, offices[pk], known.get(pk), offer))
    ]
    single.sort(key=lambda found: found.cost)
    return [
        *_best(single),
        *_together(wanted, [match for match in matches if not match.is_full]),
    ]


def _best(found: Sequence[Suggestion]) -> Iterator[Suggestion]:
    for kind in KINDS:
        yield from [item for item in found if item.kind == kind][:EACH]


def _others_near(
    wanted: Wanted,
    guest: Therapist,
    openings: OpeningQuerySet,
    leave_out: Collection[int],
) -> dict[int, Office]:
    """Offices with none of the hours, the nearest first: another day or half an hour may be what they have."""
    offices = (
        candidate_offices(wanted, guest)
        .exclude(pk__in=leave_out)
        .filter(Exists(openings.filter(office=OuterRef("pk"))))
    )
    if wanted.latitude is not None and wanted.longitude is not None:
        distance = DistanceTo(wanted.latitude, wanted.longitude, "building__")
        offices = offices.annotate(metres=distance).order_by("metres", "pk")
    rest = MOST_OFFICES - len(leave_out)
    return {office.pk: office for office in offices.with_place()[:rest]}


# --- Other hours of one office ------------------------------------------------------


class Offer(NamedTuple):
    """Which of the hours that were thought of an office has on every date, and its shortest block."""

    spans: set[Span]
    shortest: int


def _offers(
    wanted: Wanted, openings: OpeningQuerySet, offices: Mapping[int, Office]
) -> dict[int, Offer]:
    """One query for each zone among the offices, of which there is usually one."""
    spans = _thought_of(wanted.spans)
    if len(wanted.spans) > MOST_SPANS:
        return {}
    found = {}
    for name in sorted({office.building.timezone for office in offices.values()}):
        ids = [pk for pk, office in offices.items() if office.building.timezone == name]
        rows: Any = (
            openings.filter(office__in=ids)
            .values("office")
            .annotate(
                shortest=Max("shortest_minutes"),
                **{
                    f"has_{number}": _covers(span, wanted, ZoneInfo(name))
                    for number, span in enumerate(spans)
                },
            )
        )
        for row in rows:
            has = {span for number, span in enumerate(spans) if row[f"has_{number}"]}
            found[row["office"]] = Offer(has, row["shortest"])
    return found


def _thought_of(spans: Iterable[Span]) -> list[Span]:
    return sorted(
        {
            option
            for span in spans
            for option in [span, *_shifted(span), *_other_days(span)]
        }
    )


def _shifted(span: Span) -> list[Span]:
    shifted = [Span(span.weekday, span.start + by, span.end + by) for by in SHIFTS]
    return [option for option in shifted if option.start >= 0 and option.end <= DAY]


def _other_days(span: Span) -> list[Span]:
    """The nearest days first."""
    days = sorted(set(range(7)) - {span.weekday}, key=lambda d: abs(d - span.weekday))
    return [span._replace(weekday=weekday) for weekday in days]


def _covers(span: Span, wanted: Wanted, zone: ZoneInfo) -> Any:
    """All dates of it, of which there must be some."""
    periods = hours.intervals_of(dates_of([span], wanted, zone))
    value = Value(periods, output_field=DateTimeMultirangeField())
    return Contains(RangeUnion("free"), value) if periods else Value(value=False)


def dates_of(spans: Sequence[Span], wanted: Wanted, zone: ZoneInfo) -> list[Dated]:
    """The dates to come of a pattern, in the time wanted."""
    now = timezone.now()
    dated = hours.expand(spans, wanted.first_date, wanted.last_date, zone)
    return [item for item in dated if item.period and item.period.lower > now]


def _changed(
    wanted: Wanted, office: Office, match: Match | None, offer: Offer
) -> Suggestion | None:
    """For each of the wanted hours the smallest change to what this office has; nothing if one has none."""
    kept = _kept(wanted, office, match) if match else {}
    changes: list[Change] = []
    for span in wanted.spans:
        options = [
            option
            for option in _options(span, offer, kept.get(span))
            if not _collides(option.span, [change.span for change in changes])
        ]
        if not options:
            return None
        changes.append(min(options, key=lambda option: option.cost))
    made = [change for change in changes if change.kind]
    if not made:
        return None
    spans = hours.merge_spans(change.span for change in changes)
    dated = dates_of(spans, wanted, office.building.zone)
    metres = match.metres if match else getattr(office, "metres", None)
    return Suggestion(
        kind=max(made, key=lambda change: change.cost).kind,
        parts=[Part(office, metres, spans, [(item.day, item.span) for item in dated])],
        changes=made,
        cost=(sum(change.cost for change in made), metres or 0, office.pk),
    )


def _options(span: Span, offer: Offer, kept: Span | None) -> Iterator[Change]:
    if span.minutes >= offer.shortest:
        if span in offer.spans:
            yield Change("", span, span, 0)
        for option in _shifted(span):
            if option in offer.spans:
                yield Change("shift", span, option, 2)
        for option in _other_days(span):
            if option in offer.spans:
                far = abs(option.weekday - span.weekday)
                yield Change("day", span, option, 6 + far / 10)
    if kept and kept.minutes >= max(SHORTEST, span.minutes / 2, offer.shortest):
        yield Change("shorter", span, kept, 1 + (span.minutes - kept.minutes) / STEP)


def _collides(span: Span, others: Iterable[Span]) -> bool:
    return any(hours.common_spans([span], [other]) for other in others)


def _kept(wanted: Wanted, office: Office, match: Match) -> dict[Span, Span]:
    """Of each of the wanted hours the longest stretch, by half hours, that is free on every date."""
    zone = office.building.zone
    free: dict[Span, list[tuple[int, int]]] = {}
    for item in dates_of(wanted.spans, wanted, zone):
        if item.period is None:
            continue
        parts = hours.intersection(
            [(item.period.lower, item.period.upper)], match.covered
        )
        today = [_minutes_of(part, item) for part in parts]
        before = free.get(item.span)
        free[item.span] = today if before is None else _in_both(before, today)
    return {
        span: Span(span.weekday, *max(stretches, key=lambda part: part[1] - part[0]))
        for span, found in free.items()
        if (stretches := [part for part in map(_by_half_hours, found) if part])
    }


def _minutes_of(part: Interval, item: Dated) -> tuple[int, int]:
    assert item.period is not None  # noqa: S101 -- chosen so by the caller
    start, end = (
        item.span.start + int((moment - item.period.lower).total_seconds()) // 60
        for moment in part
    )
    return start, min(end, item.span.end)


def _in_both(
    some: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    return [
        (max(a[0], b[0]), min(a[1], b[1]))
        for a in some
        for b in others
        if max(a[0], b[0]) < min(a[1], b[1])
    ]


def _by_half_hours(part: tuple[int, int]) -> tuple[int, int] | None:
    start, end = part[0] + -part[0] % STEP, part[1] - part[1] % STEP
    return (start, end) if start < end else None


# --- Two offices together ------------------------------------------------------------


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


def _together(wanted: Wanted, matches: Sequence[Match]) -> list[Suggestion]:
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
    return sorted(found, key=lambda suggestion: suggestion.cost)[:EACH]


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
        shortest = max(o.shortest_minutes for o in match.office.openings.all())
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


def minutes_between(one: Office, other: Office) -> int:
    """How long it takes from door to door, on foot or by car, in steps of five minutes; nothing within a house."""
    if one.building_id == other.building_id:
        return 0
    metres = DETOUR * _metres(
        (one.building.latitude, one.building.longitude),
        (other.building.latitude, other.building.longitude),
    )
    return max(5, 5 * ceil(min(metres / WALK, PARK + metres / DRIVE) / 5))


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Along the sphere (haversine)."""
    south, north = radians(one[0]), radians(other[0])
    across = radians(other[1] - one[1])
    square = (
        sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(across / 2) ** 2
    )
    return 2 * EARTH * asin(sqrt(square))
