"""The arithmetic of time: week patterns, local hours to periods, sets of periods. Pure: no models, no queries.

Only this module turns local times into instants, date by date (adding 7 × 24 hours to the first instant is an
hour wrong after a change of daylight saving, and SQL's choice in the doubled hour differs from Python's).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

STEP = 30  # minutes: one row of the week grid
DAY = 1440
HORIZON = timedelta(weeks=53)  # how far ahead free time is kept

Interval = tuple[datetime, datetime]


class Span(NamedTuple):
    """Hours of a week: ``weekday`` 0 is Monday; ``start``, ``end`` in minutes of the local day, 0–1440."""

    weekday: int
    start: int
    end: int

    @property
    def minutes(self) -> int:
        return self.end - self.start


class Dated(NamedTuple):
    """One date of a pattern. ``period`` is None where the clocks skip all of these hours."""

    day: date
    span: Span
    period: DateTimeTZRange | None


def instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local time. A doubled time means the first; a skipped one the next that exists."""
    naive = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 -- local on purpose
    while True:
        moment = naive.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == naive:
            return moment
        naive += timedelta(minutes=1)


def local_period(
    day: date, start: int, end: int, zone: ZoneInfo
) -> DateTimeTZRange | None:
    """``start``–``end`` on ``day`` there; None if the clocks skip all of it.

    The end is the minute after the last one, so that "01:00–02:00" of a doubled hour is its first hour only.
    """
    lower = instant(day, start, zone)
    upper = instant(day, end - 1, zone)
    upper = upper + timedelta(minutes=1) if _exists(day, end - 1, zone) else upper
    return DateTimeTZRange(lower, upper) if lower < upper else None


def _exists(day: date, minute: int, zone: ZoneInfo) -> bool:
    naive = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 -- local on purpose
    return (
        naive.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        == naive
    )


def expand(
    spans: Iterable[Span], first: date, last: date, zone: ZoneInfo
) -> list[Dated]:
    """Every date of the pattern from ``first`` to ``last``, both included, in order of time."""
    return list(_expand(tuple(sorted(spans)), first, last, zone))


@lru_cache(maxsize=4096)
def _expand(
    spans: tuple[Span, ...], first: date, last: date, zone: ZoneInfo
) -> tuple[Dated, ...]:
    found = []
    for span in spans:
        day = first + timedelta(days=(span.weekday - first.weekday()) % 7)
        while day <= last:
            found.append(
                Dated(day, span, local_period(day, span.start, span.end, zone))
            )
            day += timedelta(weeks=1)
    return tuple(
        sorted(found, key=lambda dated: (dated.day, dated.span.start, dated.span.end))
    )


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """The same hours with touching and overlapping spans joined, in order of the week."""
    merged: list[Span] = []
    for span in sorted(spans):
        if (
            merged
            and merged[-1].weekday == span.weekday
            and span.start <= merged[-1].end
        ):
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def cells(spans: Iterable[Span]) -> list[Span]:
    """The same hours cut into half-hour cells on the grid; a part of a cell counts as the cell."""
    return [
        Span(span.weekday, start, start + STEP)
        for span in merge_spans(spans)
        for start in range(span.start - span.start % STEP, span.end, STEP)
    ]


def common_spans(some: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Hours of the week that are in both."""
    others = merge_spans(others)
    return merge_spans(
        Span(a.weekday, max(a.start, b.start), min(a.end, b.end))
        for a in merge_spans(some)
        for b in others
        if a.weekday == b.weekday and max(a.start, b.start) < min(a.end, b.end)
    )


def without_spans(some: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Hours of the week that are in ``some`` only, by half hours."""
    left_out = set(cells(others))
    return merge_spans(cell for cell in cells(some) if cell not in left_out)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def span_of(period: DateTimeTZRange, zone: ZoneInfo) -> Span:
    """The local weekday and minutes of a period that begins and ends on one local day (24:00 is that day)."""
    lower, upper = period.lower.astimezone(zone), period.upper.astimezone(zone)
    end = upper.hour * 60 + upper.minute
    return Span(
        lower.weekday(),
        lower.hour * 60 + lower.minute,
        end if upper.date() == lower.date() else DAY,
    )


def union(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for lower, upper in sorted(intervals):
        if merged and lower <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], upper))
        elif lower < upper:
            merged.append((lower, upper))
    return merged


def intersection(
    some: Sequence[Interval], others: Sequence[Interval]
) -> list[Interval]:
    """Both sorted and disjoint, as ``union`` returns them."""
    found, i, j = [], 0, 0
    while i < len(some) and j < len(others):
        lower, upper = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if lower < upper:
            found.append((lower, upper))
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return found


def difference(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """``some`` without ``others``; both sorted and disjoint."""
    found, j = [], 0
    for lower, upper in some:
        at = lower
        while j < len(others) and others[j][1] <= at:
            j += 1
        k = j
        while k < len(others) and others[k][0] < upper:
            if at < others[k][0]:
                found.append((at, others[k][0]))
            at = max(at, others[k][1])
            k += 1
        if at < upper:
            found.append((at, upper))
    return found


def by_day(intervals: Iterable[Interval], zone: ZoneInfo) -> list[Interval]:
    """Cut at local midnight: what touches there was joined by ``union``, and is hours of two days all the same."""
    found = []
    for lower, upper in intervals:
        at = lower
        while at < upper:
            midnight = instant(local_day(at, zone) + timedelta(days=1), 0, zone)
            found.append((at, min(midnight, upper)))
            at = midnight
    return found


def minutes(intervals: Iterable[Interval]) -> int:
    return sum(int((upper - lower).total_seconds()) // 60 for lower, upper in intervals)


def intervals_of(dated: Iterable[Dated]) -> list[Interval]:
    return union(
        (item.period.lower, item.period.upper) for item in dated if item.period
    )


def clock(minute: int) -> str:
    """``1080`` is ``18:00``."""
    return f"{minute // 60:02}:{minute % 60:02}"
