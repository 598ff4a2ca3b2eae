from contextlib import nullcontext
from datetime import date, timedelta
from itertools import product
from threading import Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery
from spaces.domain.asking import request_booking
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.booking import (
    cancel_booking,
    confirm_booking,
    decline_booking,
    end_bookings,
    expire_bookings,
    next_statuses,
    withdraw_booking,
)
from spaces.domain.entering import enter_booking
from spaces.domain.planning import plan_dates
from spaces.enums import BookingSource, BookingStatus, OccurrenceState
from spaces.errors import HoursError, SlotTakenError
from spaces.hours import Span
from spaces.models import Booking, Occurrence
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db

VERBS = {
    "confirm": confirm_booking,
    "decline": decline_booking,
    "withdraw": withdraw_booking,
    "cancel": cancel_booking,
}
ALLOWED = {
    ("requested", "confirm", "host"): "confirmed",
    ("requested", "decline", "host"): "declined",
    ("requested", "decline", "supervisor"): "declined",
    ("requested", "decline", "clock"): "declined",
    ("requested", "withdraw", "guest"): "withdrawn",
    ("awaiting", "confirm", "supervisor"): "confirmed",
    ("awaiting", "decline", "host"): "declined",
    ("awaiting", "decline", "supervisor"): "declined",
    ("awaiting", "decline", "clock"): "declined",
    ("awaiting", "withdraw", "guest"): "withdrawn",
    ("confirmed", "cancel", "host"): "cancelled",
    ("confirmed", "cancel", "guest"): "cancelled",
}
ROLES = ["host", "guest", "supervisor", "outsider", "clock"]


@pytest.mark.parametrize("status", BookingStatus.values)
def test_booking_moves_only_as_allowed(status, subtests):
    date = OccurrenceFactory(
        booking__status=status,
        booking__party=TherapistFactory(),
        booking__approved_at=timezone.now(),
    )
    booking = date.booking
    people = {
        "host": booking.office.hosts.get(),
        "guest": booking.guest,
        "supervisor": booking.party,
        "outsider": TherapistFactory(),
        "clock": None,
    }
    for verb, role in product(VERBS, ROLES):
        expected = ALLOWED.get((status, verb, role), status)
        with subtests.test(f"{verb} by {role}"), transaction.atomic():
            with (
                nullcontext() if expected != status else pytest.raises(NotAllowedError)
            ):
                VERBS[verb](booking, by=people[role])

            assert Booking.objects.get(pk=booking.pk).status == expected
            transaction.set_rollback(True)


BUTTONS = {
    ("requested", "host"): {"confirmed", "declined"},
    ("requested", "guest"): {"withdrawn"},
    ("requested", "supervisor"): {"declined"},
    ("awaiting", "host"): {"declined"},
    ("awaiting", "guest"): {"withdrawn"},
    ("awaiting", "supervisor"): {"confirmed", "declined"},
    ("confirmed", "host"): {"cancelled"},
    ("confirmed", "guest"): {"cancelled"},
}


def test_next_statuses_are_the_buttons_of_the_table():
    for status, role in product(BookingStatus.values, ["host", "guest", "supervisor"]):
        booking = BookingFactory(status=status, party=TherapistFactory())
        people = {
            "host": booking.office.hosts.get(),
            "guest": booking.guest,
            "supervisor": booking.party,
        }

        assert set(next_statuses(booking, people[role])) == BUTTONS.get(
            (status, role), set()
        ), (status, role)


@pytest.fixture
def office():
    """Open Thursdays 17–21 at $18, and Thursdays 20–22 at $10."""
    office = OfficeFactory()
    OpeningFactory(office=office)
    OpeningFactory(office=office, start=1200, end=1320, price_cents=1000)
    refresh_free([office.pk])
    return office


def thursdays(office, weeks, start=1020, end=1140):
    today = timezone.now().astimezone(office.building.zone).date()
    first = today + timedelta(days=1)
    return {
        "spans": [Span(3, start, end)],
        "first_date": first,
        "last_date": first + timedelta(weeks=weeks) - timedelta(days=1),
    }


def ask(office, guest=None, weeks=3, **when):
    guest = guest or TherapistFactory()
    planned = plan_dates(office, guest=guest, **thursdays(office, weeks, **when))
    return request_booking(
        office, guest=guest, dates=[(item.day, item.span) for item in planned]
    )


