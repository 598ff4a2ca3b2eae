from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from directory.errors import DomainError, NotAllowedError
from directory.models import Delivery
from directory.registry import message_kind
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.booking import (
    cancel_booking,
    confirm_booking,
    decline_booking,
    expire_bookings,
    withdraw_booking,
)
from spaces.domain.entering import enter_booking
from spaces.domain.waitlist import (
    join_waitlist,
    leave_waitlist,
    rejoin_waitlist,
    settle_waitlists,
)
from spaces.enums import BookingSource
from spaces.hours import Span, local_period
from spaces.models import Booking, Occurrence, Opening, WaitlistEntry
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OpeningFactory,
)
from tests.periods import hours
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db
EVENING = Span(3, 1080, 1260)
EARLY, LATE = Span(3, 1080, 1170), Span(3, 1170, 1260)


def dates(weeks=1, span=EVENING):
    return [(thursday() + timedelta(weeks=week), span) for week in range(weeks)]


def periods(office, weeks=1, span=EVENING):
    zone = office.building.zone
    return [
        local_period(day, span.start, span.end, zone)
        for day, span in dates(weeks=weeks, span=span)
    ]


def let(office, weeks=1, span=EVENING, guest=None):
    return enter_booking(
        office,
        guest=guest or TherapistFactory(),
        periods=periods(office, weeks, span),
        price_cents_an_hour=1800,
        source=BookingSource.HOST,
        by=office.hosts.get(),
    )


def wait(office, guest=None, weeks=1, span=EVENING, **more):
    guest = guest or TherapistFactory()
    return join_waitlist(
        office, guest=guest, dates=dates(weeks=weeks, span=span), **more
    )


def states(entries):
    return [WaitlistEntry.objects.get(pk=entry.pk).state for entry in entries]


@pytest.fixture
def office():
    return open_office()


# --- The line --------------------------------------------------------------------


def test_a_freed_hour_is_held_a_day_for_the_first_in_line(office):
    booking = let(office, weeks=2)
    first, second = wait(office, weeks=2, people=3), wait(office)

    cancel_booking(booking, by=booking.guest)

    held = Booking.objects.get(source=BookingSource.WAITLIST)
    assert (held.guest, held.status, held.people) == (first[0].guest, "requested", 3)
    assert [
        (o.state, o.period, o.price_cents, o.held_until == held.answer_by)
        for o in held.occurrences.all()
    ] == [("held", period, 5400, True) for period in periods(office, 2)]
    left = held.answer_by - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    assert (states(first), states(second)) == (["held", "held"], ["waiting"])
    told = {
        (row.kind, row.recipient)
        for row in Delivery.objects.filter(cause=f"booking:{held.pk}:held")
    }
    assert told == {
        ("waitlist_held", held.guest),
        ("waitlist_asked", office.hosts.get()),
    }
    # of 17–21 on that Thursday, the first hour is still to be had
    assert Opening.objects.get(office=office).free[0][1] == periods(office)[0].lower


def test_a_hold_ends_before_the_first_hour_begins(office):
    let(office)
    wait(office)
    start = timezone.now() + timedelta(hours=1)
    if start.astimezone(office.building.zone).hour == 23:  # not over midnight
        start += timedelta(hours=1)
    period = DateTimeTZRange(start, start + timedelta(hours=1))
    OpeningFactory(
        office=office,
        weekday=period.lower.astimezone(office.building.zone).weekday(),
        start=0,
        end=1440,
    )
    taken = OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed"), period=period
    )
    WaitlistEntry.objects.all().update(period=period)

    cancel_booking(taken.booking, by=taken.guest)

    assert Booking.objects.get(source="waitlist").answer_by == start


