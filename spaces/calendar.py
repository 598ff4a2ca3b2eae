"""Booked dates as calendars: feeds that programs subscribe to, and invitations in mails.

The dates of a booking that share their hours make one event: weekly, with what is special about a single date beside
it (RECURRENCE-ID). Its UID is that of its first date for good, and its SEQUENCE grows with every change of any of its
dates, so feeds and mails never show a date twice. Nobody is named in it: a calendar is often shared.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from itertools import pairwise
from math import gcd
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Max, OuterRef, Q, Subquery
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from directory.models import Therapist
from directory.registry import Attachment
from directory.text import one_line
from spaces import hours
from spaces.enums import OccurrenceState
from spaces.models import Booking, BookingEvent, Occurrence
from spaces.models.booking import OccurrenceQuerySet
from spaces.vtimezone import WEEKDAYS, vtimezone

STANDING = [OccurrenceState.BOOKED, OccurrenceState.HELD]
NEVER_TOLD = [OccurrenceState.ASKED, OccurrenceState.LOST, OccurrenceState.DECLINED]
STATUS = {
    OccurrenceState.BOOKED: "CONFIRMED",
    OccurrenceState.HELD: "TENTATIVE",
}  # any other: CANCELLED
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Reader:
    """Whose calendar it is: the dates of a guest, of some rooms, or both. ``names_rooms`` instead of addresses."""

    guest_id: int | None = None
    office_ids: frozenset[int] = frozenset()
    names_rooms: bool = False

    def has(self, occurrence: Occurrence) -> bool:
        return (
            occurrence.guest_id == self.guest_id
            or occurrence.office_id in self.office_ids
        )

    @property
    def dates(self) -> Q:
        return Q(guest=self.guest_id) | Q(office__in=self.office_ids)


# --- Feeds -----------------------------------------------------------------------


def dates_for(reader: Reader, lower: datetime, upper: datetime) -> OccurrenceQuerySet:
    """All dates of the bookings that have one of the reader's in this time: a series is told whole."""
    mine = Occurrence.objects.filter(reader.dates).overlapping(lower, upper)
    told = mine.exclude(state__in=NEVER_TOLD)
    return _told_whole(Occurrence.objects.filter(booking__in=told.values("booking")))


def dates_of(booking: Booking) -> OccurrenceQuerySet:
    """The same of one booking."""
    return _told_whole(Occurrence.objects.filter(booking=booking))


def _told_whole(dates: OccurrenceQuerySet) -> OccurrenceQuerySet:
    events = BookingEvent.objects.filter(booking=OuterRef("booking")).order_by()
    latest = events.values("booking").annotate(at=Max("created_at")).values("at")
    return (
        dates.select_related("office__building", "booking__office__building")
        .annotate(changed_at=Greatest("booking__created_at", Subquery(latest)))
        .in_order()
    )


def feed_of(dates: Iterable[Occurrence], reader: Reader, *, name: str) -> str:
    """The .ics file of these dates, as ``dates_for`` finds them. The same until one of them changes."""
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", vText(one_line(name)))
    calendar.add(
        "refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"}
    )
    calendar.add("x-published-ttl", "PT1H")
    for series in series_of(dates):
        for event in series.events(reader, filter(_was_told, series.dates)):
            event.add("dtstamp", series.changed_at)
            event.add("last-modified", series.changed_at)
            event.add("organizer", _organizer())
            calendar.add_component(event)
    return _text(calendar)


def _was_told(occurrence: Occurrence) -> bool:
    """Booked or held, or once so: what is off stays in the feed, struck out."""
    if occurrence.state == OccurrenceState.SKIPPED:
        return occurrence.sequence > 0
    return occurrence.state not in NEVER_TOLD


# --- Invitations in mails -----------------------------------------------------------


def invitations(
    booking: Booking,
    recipient: Therapist,
    *,
    about: Iterable[Occurrence] | None = None,
) -> list[Attachment]:
    """What the recipient's calendar should know now (iTIP): one REQUEST for each series that stands, a CANCEL for each
    that does not any more. ``about`` some dates: only the series they belong to.

    For guests and hosts; ``booking`` as with ``with_parties().with_dates()``.
    """
    reader = Reader(
        recipient.pk,
        frozenset(_offices(booking))
        if any(host.pk == recipient.pk for host in booking.office.hosts.all())
        else frozenset(),
    )
    wanted = None if about is None else {occurrence.pk for occurrence in about}
    dates = [_with_place(o, booking) for o in booking.occurrences.all()]
    found = []
    for series in series_of(dates):
        if wanted is not None and not wanted & {o.pk for o in series.dates}:
            continue
        if calendar := _invitation(series, reader, recipient):
            found.append(calendar)
    return [
        _attachment(calendar, number, is_only=len(found) == 1)
        for number, calendar in enumerate(found, start=1)
    ]


