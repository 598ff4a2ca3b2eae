from datetime import UTC, datetime, time, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

TOMORROW = datetime.combine(
    datetime.now(UTC).date() + timedelta(days=1), time(), tzinfo=UTC
)


def hours(start: float, end: float, *, day: int = 0) -> DateTimeTZRange:
    """``hours(9, 11)`` is tomorrow from 9 to 11 UTC, ``day=1`` the day after."""
    begin = TOMORROW + timedelta(days=day)
    return DateTimeTZRange(begin + timedelta(hours=start), begin + timedelta(hours=end))
