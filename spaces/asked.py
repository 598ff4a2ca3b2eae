"""What is asked of one person: the stretches of the week that needs are missing, and what of each the person has."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils import timezone

from spaces import hours
from spaces.coverage import LONG_AGO, Coverage, contains, meets
from spaces.hours import Dated, Interval, Span
from spaces.models import Need, Office, Pledge
from spaces.models.opening import STALE


@dataclass
class Asked:
    """A stretch of the week that is still wanted, and what this person has of it."""

    span: Span
    zone: ZoneInfo
    needs: list[Need]
    dates: list[Dated]  # still to be had
    is_free: bool  # their posted or pledged hours meet it
    is_offered: bool  # colleagues offered all of it already
    is_must: bool = True  # somebody must have it, and nobody offers it to them yet
    free_dates: int = 0
    office: Office | None = None  # one of theirs that is free then
    is_pledged: bool = False  # for emergencies, ahead of this one

    @property
    def value(self) -> str:
        return "-".join(str(part) for part in self.span)

    @property
    def people(self) -> int:
        return max(need.people for need in self.needs)

    @property
    def minutes(self) -> int:
        return sum(
            int((item.period.upper - item.period.lower).total_seconds()) // 60
            for item in self.dates
            if item.period
        )


def asked_of(
    needs: Sequence[Need],
    coverage: dict[int, Coverage],
    offices: Iterable[Office],
    pledges: Iterable[Pledge] = (),
) -> list[Asked]:
    """What is asked of one person alone; see ``Missing``, of which many can be asked."""
    return Missing(needs, coverage).asked_of(offices, pledges)


class Missing:
    """What needs are missing of the week, worked out once for all whom they ask."""

    def __init__(self, needs: Sequence[Need], coverage: dict[int, Coverage]) -> None:
        self.needs, self.coverage = list(needs), coverage
        self._known_dates: dict[
            tuple[Span, ZoneInfo, tuple[int, ...]], list[Dated]
        ] = {}

    @cached_property
    def cells(self) -> list[Asked]:
        """Half hours, as they are asked of somebody who has nothing."""
        return [
            self._cell(span, zone, wanting, dates)
            for span, zone, wanting in _cells(self.needs, self.coverage)
            if (dates := self.dates(span, zone, wanting))
        ]

    def _cell(
        self, span: Span, zone: ZoneInfo, wanting: list[Need], dates: list[Dated]
    ) -> Asked:
        is_offered = not _meets_any(self.coverage, wanting, dates, "unoffered")
        must = _meets_any(
            self.coverage, wanting, dates, "missing" if is_offered else "open"
        )
        return Asked(
            span,
            zone,
            wanting,
            dates,
            is_free=False,
            is_offered=is_offered,
            is_must=must,
        )

    def dates(self, span: Span, zone: ZoneInfo, needs: list[Need]) -> list[Dated]:
        key = span, zone, tuple(need.pk for need in needs)
        if key not in self._known_dates:
            found = _missing_dates(span, zone, needs, self.coverage)
            self._known_dates[key] = found
        return self._known_dates[key]

    def asked_of(
        self, offices: Iterable[Office], pledges: Iterable[Pledge] = ()
    ) -> list[Asked]:
        """The stretches that are missing, split where the person's free hours begin or end.

        ``offices`` are the person's, with their openings loaded, ``pledges`` what they would lend of them.
        """
        lent = _lent(pledges, self.needs, self.coverage)
        pledged = hours.union(period for periods in lent.values() for period in periods)
        free = {
            office: hours.union([*_free(office), *lent.get(office.pk, [])])
            for office in offices
        }
        anywhere = hours.union(
            period for periods in free.values() for period in periods
        )
        found: list[Asked] = []
        for missing in self.cells:
            cell = replace(
                missing,
                is_free=_contains_any(anywhere, missing.dates),
                is_pledged=_contains_any(pledged, missing.dates),
            )
            if found and _continues(found[-1], cell):
                found[-1].span = found[-1].span._replace(end=cell.span.end)
            else:
                found.append(cell)
        for asked in found:
            asked.dates = self.dates(asked.span, asked.zone, asked.needs)
            _choose_office(asked, free)
        return found


def _contains_any(periods: Sequence[Interval], dates: Iterable[Dated]) -> bool:
    return bool(periods) and any(contains(periods, *_bounds(item)) for item in dates)


def _meets_any(
    coverage: dict[int, Coverage],
    needs: Iterable[Need],
    dates: Iterable[Dated],
    part: str,
) -> bool:
    of_each = [getattr(coverage[need.pk], part) for need in needs]
    return any(meets(periods, *_bounds(item)) for periods in of_each for item in dates)


def _free(office: Office) -> list[Interval]:
    now = timezone.now()
    return hours.union(
        period
        for opening in office.openings.all()
        if opening.confirmed_at > now - STALE
        for period in opening.free
    )


def _lent(
    pledges: Iterable[Pledge], needs: Sequence[Need], coverage: dict[int, Coverage]
) -> dict[int, list[Interval]]:
    """By office: what is pledged for its so many weeks, which begin with the first hour that is wanted."""
    wanted = [coverage[need.pk].wanted for need in needs]
    firsts = [periods[0][0] for periods in wanted if periods]
    if not firsts:
        return {}
    first = min(firsts)
    return {
        pledge.office_id: hours.intersection(
            pledge.free, [(first, first + timedelta(weeks=pledge.weeks))]
        )
        for pledge in pledges
    }


def _cells(
    needs: Sequence[Need], coverage: dict[int, Coverage]
) -> list[tuple[Span, ZoneInfo, list[Need]]]:
    wanting: dict[tuple[str, Span], list[Need]] = defaultdict(list)
    for need in needs:
        dates = hours.expand(
            hours.cells([*need.spans, *need.nice_spans]),
            need.first_date,
            need.last_date,
            need.zone,
        )
        for span in {
            item.span
            for item in dates
            if item.period and meets(coverage[need.pk].wanted, *_bounds(item))
        }:
            wanting[need.timezone, span].append(need)
    return [
        (span, ZoneInfo(name), found)
        for (name, span), found in sorted(wanting.items(), key=lambda row: row[0])
    ]


def _missing_dates(
    span: Span, zone: ZoneInfo, needs: Sequence[Need], coverage: dict[int, Coverage]
) -> list[Dated]:
    first, last = (
        min(need.first_date for need in needs),
        max(need.last_date for need in needs),
    )
    missing = hours.union(
        period for need in needs for period in coverage[need.pk].wanted
    )
    return [
        item
        for item in hours.expand([span], first, last, zone)
        if item.period and meets(missing, *_bounds(item))
    ]


def _continues(before: Asked, cell: Asked) -> bool:
    return (
        before.span.weekday == cell.span.weekday
        and before.span.end == cell.span.start
        and before.zone == cell.zone
        and before.needs == cell.needs
        and (before.is_free, before.is_offered, before.is_must)
        == (cell.is_free, cell.is_offered, cell.is_must)
        and before.is_pledged == cell.is_pledged
    )


def _choose_office(asked: Asked, free: dict[Office, list[Interval]]) -> None:
    """On how many dates of the whole stretch one office has all of it, and which does so most often."""
    for office, periods in free.items():
        count = sum(contains(periods, *_bounds(item)) for item in asked.dates)
        if count > asked.free_dates:
            asked.free_dates, asked.office = count, office


def _bounds(item: Dated) -> tuple[datetime, datetime]:
    return (
        (item.period.lower, item.period.upper) if item.period else (LONG_AGO, LONG_AGO)
    )
