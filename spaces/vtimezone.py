"""A time zone as calendars are told of it. Pure.

Microsoft's programs read nothing but yearly rules in a VTIMEZONE, and are an hour wrong after a change of the clocks
where they find a list of dates; so the rule is made from the dates. ``icalendar`` writes the list, and an hour late.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = timedelta(days=1)


class Change(NamedTuple):
    """Of the clocks. ``at`` is what they showed when they were changed."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    is_daylight: bool

    @property
    def kind(self) -> tuple[timedelta, timedelta, str, bool]:
        return self.before, self.after, self.name, self.is_daylight


def vtimezone(zone: ZoneInfo, first_year: int, last_year: int) -> Timezone:
    """Right for every moment of these years; beyond them, as far as the zone keeps to its rules."""
    component = Timezone()
    component.add("tzid", zone.key)
    kinds: dict[tuple[timedelta, timedelta, str, bool], list[Change]] = defaultdict(
        list
    )
    for change in _changes(zone.key, first_year - 1, last_year):
        kinds[change.kind].append(change)
    for changes in kinds.values():
        component.add_component(_observance(changes, last_year))
    if not kinds:
        component.add_component(_observance([_unchanging(zone, first_year)], last_year))
    return component


@lru_cache(maxsize=256)
def _changes(key: str, first_year: int, last_year: int) -> tuple[Change, ...]:
    zone = ZoneInfo(key)
    moment = datetime(first_year, 1, 1, tzinfo=UTC)
    found = []
    while moment.year <= last_year:
        if _offset(moment, zone) != _offset(moment + DAY, zone):
            found.append(_change(moment, zone))
        moment += DAY
    return tuple(found)


def _change(before: datetime, zone: ZoneInfo) -> Change:
    """That of the day after ``before``, to the minute."""
    after = before + DAY
    while after - before > timedelta(minutes=1):
        middle = (before + (after - before) / 2).replace(second=0, microsecond=0)
        if middle <= before:
            break
        if _offset(middle, zone) == _offset(before, zone):
            before = middle
        else:
            after = middle
    old, local = _offset(before, zone), after.astimezone(zone)
    return Change(
        at=(after + old).replace(tzinfo=None),
        before=old,
        after=_offset(after, zone),
        name=local.tzname() or zone.key,
        is_daylight=bool(local.dst()),
    )


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _unchanging(zone: ZoneInfo, year: int) -> Change:
    moment = datetime(year, 1, 1, tzinfo=UTC)
    offset = _offset(moment, zone)
    name = moment.astimezone(zone).tzname() or zone.key
    return Change(datetime(1970, 1, 1), offset, offset, name, is_daylight=False)  # noqa: DTZ001 -- local on purpose


def _observance(
    changes: list[Change], last_year: int
) -> TimezoneStandard | TimezoneDaylight:
    first = changes[0]
    component = TimezoneDaylight() if first.is_daylight else TimezoneStandard()
    component.add("dtstart", first.at)
    component.add("tzoffsetfrom", first.before)
    component.add("tzoffsetto", first.after)
    component.add("tzname", first.name)
    if rule := _yearly_rule([change.at for change in changes], last_year):
        component.add("rrule", rule)
    else:
        for change in changes[1:]:
            component.add("rdate", change.at)
    return component


def _yearly_rule(moments: list[datetime], last_year: int) -> dict[str, object] | None:
    """“On the second Sunday of March, at 2”: if that is true of all of them, one a year to the end."""
    years = [moment.year for moment in moments]
    same = {(moment.month, moment.weekday(), moment.time()) for moment in moments}
    if len(same) > 1 or years != list(range(years[0], last_year + 1)):
        return None
    if all((moment + 7 * DAY).month != moment.month for moment in moments):
        number = -1
    else:
        numbers = {(moment.day - 1) // 7 + 1 for moment in moments}
        if len(numbers) > 1:
            return None
        number = numbers.pop()
    return {
        "freq": "yearly",
        "bymonth": moments[0].month,
        "byday": f"{number}{WEEKDAYS[moments[0].weekday()]}",
    }
