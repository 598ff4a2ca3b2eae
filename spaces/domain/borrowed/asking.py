"""Asking both sides, once, when the guest's own room is open again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from spaces import hours
from spaces.domain.borrowed.sides import (
    ANSWER_WITHIN,
    GUEST,
    HOST,
    dates_from,
    people_of,
    tell,
)
from spaces.enums import BookingStatus, IncidentStatus, OccurrenceState, WayBackStatus
from spaces.models import (
    Booking,
    BorrowedRoom,
    Closure,
    Incident,
    Occurrence,
    Office,
    UsualHours,
    WayBack,
)
from spaces.models.booking import TAKEN, BookingQuerySet
from spaces.ties import offices_of

OWN = [*TAKEN, OccurrenceState.RELEASED]


def ask_everybody(now: datetime | None = None) -> None:
    """The clock: of rooms that opened because their day came."""
    for pk in sorted(
        set(_unasked(now).values_list("offer__need__incident", flat=True))
    ):
        with transaction.atomic():
            incident = Incident.objects.select_for_update(no_key=True).get(pk=pk)
            ask_of_borrowed(incident, now)


def ask_of_borrowed(incident: Incident, now: datetime | None = None) -> None:
    """Of each room borrowed because of it for hours whose own room is open. The caller holds the incident's lock."""
    if incident.status == IncidentStatus.REPORTED:
        return  # nothing is decided
    now = now or timezone.now()
    if not _is_any_room_open(incident, now):
        return
    unasked = _unasked(now).filter(offer__need__incident=incident)
    for booking in unasked.with_parties().with_dates().order_by("pk"):
        if _is_own_room_open(booking, incident, now):
            _ask(booking, incident, now)


def _is_any_room_open(incident: Incident, now: datetime) -> bool:
    """Of those that it closes or closed: looked at each minute, so before anything else."""
    closures = Closure.objects.filter(
        Q(office=OuterRef("pk")) | Q(building=OuterRef("building")),
        period__contains=now,
    )
    rooms = Office.objects.filter(pk__in=offices_of(incident))
    return rooms.exclude(Exists(closures)).exists()


def _unasked(now: datetime | None = None) -> BookingQuerySet:
    to_come = Occurrence.objects.filter(
        booking=OuterRef("pk"),
        guest=OuterRef("guest"),
        state=OccurrenceState.BOOKED,
        period__startswith__gt=now or timezone.now(),
    )
    return Booking.objects.filter(
        Exists(to_come),
        status=BookingStatus.CONFIRMED,
        offer__need__incident__isnull=False,
        borrowed=None,
    )


def _is_own_room_open(booking: Booking, incident: Incident, now: datetime) -> bool:
    """Some date to come has its own room, which is open now and then."""
    dates = dates_from(booking, None)
    rooms = _own_rooms(booking, incident, dates)
    closures = list(
        Closure.objects.filter(
            Q(office__in=rooms) | Q(building__in=[room.building_id for room in rooms]),
            period__endswith__gt=now,
        )
    )

    def is_open(room: Office, lower: datetime, upper: datetime) -> bool:
        return not any(
            shut.period.lower < upper and lower < shut.period.upper
            for shut in closures
            if shut.office_id == room.pk or shut.building_id == room.building_id
        )

    soon = now + timedelta(seconds=1)
    return any(
        is_open(room, now, soon) and is_open(room, date.period.lower, date.period.upper)
        for room in rooms
        for date in dates
    )


def _own_rooms(
    booking: Booking, incident: Incident, dates: Sequence[Occurrence]
) -> list[Office]:
    """Where the guest would be in these hours: by dates or usual hours of their own; else where they are host, else
    where they are at other hours. A trainee with none of these has the rooms of the incident.
    """
    guest, zone = booking.guest, booking.office.building.zone
    rooms = {
        room.pk: room
        for room in Office.objects.filter(pk__in=offices_of(incident)).exclude(
            pk=booking.office_id
        )
    }
    spans = {date.span(zone) for date in dates}
    periods = [(date.period.lower, date.period.upper) for date in dates]
    own: set[int] = set()
    known: set[int] = set()
    for usual in UsualHours.objects.filter(therapist=guest, office__in=rooms):
        known.add(usual.office_id)
        if hours.common_spans([usual.span], spans):
            own.add(usual.office_id)
    for office_id, period in Occurrence.objects.filter(
        guest=guest,
        office__in=rooms,
        state__in=OWN,
        period__endswith__gt=timezone.now(),
    ).values_list("office", "period"):
        known.add(office_id)
        if hours.intersection([(period.lower, period.upper)], periods):
            own.add(office_id)
    hosted = set(guest.offices.filter(pk__in=rooms).values_list("pk", flat=True))
    return [rooms[pk] for pk in (own or hosted or known or rooms)]


def _ask(booking: Booking, incident: Incident, now: datetime) -> None:
    """Who has to choose between the two rooms anyway hears of both with that question."""
    borrowed = BorrowedRoom.objects.create(
        booking=booking, incident=incident, answer_by=now + ANSWER_WITHIN
    )
    people = people_of(borrowed, GUEST) | people_of(borrowed, HOST)
    if WayBack.objects.filter(
        incident=incident, guest=booking.guest, status=WayBackStatus.ASKED
    ).exists():
        people -= {booking.guest}
    tell(borrowed, "borrowed_asked", people, "asked")