ENDINGS = {
    "confirm": (lambda b, host: confirm_booking(b, by=host), "done", "waiting"),
    "decline": (lambda b, host: decline_booking(b, by=host), "left", "held"),
    "withdraw": (lambda b, host: withdraw_booking(b, by=b.guest), "left", "held"),
    "expire": (
        lambda b, host: expire_bookings(timezone.now() + timedelta(hours=25)),
        "left",
        "held",
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_hold_is_booked_or_goes_to_the_next_in_line(office, ending):
    booking = let(office)
    first, second = wait(office), wait(office)
    cancel_booking(booking, by=booking.guest)
    held = Booking.objects.get(source="waitlist")
    end, of_first, of_second = ENDINGS[ending]

    end(held, office.hosts.get())

    assert (states(first), states(second)) == ([of_first], [of_second])
    assert held.occurrences.get().state == (
        "booked" if ending == "confirm" else "released"
    )
    later = Booking.objects.filter(source="waitlist").exclude(pk=held.pk)
    assert [b.guest for b in later] == (
        [] if ending == "confirm" else [second[0].guest]
    )


def test_an_hour_nobody_waits_for_stays_free(office):
    booking = let(office)
    [entry] = wait(office)
    leave_waitlist(entry, by=entry.guest)

    cancel_booking(booking, by=booking.guest)

    assert not Booking.objects.filter(source="waitlist").exists()
    assert Opening.objects.get(office=office).free[0][1] >= periods(office)[0].upper


PASSED_OVER = {
    "suspended": "left",
    "blocked by the host": "left",
    "blocked the host": "left",
    "has other hours then": "waiting",
    "room too small now": "waiting",
    "closed": "waiting",
    "not offered any more": "waiting",
}


@pytest.mark.parametrize("reason", PASSED_OVER)
def test_who_cannot_have_the_hours_is_passed_over(office, reason):
    booking = let(office)
    [entry] = wait(office)
    guest, host = entry.guest, office.hosts.get()
    if reason == "suspended":
        guest.standing = "suspended"
        guest.save()
    elif reason == "blocked by the host":
        BlockFactory(blocker=host, blocked=guest)
    elif reason == "blocked the host":
        BlockFactory(blocker=guest, blocked=host)
    elif reason == "has other hours then":
        other = BookingFactory(guest=guest, status="confirmed")
        OccurrenceFactory(booking=other, period=periods(office)[0])
    elif reason == "room too small now":
        WaitlistEntry.objects.update(people=office.capacity + 1)
    elif reason == "closed":
        ClosureFactory(office=office, period=periods(office)[0])
    else:
        office.openings.all().delete()

    cancel_booking(booking, by=booking.guest)

    assert states([entry]) == [PASSED_OVER[reason]]
    assert not Booking.objects.filter(source="waitlist").exists()


def test_an_hour_had_otherwise_is_waited_for_no_longer(office):
    booking = let(office)
    [entry] = wait(office)
    booking.occurrences.update(state="cancelled")

    let(office, guest=entry.guest)

    assert states([entry]) == ["done"]


def test_hours_wait_until_all_of_them_are_free(office):
    early, late = let(office, span=EARLY), let(office, span=LATE)
    [entry] = wait(office)

    cancel_booking(early, by=early.guest)
    assert states([entry]) == ["waiting"]

    cancel_booking(late, by=late.guest)
    assert states([entry]) == ["held"]


# --- Joining and leaving -----------------------------------------------------------


def test_joining_twice_keeps_the_place(office):
    let(office, weeks=2)
    [entry] = wait(office)

    again = wait(office, guest=entry.guest, weeks=2)

    assert [e.period for e in again] == periods(office, 2)[1:]
    assert WaitlistEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("free", "is free: ask for it"),
        ("never offered", "not offered then"),
        ("closed", "closed: Holiday"),
        ("mine", "Waiting would not help"),
        ("past", "next 53 weeks"),
        ("none", "Choose at least one date"),
        ("too many people", "This room seats 8"),
    ],
)
def test_what_one_cannot_wait_for_is_said(office, which, words):
    guest = TherapistFactory()
    asked, people = dates(), 2
    if which == "never offered":
        asked = [(thursday(), Span(3, 540, 600))]
    elif which == "closed":
        let(office)
        ClosureFactory(office=office, period=periods(office)[0])
    elif which == "mine":
        let(office, guest=guest)
    elif which == "past":
        asked = [(thursday() - timedelta(weeks=2), EVENING)]
    elif which == "none":
        asked = []
    elif which == "too many people":
        people = 9

    with pytest.raises(DomainError, match=words):
        join_waitlist(office, guest=guest, dates=asked, people=people)


