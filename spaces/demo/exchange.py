"""Somebody waited for an hour and has it held; dates of a booking are on offer."""

from django.utils import timezone

from directory.models import Therapist
from spaces.demo.people import People
from spaces.demo.places import Places
from spaces.demo.words import TAKE_OVER
from spaces.domain.changes import skip_dates
from spaces.domain.hand_on import offer_dates
from spaces.domain.waitlist import join_waitlist
from spaces.enums import BookingStatus, HandOnKind
from spaces.models import Occurrence, Office
from spaces.models.booking import OccurrenceQuerySet


def wait_and_hand_on(people: People, places: Places) -> None:
    """Through the front door, so those one can be are mailed."""
    _hold(places.quiet, people.moderator)
    _offer(places.institute[1], giver=people.moderator, taker=people.host)


def _hold(office: Office, guest: Therapist) -> None:
    """Of two Thursdays that somebody waits for, one has become free."""
    regular = list(_coming(office).exclude(guest=guest)[2:4])
    zone = office.building.zone
    dates = [(date.day(zone), date.span(zone)) for date in regular]
    join_waitlist(office, guest=guest, dates=dates)
    first = regular[0]
    skip_dates(first.booking, [first], by=first.guest)


def _offer(office: Office, *, giver: Therapist, taker: Therapist) -> None:
    office.allows_hand_on = True
    office.save(update_fields=["allows_hand_on"])
    dates = list(_coming(office).filter(guest=giver)[1:3])
    offer_dates(
        dates[0].booking,
        occurrences=[date.pk for date in dates],
        to=taker,
        by=giver,
        kind=HandOnKind.LEND,
        message=TAKE_OVER,
    )


def _coming(office: Office) -> OccurrenceQuerySet:
    return (
        Occurrence.objects.filter(
            office=office,
            booking__status=BookingStatus.CONFIRMED,
            period__startswith__gt=timezone.now(),
        )
        .taking()
        .select_related("booking", "guest")
        .in_order()
    )
