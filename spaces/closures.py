"""Closures as people mean them: hours closed on many days in a row are one thing. Presentation, no queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from spaces import hours
from spaces.models import Closure


@dataclass(frozen=True)
class Run:
    """One closure, or the same hours of days that follow each other."""

    closures: list[Closure]
    zone: ZoneInfo

    @property
    def closure(self) -> Closure:
        return self.closures[0]

    @property
    def first(self) -> date:
        return hours.local_day(self.closure.period.lower, self.zone)

    @property
    def last(self) -> date:
        """The last day on which it is closed."""
        return hours.local_day(
            self.closures[-1].period.upper - timedelta(minutes=1), self.zone
        )

    @property
    def clock(self) -> str:
        """ "09:00–12:00" where it is closed for hours within days; empty for whole days."""
        span = _daily(self.closure, self.zone)
        return f"{hours.clock(span.start)}–{hours.clock(span.end)}" if span else ""

    @property
    def is_whole_days(self) -> bool:
        """Else a moment ends it, as an incident's closure."""
        period = self.closure.period
        return all(
            moment.astimezone(self.zone).time().isoformat("minutes") == "00:00"
            for moment in (period.lower, period.upper)
        )


def runs(closures: Iterable[Closure], zone: ZoneInfo) -> list[Run]:
    """In order of time, as ``closures`` are."""
    found: list[Run] = []
    for closure in closures:
        for run in reversed(found):
            if _follows(run, closure, zone):
                run.closures.append(closure)
                break
        else:
            found.append(Run([closure], zone))
    return found


def run_of(
    closure: Closure, closures: Iterable[Closure], zone: ZoneInfo
) -> list[Closure]:
    """The closures that were meant together with this one; itself at least."""
    for run in runs(closures, zone):
        if closure in run.closures:
            return run.closures
    return [closure]


def _follows(run: Run, closure: Closure, zone: ZoneInfo) -> bool:
    before, span = run.closures[-1], _daily(closure, zone)
    known = _daily(before, zone)
    return (
        span is not None
        and known is not None
        and span[1:] == known[1:]
        and (before.reason, before.office_id, before.incident_id)
        == (closure.reason, closure.office_id, closure.incident_id)
        and hours.local_day(closure.period.lower, zone) - run.last == timedelta(days=1)
    )


def _daily(closure: Closure, zone: ZoneInfo) -> hours.Span | None:
    """The hours of a closure within one day; None where it is days long."""
    lower, upper = closure.period.lower, closure.period.upper
    day = hours.local_day(lower, zone)
    if upper > hours.instant(day + timedelta(days=1), 0, zone):
        return None
    span = hours.span_of(closure.period, zone)
    return None if (span.start, span.end) == (0, hours.DAY) else span