def _offices(booking: Booking) -> set[int]:
    return {booking.office_id, *(o.office_id for o in booking.occurrences.all())}


def _with_place(occurrence: Occurrence, booking: Booking) -> Occurrence:
    """Saves a query per date: unless one date moved to another room, its office is the booking's."""
    occurrence.booking = booking
    if occurrence.office_id == booking.office_id:
        occurrence.office = booking.office
    return occurrence


def _invitation(
    series: "Series", reader: Reader, recipient: Therapist
) -> Calendar | None:
    standing = [o for o in series.dates if o.state in STANDING]
    calendar = _calendar("REQUEST")
    events = series.events(reader, standing)
    if not events:
        calendar = _calendar("CANCEL")
        events = series.events(reader, filter(_was_told, series.dates))[:1]
    now = timezone.now()
    for event in events:
        event.add("dtstamp", now)
        event.add("organizer", _organizer())
        event.add("attendee", _attendee(recipient))
        calendar.add_component(event)
    return calendar if events else None


def _attendee(recipient: Therapist) -> vCalAddress:
    """Alone, whoever else comes: addresses are not passed on. They agreed already, so no answer is wanted."""
    attendee = vCalAddress(f"mailto:{recipient.address}")
    attendee.params.update(
        {
            "CUTYPE": "INDIVIDUAL",
            "ROLE": "REQ-PARTICIPANT",
            "PARTSTAT": "ACCEPTED",
            "RSVP": "FALSE",
        }
    )
    return attendee


def _attachment(calendar: Calendar, number: int, *, is_only: bool) -> Attachment:
    """Mail programs act on one invitation a mail, where it stands beside the text; more than one are files to open."""
    method = str(calendar["METHOD"])
    invitation = f"text/calendar; method={method}"
    return Attachment(
        name="room.ics" if number == 1 else f"room-{number}.ics",
        mimetype="application/ics" if is_only else invitation,
        content=_text(calendar),
        alternative=invitation if is_only else "",
    )


# --- A series and its events --------------------------------------------------------


@dataclass(frozen=True)
class Face:
    """What a calendar shows of a date, but for its hours."""

    status: str
    location: str
    description: str
    is_transparent: bool


