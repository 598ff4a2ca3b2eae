"""A column Django does not have: a set of periods (PostgreSQL's tstzmultirange)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from psycopg.types.multirange import TimestamptzMultirange
from psycopg.types.range import TimestamptzRange


def multirange(intervals: Iterable[tuple[datetime, datetime]]) -> TimestamptzMultirange:
    return TimestamptzMultirange(
        TimestamptzRange(lower, upper) for lower, upper in intervals
    )


def intervals(value: Iterable[Any]) -> list[tuple[datetime, datetime]]:
    return [(period.lower, period.upper) for period in value]


class DateTimeMultirangeField(models.Field):
    """Sorted, disjoint half-open periods; in Python a list of (lower, upper) in UTC."""

    description = "A set of periods"

    def db_type(self, connection: Any) -> str:
        return "tstzmultirange"

    def from_db_value(
        self, value: Any, expression: Any, connection: Any
    ) -> list[tuple[datetime, datetime]] | None:
        return None if value is None else intervals(value)

    def get_prep_value(self, value: Any) -> Any:
        return multirange(value) if isinstance(value, list | tuple) else value
