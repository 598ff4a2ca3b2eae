from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from directory.models import Community, Therapist
from spaces import hours
from spaces.hours import Span
from spaces.models import BusyCalendar

LECTURES = [Span(0, 10 * 60, 12 * 60), Span(2, 15 * 60, 16 * 60 + 30)]


def keep_busy(person: Therapist) -> BusyCalendar:
    """As if their own calendar had been read: the demo asks no server for it, not later either."""
    zone = ZoneInfo(Community.objects.current().timezone)
    today = timezone.localdate()
    dates = hours.expand(LECTURES, today, today + hours.HORIZON, zone)
    return BusyCalendar.objects.create(
        therapist=person,
        name="Institute",
        url="https://calendar.example/lectures.ics",
        busy=hours.intervals_of(dates),
        good_at=timezone.now(),
        check_at=timezone.now() + timedelta(days=3650),
    )
