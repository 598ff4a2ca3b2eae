from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

TOMORROW = datetime.combine(
    datetime.now(UTC).date() + timedelta(days=1), time(), tzinfo=UTC
)


def hours(start: float, end: float, *, day: int = 0) -> DateTimeTZRange:
    """``hours(9, 11)`` is tomorrow from 9 to 11 UTC, ``day=1`` the day after."""
    begin = TOMORROW + timedelta(days=day)
    return DateTimeTZRange(begin + timedelta(hours=start), begin + timedelta(hours=end))


def today(days: int = 0) -> date:
    """In California, where it may still be yesterday: as the pages there reckon."""
    return datetime.now(ZoneInfo("America/Los_Angeles")).date() + timedelta(days=days)


def changes_of_clocks() -> tuple[date, date]:
    """The next Sunday on which California's clocks skip 02:00, and the next on which they repeat 01:00."""
    today = datetime.now(UTC).date()
    soon = today + timedelta(days=2)
    skips = [_sunday(date(today.year + n, 3, 8)) for n in (0, 1)]
    repeats = [_sunday(date(today.year + n, 11, 1)) for n in (0, 1)]
    return (
        next(day for day in skips if day > soon),
        next(day for day in repeats if day > soon),
    )


def _sunday(day: date) -> date:
    return day + timedelta(days=(6 - day.weekday()) % 7)