def test_plan_dates_costs_the_cheapest_opening_per_half_hour(office):
    planned = plan_dates(
        office, guest=TherapistFactory(), **thursdays(office, 2, start=1140, end=1260)
    )

    assert [item.price_cents for item in planned] == [1800 + 1000, 1800 + 1000]
    assert all(item.is_free for item in planned)


def test_plan_dates_says_why_a_date_cannot_be_had(office):
    guest = TherapistFactory()
    plan = {"guest": guest, **thursdays(office, 4)}
    first, second, third, _fourth = plan_dates(office, **plan)
    ClosureFactory(office=office, period=first.period, reason="New carpet")
    OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed"), period=second.period
    )
    refresh_free([office.pk])

    notes = [item.note for item in plan_dates(office, **plan)]

    assert notes == ["closed: New carpet", "taken 17:00–19:00", "", ""]
    late = plan_dates(office, guest=guest, **thursdays(office, 1, start=600, end=660))
    assert [item.note for item in late] == ["not offered then"]
    assert third.is_free


@pytest.mark.parametrize(
    ("first", "last"),
    [(7, 0), (-20, -10), (0, 7 * 60)],
    ids=["backwards", "past", "far"],
)
def test_plan_dates_refuses_senseless_dates(office, first, last):
    today = timezone.now().date()

    with pytest.raises(HoursError):
        plan_dates(
            office,
            guest=TherapistFactory(),
            spans=[Span(3, 1020, 1140)],
            first_date=today + timedelta(days=first),
            last_date=today + timedelta(days=last),
        )


def test_request_booking_holds_nothing_and_tells_the_host(office):
    booking = ask(office)

    assert [o.state for o in booking.occurrences.all()] == [OccurrenceState.ASKED] * 3
    assert all(
        item.is_free
        for item in plan_dates(office, guest=TherapistFactory(), **thursdays(office, 3))
    )
    told = Delivery.objects.filter(kind="booking_requested")
    assert [row.recipient for row in told] == [office.hosts.get()]


def test_request_booking_of_no_dates_is_refused(office):
    with pytest.raises(HoursError):
        request_booking(office, guest=TherapistFactory(), dates=[])


@pytest.mark.parametrize("day", [date.min, date.max])
def test_request_booking_of_a_date_out_of_all_reach_is_refused(office, day):
    with pytest.raises(HoursError):
        request_booking(
            office, guest=TherapistFactory(), dates=[(day, Span(day.weekday(), 0, 60))]
        )


def test_request_booking_of_a_taken_date_names_it(office):
    guest = TherapistFactory()
    planned = plan_dates(office, guest=guest, **thursdays(office, 2))
    OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed"),
        period=planned[0].period,
    )
    refresh_free([office.pk])

    with pytest.raises(SlotTakenError, match="taken 17:00–19:00"):
        request_booking(
            office, guest=guest, dates=[(item.day, item.span) for item in planned]
        )

    assert not Booking.objects.filter(guest=guest).exists()


def test_confirm_booking_takes_the_hours_and_tells_both(office):
    booking = ask(office)

    confirm_booking(booking, by=office.hosts.get())

    plan = plan_dates(office, guest=TherapistFactory(), **thursdays(office, 3))
    assert [item.note for item in plan] == ["taken 17:00–19:00"] * 3
    told = Delivery.objects.filter(kind="booking_confirmed")
    assert {row.recipient for row in told} == {office.hosts.get(), booking.guest}


def test_confirm_booking_makes_rivals_lose_and_tells_them_once(office):
    rival = ask(office, weeks=2, start=1080, end=1200)
    longer = ask(office, weeks=5, start=1080, end=1200)
    winner = ask(office, weeks=2)

    confirm_booking(winner, by=office.hosts.get())

    rival.refresh_from_db()
    assert rival.status == BookingStatus.DECLINED
    assert [o.state for o in rival.occurrences.all()] == ["lost", "lost"]
    longer.refresh_from_db()
    assert longer.status == BookingStatus.REQUESTED
    assert [o.state for o in longer.occurrences.all()] == ["lost"] * 2 + ["asked"] * 3
    told = Delivery.objects.filter(kind="booking_lost")
    assert {row.recipient for row in told} == {rival.guest, longer.guest}
    assert told.get(recipient=longer.guest).payload["occurrences"] == [
        o.pk for o in longer.occurrences.all()[:2]
    ]


