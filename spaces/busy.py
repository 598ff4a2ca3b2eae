"""When somebody is busy elsewhere, as their own calendars say: reads for their own pages. Nobody else is told."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Value
from django.utils.translation import gettext as _

from directory.models import Therapist
from spaces import hours
from spaces.fields import DateTimeMultirangeField, multirange
from spaces.hours import Interval
from spaces.models import BusyCalendar
from spaces.queries import Common


def busy_intervals(
    therapist: Therapist, lower: datetime, upper: datetime
) -> list[Interval]:
    """Sorted and disjoint; of this time alone."""
    window = Value(multirange([(lower, upper)]), output_field=DateTimeMultirangeField())
    calendars = BusyCalendar.objects.filter(therapist=therapist).order_by()
    parts = calendars.annotate(part=Common("busy", window)).values_list(
        "part", flat=True
    )
    return hours.union(interval for part in parts for interval in part)


def say_clashes(
    therapist: Therapist, periods: Sequence[DateTimeTZRange], zone: ZoneInfo
) -> dict[DateTimeTZRange, str]:
    """“you are busy 18:00–18:30”, for those of the periods in which they are."""
    if not periods:
        return {}
    busy = busy_intervals(
        therapist, min(p.lower for p in periods), max(p.upper for p in periods)
    )
    found = {}
    for period in periods:
        if parts := hours.intersection(busy, [(period.lower, period.upper)]):
            spans = [hours.span_of(DateTimeTZRange(*part), zone) for part in parts]
            said = [f"{hours.clock(s.start)}–{hours.clock(s.end)}" for s in spans]
            found[period] = _("you are busy %(hours)s") % {"hours": ", ".join(said)}
    return found
