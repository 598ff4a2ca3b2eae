"""Somebody goes: their bookings run out through the agreed notice, all else of theirs ends; for safety, at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from directory.domain.departure import settle_departures
from directory.domain.membership import (
    leave,
    reinstate_member,
    suspend_member,
    take_back_leaving,
)
from directory.models import Delivery, StandingEvent
from spaces.models import Occurrence
from tests.factories.directory import ModeratorFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    HandOnFactory,
    LoanFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    OfficeFactory,
    WaitlistEntryFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db
DAYS = [0, 5, 9, 30]  # from tomorrow on; the notice is seven days
KEPT, ENDED = ["booked"], ["cancelled"]


def series(guest, office):
    booking = BookingFactory(
        guest=guest, office=office, status="confirmed", notice_days=7
    )
    for day in DAYS:
        OccurrenceFactory(booking=booking, state="booked", period=hours(9, 10, day=day))
    return booking


def states(booking):
    dates = Occurrence.objects.filter(booking=booking).in_order()
    return [date.state for date in dates]


def told(kind):
    found = Delivery.objects.filter(kind=kind)
    return set(found.values_list("recipient", flat=True))


def leaves(person):
    leave(person, by=person)


def is_suspended(person, **how):
    suspend_member(person, by=ModeratorFactory(), reason="A complaint.", **how)


def is_unsafe(person):
    is_suspended(person, is_unsafe=True)


GOES = [
    (leaves, KEPT * 2 + ENDED * 2),
    (is_suspended, KEPT * 2 + ENDED * 2),
    (is_unsafe, ENDED * 4),
]


@pytest.mark.parametrize("side", ["guest", "host"])
@pytest.mark.parametrize(("goes", "expected"), GOES)
def test_bookings_run_out_through_the_agreed_notice(goes, expected, side):
    """Nothing that ends is due, both are told once, and what is done is done once."""
    guest, host = TherapistFactory(), TherapistFactory()
    booking = series(guest, OfficeFactory(hosts=[host]))
    goes({"guest": guest, "host": host}[side])
    settle_departures()
    StandingEvent.objects.update(settled_at=None)
    settle_departures()

    assert states(booking) == expected
    assert not booking.occurrences.filter(is_due=True).exists()
    assert told("booking_changed") == {guest.pk, host.pk}
    event = booking.events.get(change="ended")
    booking.refresh_from_db()
    assert booking.status == ("confirmed" if expected[0] == "booked" else "ended")
    assert ("agreed notice of 7 days" in event.note) == (expected[0] == "booked")
    assert guest.name not in event.note + host.name


def test_the_notice_counts_from_when_they_went():
    """Not from when a worker came to it, and of whoever is back by then nothing ends."""
    late, back = TherapistFactory(), TherapistFactory()
    moved, whole = (series(one, OfficeFactory()) for one in (late, back))
    for person in (late, back):
        is_suspended(person)
    StandingEvent.objects.filter(therapist=late).update(
        created_at=timezone.now() - timedelta(days=4)
    )
    reinstate_member(back, by=ModeratorFactory())
    settle_departures()

    assert states(moved) == KEPT + ENDED * 3
    assert states(whole) == KEPT * 4


def test_a_room_that_others_let_too_stays_with_them():
    """With all that is booked there, when its host leaves; while one is suspended, too."""
    gone, other, out = TherapistFactory.create_batch(3)
    bookings = [
        series(TherapistFactory(), OfficeFactory(hosts=[one, other]))
        for one in (gone, out)
    ]
    leaves(gone)
    is_suspended(out)
    settle_departures()

    assert [states(booking) for booking in bookings] == [KEPT * 4] * 2
    assert set(bookings[0].office.hosts.all()) == {other}
    assert set(bookings[1].office.hosts.all()) == {other, out}


def test_what_was_asked_for_and_offered_ends():
    who = TherapistFactory()
    room = OfficeFactory(hosts=[who])
    given = HandOnFactory(giver=who, booking__guest=who)
    rows = {
        "withdrawn": [
            BookingFactory(guest=who),
            OfferFactory(helper=who, office=room),
            given,
            LoanFactory(author=who),
        ],
        "declined": [BookingFactory(office=room), HandOnFactory(taker=who)],
        "closed": [NeedFactory(therapist=who)],
        "open": [LoanFactory(partner=who, status="claimed")],
        "picked_up": [LoanFactory(partner=who, status="picked_up")],
    }
    waits = WaitlistEntryFactory(guest=who)
    others = NeedFactory()
    leaves(who)
    settle_departures()

    for expected, found in rows.items():
        for row in found:
            row.refresh_from_db()
            assert row.status == expected, row
    waits.refresh_from_db()
    others.refresh_from_db()
    assert (waits.state, others.status) == ("left", "open")


def test_leaving_is_taken_back_as_it_was():
    """For 14 days, to the same standing: who was suspended does not come back a member by leaving."""
    member, out, late = TherapistFactory.create_batch(3)
    is_suspended(out)
    for person in (member, out, late):
        leave(person, by=person)
    StandingEvent.objects.filter(therapist=late).update(
        created_at=timezone.now() - timedelta(days=14)
    )
    for person in (member, out):
        take_back_leaving(person, by=person)
    with pytest.raises(Exception, match="no longer be taken back"):
        take_back_leaving(late, by=late)

    for person, standing in [(member, "member"), (out, "suspended"), (late, "left")]:
        person.refresh_from_db()
        assert person.standing == standing
    assert told("membership_left") == {member.pk, out.pk, late.pk}
