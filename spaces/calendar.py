"""Booked dates as a calendar file: attached to mails, and as a feed."""

from collections.abc import Iterable
from datetime import timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress

from spaces.enums import OccurrenceState
from spaces.models import Occurrence

STANDING = [OccurrenceState.BOOKED, OccurrenceState.HELD]


def calendar_of(
    occurrences: Iterable[Occurrence], *, name: str = "", method: str = "PUBLISH"
) -> str:
    """An .ics file of these dates, with ``office__building`` loaded. The titles are neutral: a calendar is often
    shared, so nobody is named in it.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Therapist community//Rooms//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
        calendar.add(
            "refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"}
        )
    for occurrence in occurrences:
        calendar.add_component(_event(occurrence, is_cancelled=method == "CANCEL"))
    return str(calendar.to_ical(), "utf-8")


def _event(occurrence: Occurrence, *, is_cancelled: bool) -> Event:
    is_cancelled = is_cancelled or occurrence.state not in STANDING
    event = Event()
    event.add(
        "uid", f"occurrence-{occurrence.pk}@{urlsplit(settings.BASE_URL).hostname}"
    )
    event.add("dtstamp", timezone.now())
    event.add("dtstart", occurrence.period.lower)
    event.add("dtend", occurrence.period.upper)
    event.add("summary", _("Room booked"))
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("sequence", 1 if is_cancelled else 0)
    event.add("class", "PRIVATE")
    event.add(
        "organizer", vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    )
    path = reverse("spaces:booking_detail", args=[occurrence.booking_id])
    event.add("url", f"{settings.BASE_URL}{path}")
    if not is_cancelled:
        event.add("location", _place(occurrence))
    return event


def _place(occurrence: Occurrence) -> str:
    building = occurrence.office.building
    parts = [building.street, occurrence.office.suite, building.city]
    return ", ".join(part for part in parts if part)