def test_confirm_booking_leaves_out_what_was_closed_meanwhile(office):
    booking = ask(office)
    first = booking.occurrences.first()
    ClosureFactory(office=office, period=first.period)

    confirm_booking(booking, by=office.hosts.get())

    assert [o.state for o in booking.occurrences.all()] == ["lost", "booked", "booked"]


def test_confirm_booking_with_nothing_left_changes_nothing(office):
    booking = ask(office)
    taken = enter_booking(
        office,
        guest=TherapistFactory(),
        periods=[o.period for o in booking.occurrences.all()],
        price_cents_an_hour=0,
        source=BookingSource.HOST,
        by=office.hosts.get(),
    )

    with pytest.raises(NotAllowedError):
        confirm_booking(booking, by=office.hosts.get())

    booking.refresh_from_db()
    assert booking.status == BookingStatus.DECLINED
    assert taken.occurrences.taking().count() == 3


def test_enter_booking_over_a_booked_date_names_it_and_leaves_nothing(office):
    confirm_booking(ask(office), by=office.hosts.get())
    period = Occurrence.objects.first().period
    guest = TherapistFactory()

    with pytest.raises(SlotTakenError, match="Taken meanwhile: Thu"):
        enter_booking(
            office,
            guest=guest,
            periods=[period],
            price_cents_an_hour=0,
            source=BookingSource.OFFER,
            by=guest,
        )

    assert not Booking.objects.filter(guest=guest).exists()


def test_cancel_booking_frees_what_is_to_come_and_keeps_what_was(office):
    booking = ask(office)
    confirm_booking(booking, by=office.hosts.get())
    past = OccurrenceFactory(booking=booking, period=hours(-60, -59), state="booked")

    cancel_booking(booking, by=booking.guest)

    past.refresh_from_db()
    assert past.state == "booked"
    plan = plan_dates(office, guest=TherapistFactory(), **thursdays(office, 3))
    assert all(item.is_free for item in plan)


def test_expire_bookings_answers_for_hosts_who_did_not(office):
    booking = ask(office)
    answered = ask(office, start=1080, end=1140)
    decline_booking(answered, by=office.hosts.get())
    Booking.objects.update(answer_by=timezone.now() - timedelta(minutes=1))

    assert expire_bookings() == 1

    booking.refresh_from_db()
    assert booking.status == BookingStatus.EXPIRED
    told = Delivery.objects.filter(kind="booking_expired")
    assert {row.recipient for row in told} == {booking.guest, office.hosts.get()}


def test_end_bookings_ends_those_with_nothing_to_come():
    over = BookingFactory(status=BookingStatus.CONFIRMED)
    OccurrenceFactory(booking=over, period=hours(-60, -59))
    running = OccurrenceFactory(booking__status=BookingStatus.CONFIRMED).booking

    assert end_bookings() == 1

    over.refresh_from_db()
    running.refresh_from_db()
    assert (over.status, running.status) == ("ended", "confirmed")


@pytest.mark.django_db(transaction=True)
def test_a_request_sees_who_is_confirmed_meanwhile(office):
    guest = TherapistFactory()
    planned = plan_dates(office, guest=guest, **thursdays(office, 1))
    dates = [(item.day, item.span) for item in planned]
    raised = []

    def request():
        try:
            request_booking(office, guest=guest, dates=dates)
        except SlotTakenError as error:
            raised.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        lock_offices([office.pk])
        enter_booking(
            office,
            guest=TherapistFactory(),
            periods=[planned[0].period],
            price_cents_an_hour=0,
            source=BookingSource.HOST,
            by=None,
        )
        thread = Thread(target=request)
        thread.start()
        thread.join(timeout=0.5)  # it waits for the lock, or is through already
    thread.join()

    assert raised
    assert not Booking.objects.filter(guest=guest).exists()


def test_nothing_is_confirmed_for_somebody_suspended(office):
    booking = ask(office)
    booking.guest.standing = "suspended"
    booking.guest.save()

    with pytest.raises(NotAllowedError):
        confirm_booking(booking, by=office.hosts.get())

    booking.refresh_from_db()
    assert booking.status == "requested"
