"""A house of forty rooms that burns: how long the moderator's tap takes, with two thousand dates in it."""

import time
from datetime import timedelta

from django.utils import timezone

from benches.figures import Figure, say
from directory.models import Therapist
from spaces.domain.incident import confirm_incident
from spaces.enums import BookingStatus, IncidentKind, OccurrenceState
from spaces.models import (
    Booking,
    Building,
    Displacement,
    Incident,
    IncidentScope,
    Occurrence,
    Office,
)

ROOMS, DATES, A_DAY = 40, 50, 5  # dates of each room, so many a day
CLOSED_FOR = timedelta(days=14)


def confirm_a_house(size: int) -> Figure:
    """In a community that is there. Everybody in it hosts or is a guest there."""
    say(f"{ROOMS} rooms, {ROOMS * DATES:,} dates …")
    people = list(Therapist.objects.members().order_by("pk")[: ROOMS * 2])
    building = Building.objects.create(
        name="The big house",
        street="1 Long Street",
        city="Oakland",
        zip_code="94611",
        latitude=37.82,
        longitude=-122.25,
        timezone="America/Los_Angeles",
    )
    offices = Office.objects.bulk_create(
        Office(building=building, name=f"Big room {number:02}", capacity=4)
        for number in range(ROOMS)
    )
    Office.hosts.through.objects.bulk_create(
        Office.hosts.through(office=office, therapist=person)
        for office, person in zip(offices, people, strict=False)
    )
    bookings = Booking.objects.bulk_create(
        Booking(office=office, guest=person, status=BookingStatus.CONFIRMED)
        for office, person in zip(offices, reversed(people), strict=False)
    )
    first = timezone.now().replace(minute=0, second=0, microsecond=0)
    Occurrence.objects.bulk_create(
        Occurrence(
            booking=booking,
            office_id=booking.office_id,
            guest_id=booking.guest_id,
            period=(begins, begins + timedelta(hours=1)),
            state=OccurrenceState.BOOKED,
        )
        for booking in bookings
        for number in range(DATES)
        for begins in [
            first + timedelta(days=1 + number // A_DAY, hours=2 * (number % A_DAY))
        ]
    )
    moderator = Therapist.objects.moderators().order_by("pk")[0]
    incident = Incident.objects.create(
        kind=IncidentKind.FIRE, reported_by=moderator, began_at=timezone.now()
    )
    IncidentScope.objects.create(
        incident=incident, building=building, until=timezone.now() + CLOSED_FOR
    )
    began = time.monotonic()
    confirm_incident(incident, by=moderator)
    took = time.monotonic() - began
    found = Displacement.objects.filter(incident=incident, occurrence__isnull=False)
    if found.count() != ROOMS * DATES:
        raise AssertionError(f"{found.count()} dates were displaced.")
    return Figure("story.confirm", size, round(took, 3), "s")