class Series:
    """The dates of one booking that first had the same hours of the day, in order of time; those never booked, too."""

    def __init__(self, dates: Sequence[Occurrence]) -> None:
        self.dates = sorted(dates, key=lambda o: (_first(o).lower, o.pk))
        self.booking = self.dates[0].booking
        self.zone = self.booking.office.building.zone
        self.uid = _uid(min(o.pk for o in dates))
        self.sequence = sum(o.sequence + 1 for o in dates) - 1  # a new date is a change
        self.repeated = {  # a second row for a day that the series knows already: an event by itself
            later.pk
            for earlier, later in pairwise(self.dates)
            if _first(earlier).lower == _first(later).lower
        }

    @property
    def changed_at(self) -> datetime:
        """As ``dates_for`` annotates it."""
        moments: list[datetime] = [o.changed_at for o in self.dates]  # type: ignore[attr-defined]  # annotated
        return max(moments)

    def events(self, reader: Reader, dates: Iterable[Occurrence]) -> list[Event]:
        """Of these dates, as far as they are the reader's: the weekly event first."""
        mine = [o for o in dates if reader.has(o)]
        weekly = [o for o in mine if o.pk not in self.repeated]
        alone = [o for o in mine if o.pk in self.repeated]
        return [
            *self._weekly(reader, weekly),
            *(self._event(_uid(o.pk), o.period, _face(o, reader)) for o in alone),
        ]

    def _weekly(self, reader: Reader, dates: Sequence[Occurrence]) -> list[Event]:
        if not dates:
            return []
        faces = {o.pk: _face(o, reader) for o in dates}
        if len(dates) == 1:
            [only] = dates
            return [self._event(self.uid, only.period, faces[only.pk])]
        standing = [o for o in dates if o.state in STANDING]
        usual = faces[(standing or dates)[0].pk]
        first = _first(dates[0])
        master = self._event(self.uid, first, usual)
        self._repeat(master, [_first(o).lower for o in dates])
        length = first.upper - first.lower
        return [
            master,
            *(
                self._event(self.uid, o.period, faces[o.pk], instead_of=_first(o).lower)
                for o in dates
                if faces[o.pk] != usual
                or o.period != _first(o)
                or o.period.upper - o.period.lower != length
            ),
        ]

    def _repeat(self, master: Event, starts: Sequence[datetime]) -> None:
        """Every week, or every so many, with exceptions: the kind of rule that every program knows."""
        days = [hours.local_day(start, self.zone) for start in starts]
        weekdays = sorted({day.weekday() for day in days})
        mondays = [day - timedelta(days=day.weekday()) for day in days]
        interval = gcd(*((monday - mondays[0]).days // 7 for monday in mondays)) or 1
        rule: dict[str, Any] = {
            "freq": "weekly",
            "interval": interval,
            "until": [starts[-1].astimezone(UTC)],
            "byday": [WEEKDAYS[weekday] for weekday in weekdays],
            "wkst": "MO",
        }
        master.add("rrule", rule)
        time = starts[0].astimezone(self.zone).timetz()
        monday = mondays[0]
        while monday <= days[-1]:
            for weekday in weekdays:
                day = monday + timedelta(days=weekday)
                if days[0] <= day <= days[-1] and day not in days:
                    master.add("exdate", datetime.combine(day, time))
            monday += interval * WEEK

    def _event(
        self,
        uid: str,
        period: DateTimeTZRange,
        face: Face,
        *,
        instead_of: datetime | None = None,
    ) -> Event:
        event = Event()
        event.add("uid", uid)
        event.add("sequence", self.sequence)
        if instead_of:
            event.add("recurrence-id", instead_of.astimezone(self.zone))
        for name, moment in zip(("dtstart", "dtend"), self._ends(period), strict=True):
            event.add(name, moment)
        is_off = face.status == "CANCELLED"
        event.add(
            "summary", _("Cancelled: room booked") if is_off else _("Room booked")
        )
        event.add("status", face.status)
        event.add("transp", "TRANSPARENT" if face.is_transparent else "OPAQUE")
        event.add("class", "PRIVATE")
        event.add("url", f"{settings.BASE_URL}{self.booking.get_absolute_url()}")
        if face.location:
            event.add("location", face.location)
        if face.description:
            event.add("description", face.description)
        return event

    def _ends(self, period: DateTimeTZRange) -> list[datetime]:
        """What the clock shows there; at the second of two hours of the same name that can only be told in UTC."""
        moments = [period.lower, period.upper]
        local = [moment.astimezone(self.zone) for moment in moments]
        if any(moment.fold for moment in local):
            return [moment.astimezone(UTC) for moment in moments]
        return local


def series_of(dates: Iterable[Occurrence]) -> list[Series]:
    """With ``booking__office__building`` and ``office__building`` loaded."""
    found: dict[tuple[int, int, int], list[Occurrence]] = defaultdict(list)
    for occurrence in dates:
        zone = occurrence.booking.office.building.zone
        span = hours.span_of(_first(occurrence), zone)
        found[occurrence.booking_id, span.start, span.end].append(occurrence)
    return [Series(rows) for rows in found.values()]


def _first(occurrence: Occurrence) -> DateTimeTZRange:
    """Where it stood before it was moved, if it was."""
    return occurrence.moved_from or occurrence.period


def _face(occurrence: Occurrence, reader: Reader) -> Face:
    status = STATUS.get(OccurrenceState(occurrence.state), "CANCELLED")
    is_off = status == "CANCELLED"
    return Face(
        status=status,
        location="" if is_off else _place(occurrence, reader),
        description={
            OccurrenceState.DISPLACED: _(
                "Displaced: the room is not to be had at this time."
            ),
            OccurrenceState.HELD: _("Held, not booked yet."),
        }.get(OccurrenceState(occurrence.state), ""),
        is_transparent=is_off
        or reader.guest_id
        not in {None, occurrence.guest_id},  # the room is taken, not its host
    )


def _place(occurrence: Occurrence, reader: Reader) -> str:
    """A room's address is told once it is booked; to its hosts always."""
    if reader.names_rooms:
        return occurrence.office.name
    is_host = occurrence.office_id in reader.office_ids
    if occurrence.state == OccurrenceState.HELD and not is_host:
        return ""
    building = occurrence.office.building
    parts = [building.street, occurrence.office.suite, building.city]
    return ", ".join(part for part in parts if part)


def _uid(occurrence_id: int) -> str:
    return f"occurrence-{occurrence_id}@{urlsplit(settings.BASE_URL).hostname}"


# --- The file ------------------------------------------------------------------------


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Therapist community//Rooms//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _organizer() -> vCalAddress:
    return vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")


def _text(calendar: Calendar) -> str:
    """With the zones that its events speak of, for the years they are in."""
    starts = [event.decoded("dtstart") for event in calendar.walk("VEVENT")]
    ends = [
        rule["UNTIL"][0]
        for event in calendar.walk("VEVENT")
        if (rule := event.get("rrule"))
    ]
    years = [moment.year for moment in [*starts, *ends]]
    zones = {
        start.tzinfo.key: start.tzinfo
        for start in starts
        if isinstance(start.tzinfo, ZoneInfo)
    }
    for key in sorted(zones, reverse=True):
        component = vtimezone(zones[key], min(years), max(years) + 1)
        calendar.subcomponents.insert(0, component)
    return str(calendar.to_ical(), "utf-8")
