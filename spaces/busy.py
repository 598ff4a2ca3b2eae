"""When somebody is busy, as their own calendars and the hours they booked say: reads for their own pages. Nobody else
is told.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Func, QuerySet, Value
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
    parts = _elsewhere(therapist, [(lower, upper)])
    return hours.union(chain.from_iterable(parts))


def engaged(therapist: Therapist, periods: Sequence[Interval]) -> list[Interval]:
    """When, of these ``periods`` (sorted and disjoint), they are busy elsewhere or have hours here already.

    Hours of a place that is lost do not count: whoever looks for others wants them for just then.
    """
    if not periods:
        return []
    own = Occurrence.objects.of_guests(
        [therapist.pk], periods[0][0], periods[-1][1]
    ).filter(state__in=[OccurrenceState.BOOKED, OccurrenceState.HELD])
    booked = own.order_by().annotate(
        part=Func(
            "period",
            function="tstzmultirange",
            output_field=DateTimeMultirangeField(),
        )
    )
    parts = _elsewhere(therapist, periods).union(
        booked.values_list("part", flat=True), all=True
    )
    return hours.intersection(hours.union(chain.from_iterable(parts)), periods)


def _elsewhere(
    therapist: Therapist, periods: Sequence[Interval]
) -> QuerySet[BusyCalendar, list[Interval]]:
    """Of each of their calendars, what it says of these periods."""
    window = Value(multirange(periods), output_field=DateTimeMultirangeField())
    calendars = BusyCalendar.objects.filter(therapist=therapist).order_by()
    return calendars.annotate(part=Common("busy", window)).values_list(
        "part", flat=True
    )


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
