"""When somebody is busy, from their calendar's text. Nothing else of it is kept, not even for a moment longer.

A calendar from outside may be made to do harm: endless repetitions, a time zone that changes each second, a million
lines. ``busy_hours`` first throws away whatever it does not need, and counts; ``busy_hours_apart`` has that done by a
program of its own, which has no secrets, little memory and few seconds. Pure: no models, no settings.
"""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import recurring_ical_events
from icalendar import Calendar, Event, vPeriod

from spaces import hours
from spaces.fetch import FetchError, Problem
from spaces.hours import Interval

MOST_EVENTS = 10_000
MOST_DATES = 50_000  # of all repetitions together
MOST_DEPTH = 4
CPU_SECONDS, SECONDS, MEMORY = 20, 60, 1 << 30
SLICE = timedelta(weeks=9)
EDGE = timedelta(days=2)  # dates are compared by their digits, whatever their zone
ROOT = Path(__file__).resolve().parent.parent

EVENT_LINES = {
    *("BEGIN", "END", "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE"),
    *("EXDATE", "RECURRENCE-ID", "SEQUENCE", "STATUS", "TRANSP"),
    "X-MICROSOFT-CDO-BUSYSTATUS",
}
ZONE_LINES = {
    *("BEGIN", "END", "TZID", "DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME"),
    *("RRULE", "RDATE"),
}
REPEATS = {"RRULE", "RDATE", "RECURRENCE-ID", "DURATION"}
NAME = re.compile(r"[A-Za-z0-9-]+(?=[;:])")
LINE = re.compile(r"\r\n|\n|\r")
DIGITS = re.compile(r"\d{8}")
FREE = re.compile(r";FBTYPE=\"?FREE\"?(;|$)", re.IGNORECASE)
TOO_OFTEN = re.compile(r"FREQ=(SECONDLY|MINUTELY)", re.IGNORECASE)


def busy_hours(
    content: bytes, *, zone: ZoneInfo, lower: datetime, upper: datetime
) -> list[Interval]:
    """Busy from ``lower`` to ``upper``: what is neither cancelled nor marked as free, be it said as events or, where the
    owner shares no more, as busy times. ``zone`` is that of times without one. Raises ``FetchError``.
    """
    sieve = _sifted(content.decode("utf-8-sig", "replace"), lower, upper)
    try:
        calendar = Calendar.from_ical(sieve.rest())
    except ValueError as error:
        raise FetchError(Problem.NOT_CALENDAR) from error
    own_zone = _own_zone(calendar)
    if own_zone is None:
        calendar.pop(
            "X-WR-TIMEZONE", None
        )  # or the library looks for it, wherever that is
    found = [
        _interval(event, own_zone or zone)
        for event in _dates(calendar, lower, upper)
        if not _is_free(event)
    ]
    return hours.intersection(
        hours.union([*found, *_periods(sieve.shared, zone)]), [(lower, upper)]
    )


# --- What is needed of the text -------------------------------------------------------


def _sifted(text: str, lower: datetime, upper: datetime) -> "_Sieve":
    """The calendar without words: hours, repetitions and zones alone, of what may touch these days."""
    sieve = _Sieve(f"{lower - EDGE:%Y%m%d}", f"{upper + EDGE:%Y%m%d}")
    for name, line in _lines(text):
        sieve.take(name, line)
    return sieve


