"""When somebody is busy, as their own calendars and the hours they booked say: reads for their own pages. Nobody else
is told.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.models import Therapist
from spaces import hours
from spaces.enums import OccurrenceState
from spaces.fields import DateTimeMultirangeField, multirange
from spaces.hours import Interval
from spaces.models import BusyCalendar, Occurrence
from spaces.queries import Common
from spaces.words import say_date

MOST_DAYS = 3  # named; the others are counted


def busy_intervals(
    therapist: Therapist, lower: datetime, upper: datetime
) -> list[Interval]:
    """Elsewhere, as their calendars say. Sorted and disjoint; of this time alone."""
    return hours.union(_elsewhere(therapist, [(lower, upper)]))


def engaged(therapist: Therapist, periods: Sequence[Interval]) -> list[Interval]:
    """When, of these ``periods`` (sorted and disjoint), they are busy elsewhere or have hours here already.

    Hours of a place that is lost do not count: whoever looks for others wants them for just then.
    """
    if not periods:
        return []
    own = Occurrence.objects.filter(
        guest=therapist,
        state__in=[OccurrenceState.BOOKED, OccurrenceState.HELD],
        period__overlap=DateTimeTZRange(periods[0][0], periods[-1][1]),
    )
    booked = own.order_by().values_list("period", flat=True)
    found = [
        *_elsewhere(therapist, periods),
        *((period.lower, period.upper) for period in booked),
    ]
    return hours.intersection(hours.union(found), periods)


def _elsewhere(therapist: Therapist, periods: Sequence[Interval]) -> Iterator[Interval]:
    window = Value(multirange(periods), output_field=DateTimeMultirangeField())
    calendars = BusyCalendar.objects.filter(therapist=therapist).order_by()
    parts = calendars.annotate(part=Common("busy", window)).values_list(
        "part", flat=True
    )
    return chain.from_iterable(parts)


def say_engaged(intervals: Sequence[Interval], zone: ZoneInfo) -> str:
    """“You are busy then: Tue 1 Dec, Tue 8 Dec, Tue 15 Dec and 9 more dates”; nothing if there are none."""
    days = list(dict.fromkeys(hours.local_day(lower, zone) for lower, _u in intervals))
    if not days:
        return ""
    said = ", ".join(say_date(day) for day in days[:MOST_DAYS])
    more = len(days) - MOST_DAYS
    if more <= 0:
        return _("You are busy then: %(days)s") % {"days": said}
    return ngettext(
        "You are busy then: %(days)s and %(count)s more date",
        "You are busy then: %(days)s and %(count)s more dates",
        more,
    ) % {"days": said, "count": more}


def say_clashes(
    therapist: Therapist, periods: Sequence[DateTimeTZRange], zone: ZoneInfo
) -> dict[DateTimeTZRange, str]:
    """“you are busy 18:00–18:30”, for those of the periods in which they are."""
    busy = engaged(therapist, hours.union((p.lower, p.upper) for p in periods))
    found = {}
    for period in periods:
        if parts := hours.intersection(busy, [(period.lower, period.upper)]):
            spans = [hours.span_of(DateTimeTZRange(*part), zone) for part in parts]
            said = [f"{hours.clock(s.start)}–{hours.clock(s.end)}" for s in spans]
            found[period] = _("you are busy %(hours)s") % {"hours": ", ".join(said)}
    return found