def test_leaving_can_be_undone_and_keeps_the_place(office):
    booking = let(office)
    first, second = wait(office), wait(office)
    leave_waitlist(first[0], by=first[0].guest)

    rejoin_waitlist(first[0], by=first[0].guest)

    cancel_booking(booking, by=booking.guest)
    assert (states(first), states(second)) == (["held"], ["waiting"])
    in_line = WaitlistEntry.objects.with_place_in_line().in_line()
    assert [entry.ahead for entry in in_line] == [0, 0]


def test_the_place_in_line_counts_who_came_first(office):
    let(office, weeks=2)
    wait(office, span=EARLY)
    wait(office, weeks=2)
    wait(office, span=LATE)

    in_line = WaitlistEntry.objects.with_place_in_line().in_line()

    assert [entry.ahead for entry in in_line] == [0, 1, 0, 1]


def test_whose_turn_has_been_does_not_get_the_old_place_back(office):
    booking = let(office)
    [entry] = wait(office)
    cancel_booking(booking, by=booking.guest)
    held = Booking.objects.get(source="waitlist")

    with pytest.raises(NotAllowedError, match="Withdraw the request"):
        leave_waitlist(entry, by=entry.guest)
    withdraw_booking(held, by=entry.guest)

    with pytest.raises(NotAllowedError):
        rejoin_waitlist(entry, by=entry.guest)
    with pytest.raises(NotAllowedError):
        leave_waitlist(entry, by=TherapistFactory())


# --- The clock ---------------------------------------------------------------------


def test_settle_waitlists_closes_what_has_begun_and_holds_what_was_missed(office):
    let(office, weeks=2)
    past, missed = wait(office), wait(office, weeks=2)[1:]
    Occurrence.objects.update(state="cancelled")
    lock_offices([office.pk])
    WaitlistEntry.objects.filter(pk=past[0].pk).update(period=hours(-48, -47))
    Opening.objects.update(free=[(hours(0, 1).lower, hours(0, 24 * 60).upper)])

    assert settle_waitlists() == 1

    assert (states(past), states(missed)) == (["past"], ["held"])
    assert settle_waitlists() == 0


@pytest.mark.django_db(transaction=True)
def test_two_freed_at_once_make_one_hold():
    """Of one room the two halves of what is waited for; of another the same hours: one hold in all."""
    office, other = open_office(), open_office()
    guest = TherapistFactory()
    bookings = [let(office, span=EARLY), let(office, span=LATE), let(other)]
    wait(office, guest=guest)
    wait(other, guest=guest)
    barrier = Barrier(3)
    outcomes = []

    def cancel(booking):
        try:
            barrier.wait()
            cancel_booking(booking, by=booking.guest)
            outcomes.append("cancelled")
        except Exception as error:  # noqa: BLE001 -- a deadlock must be seen, not lost with its thread
            outcomes.append(repr(error))
        finally:
            connection.close()

    threads = [Thread(target=cancel, args=[booking]) for booking in bookings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == ["cancelled"] * 3
    assert Booking.objects.filter(source="waitlist", guest=guest).count() == 1
    assert sorted(states(WaitlistEntry.objects.all())) == ["held", "waiting"]


# --- What is said --------------------------------------------------------------------


def test_both_are_told_of_the_hold_and_until_when(office):
    booking = let(office)
    wait(office, guest=TherapistFactory(name="Kim Osei"))
    cancel_booking(booking, by=booking.guest)

    said = {}
    for row in Delivery.objects.filter(kind__startswith="waitlist_"):
        said[row.kind] = message_kind(row.kind).render([row])[row.pk]

    assert said["waitlist_asked"].subject.startswith("Kim Osei was waiting: ")
    assert "held for Kim until" in said["waitlist_asked"].text
    assert said["waitlist_held"].subject.startswith("Free again, held for you: ")
    for mail in said.values():
        assert "18:00–21:00" in mail.subject
        assert "$18 / hour" in mail.text
        assert "$18 / hour" in mail.html
    refresh_free([office.pk])  # again is no second hold
    assert Booking.objects.filter(source="waitlist").count() == 1