class _Sieve:
    def __init__(self, first: str, last: str) -> None:
        self.first, self.last = first, last
        self.path: list[str] = []
        self.event: list[str] = []
        self.kept: list[str] = []
        self.shared: list[str] = []  # lines of busy times
        self.count = 0
        self.is_calendar = False

    def take(self, name: str, line: str) -> None:
        value = line.partition(":")[2].strip().upper()
        if name == "BEGIN":
            self.path.append(value)
        if self.path[:1] != ["VCALENDAR"] or len(self.path) > MOST_DEPTH:
            raise FetchError(Problem.NOT_CALENDAR)
        self.is_calendar = True
        self._keep(name, line)
        if name == "END":
            if self.path.pop() != value:
                raise FetchError(Problem.NOT_CALENDAR)
            if self.path == ["VCALENDAR"] and value == "VEVENT":
                self._end_event()

    def _keep(self, name: str, line: str) -> None:
        match self.path[1:]:
            case ["VEVENT"] if name in EVENT_LINES:
                self.event.append(line)
            case ["VTIMEZONE", *_parts] if name in ZONE_LINES:
                self.kept.append(line)
            case ["VFREEBUSY"] if name == "FREEBUSY":
                self.shared.append(line)
            case [] if name == "X-WR-TIMEZONE":
                self.kept.append(line)

    def _end_event(self) -> None:
        self.count += 1
        if self.count > MOST_EVENTS:
            raise FetchError(Problem.MANY)
        if _is_near(self.event, self.first, self.last):
            self.kept += self.event
        self.event = []

    def rest(self) -> str:
        """What was kept, once everything was looked at."""
        if self.path or not self.is_calendar:
            raise FetchError(Problem.NOT_CALENDAR)
        if any(TOO_OFTEN.search(line) for line in self.kept):
            raise FetchError(Problem.ENDLESS)
        return "\r\n".join(
            ["BEGIN:VCALENDAR", "VERSION:2.0", *self.kept, "END:VCALENDAR", ""]
        )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each with its name; folded ones in one piece."""
    parts: list[str] = []
    for line in LINE.split(text):
        if line[:1] in {" ", "\t"}:
            parts.append(line[1:])
            continue
        if parts:
            yield _named("".join(parts))
        parts = [line] if line else []
    if parts:
        yield _named("".join(parts))


def _named(line: str) -> tuple[str, str]:
    name = NAME.match(line)
    return name.group().upper() if name else "", line


def _is_near(event: list[str], first: str, last: str) -> bool:
    """Whether it repeats, or touches these days; if in doubt, yes."""
    days = []
    for line in event:
        name, _line = _named(line)
        if name in REPEATS:
            return True
        digits = DIGITS.search(line.partition(":")[2])
        if name in {"DTSTART", "DTEND"} and digits:
            days.append(digits.group())
    return not days or (min(days) <= last and max(days) >= first)


# --- What it says ---------------------------------------------------------------------


def _dates(calendar: Calendar, lower: datetime, upper: datetime) -> Iterator[Event]:
    """Every date of every event, some weeks at a time: so that they can be counted while they come."""
    query = recurring_ical_events.of(calendar, skip_bad_series=True)
    count = 0
    while lower < upper:
        found = query.between(lower, min(lower + SLICE, upper))
        count += len(found)
        if count > MOST_DATES:
            raise FetchError(Problem.ENDLESS)
        yield from found
        lower += SLICE


def _is_free(event: Event) -> bool:
    said = {
        name: str(event.get(name, "")).upper()
        for name in ("STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")
    }
    return (
        said["STATUS"] == "CANCELLED"
        or said["TRANSP"] == "TRANSPARENT"
        or said["X-MICROSOFT-CDO-BUSYSTATUS"] == "FREE"
    )


def _interval(event: Event, zone: ZoneInfo) -> Interval:
    start, end = (_moment(event.decoded(name), zone) for name in ("DTSTART", "DTEND"))
    return start, max(start, end)


def _periods(lines: list[str], zone: ZoneInfo) -> Iterator[Interval]:
    """Of lines like ``FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261201T180000Z/PT1H,…``; what cannot be read is left out."""
    count = 0
    for line in lines:
        name, _colon, values = line.partition(":")
        if FREE.search(name):
            continue
        for value in values.strip().split(","):
            count += 1
            if count > MOST_DATES:
                raise FetchError(Problem.ENDLESS)
            with suppress(ValueError, OverflowError):
                yield _period(value.strip(), zone)


def _period(text: str, zone: ZoneInfo) -> Interval:
    said, end = vPeriod.from_ical(text)  # type: ignore[no-untyped-call]
    start = _moment(said, zone)
    return start, start + end if isinstance(end, timedelta) else _moment(end, zone)


def _moment(said: date | datetime, zone: ZoneInfo) -> datetime:
    """A whole day begins at midnight there; a time without a zone is meant there."""
    if not isinstance(said, datetime):
        return hours.instant(said, 0, zone)
    if said.tzinfo is None:
        return hours.instant(said.date(), said.hour * 60 + said.minute, zone)
    return said.astimezone(UTC)


def _own_zone(calendar: Calendar) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(calendar.get("X-WR-TIMEZONE", "")))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


# --- Apart ---------------------------------------------------------------------------------


def busy_hours_apart(
    content: bytes,
    *,
    zone: ZoneInfo,
    lower: datetime,
    upper: datetime,
    seconds: float = SECONDS,
) -> list[Interval]:
    """The same, in a program that is ended when it takes too long or too much. Raises ``FetchError``."""
    try:
        done = subprocess.run(  # noqa: S603 -- our own words alone; the calendar is its input
            [
                *(sys.executable, "-m", "spaces.ics"),
                *(zone.key, lower.isoformat(), upper.isoformat()),
            ],
            input=content,
            capture_output=True,
            timeout=seconds,
            cwd=ROOT,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(Problem.ENDLESS) from error
    if done.returncode < 0:  # ended by a signal: its seconds were over
        raise FetchError(Problem.ENDLESS)
    if done.returncode:
        raise FetchError(Problem.NOT_CALENDAR)
    said = json.loads(done.stdout)
    if "problem" in said:
        raise FetchError(Problem(said["problem"]))
    return [
        (
            datetime.fromtimestamp(start, UTC),
            datetime.fromtimestamp(end, UTC),
        )
        for start, end in said["busy"]
    ]


def main(key: str, lower: str, upper: str) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        found = busy_hours(
            sys.stdin.buffer.read(),
            zone=ZoneInfo(key),
            lower=datetime.fromisoformat(lower),
            upper=datetime.fromisoformat(upper),
        )
    except FetchError as error:
        json.dump({"problem": error.problem}, sys.stdout)
    except MemoryError:
        json.dump({"problem": Problem.ENDLESS}, sys.stdout)
    else:
        busy = [(start.timestamp(), end.timestamp()) for start, end in found]
        json.dump({"busy": busy}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
