"""Dates of a running booking: who may do what with them, what it costs, who hears of it."""

import copy
from datetime import timedelta
from itertools import product

import pytest
from django.db import transaction
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery
from spaces.domain.asking import request_booking
from spaces.domain.availability import refresh_free
from spaces.domain.booking import (
    cancel_booking,
    confirm_booking,
    expire_bookings,
)
from spaces.domain.changes import (
    change_from,
    end_from,
    move_date,
    plan_change,
    readd_dates,
    skip_dates,
)
from spaces.domain.dates import (
    move_by_clock,
    move_dates,
)
from spaces.domain.entering import enter_booking
from spaces.domain.taking import (
    hold_dates,
)
from spaces.domain.unused import end_unkept, keep_booking, say_unused
from spaces.enums import BookingSource, OccurrenceState
from spaces.errors import HoursError, SlotTakenError
from spaces.history import say_change
from spaces.hours import Span
from spaces.models import Booking, Occurrence
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OpeningFactory,
)
from tests.periods import hours
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db
ALLOWED = {
    ("asked", "booked"): {"host"},
    ("asked", "held"): {"host"},
    ("asked", "lost"): {"host", "clock"},
    ("asked", "declined"): {"host", "guest", "supervisor", "clock"},
    ("asked", "skipped"): {"guest"},
    ("held", "booked"): {"host", "supervisor"},
    ("held", "released"): {"host", "guest", "supervisor", "clock"},
    ("booked", "booked"): {"guest"},
    ("booked", "skipped"): {"guest"},
    ("booked", "given_back"): {"guest"},
    ("booked", "cancelled"): {"host", "guest", "clock"},  # the clock: of who went
    ("booked", "released"): {"clock"},
    ("booked", "displaced"): {"clock"},
    ("displaced", "booked"): {"host", "clock"},
    ("displaced", "released"): {"clock"},
    ("displaced", "cancelled"): {"host", "guest", "clock"},
    ("skipped", "booked"): {"guest"},
    ("given_back", "booked"): {"guest"},
}
ROLES = ["host", "guest", "supervisor", "first_guest", "outsider", "clock"]


@pytest.mark.parametrize("old", OccurrenceState.values)
def test_dates_move_only_as_allowed(old, subtests):
    """Who has a date is its guest: who had it first, and handed it on, is so no longer."""
    date = OccurrenceFactory(
        state=old,
        booking__status="confirmed",
        booking__party=TherapistFactory(),
        guest=TherapistFactory(),
    )
    people = {
        "host": date.office.hosts.get(),
        "guest": date.guest,
        "supervisor": date.booking.party,
        "first_guest": date.booking.guest,
        "outsider": TherapistFactory(),
        "clock": None,
    }
    for new, role in product(OccurrenceState.values, ROLES):
        allowed = role in ALLOWED.get((old, new), set())
        with subtests.test(f"→ {new} by {role}"), transaction.atomic():
            found = Occurrence.objects.get(pk=date.pk)
            columns = {"held_until": timezone.now()} if new == "held" else {}
            try:
                move_dates(
                    date.booking,
                    [found],
                    OccurrenceState(new),
                    by=people[role],
                    **columns,
                )
            except NotAllowedError:
                assert not allowed
            else:
                assert allowed
                found.refresh_from_db()
                assert (found.state, found.sequence) == (new, 1)
            transaction.set_rollback(True)


def test_the_clock_moves_many_dates_only_as_allowed():
    many = {old: OccurrenceFactory(state=old) for old in OccurrenceState.values}
    for new in set(OccurrenceState.values) - {"held"}:  # the clock holds nothing
        with transaction.atomic():
            move_by_clock(Occurrence.objects.all(), OccurrenceState(new))
            for old, date in many.items():
                date.refresh_from_db()
                allowed = "clock" in ALLOWED.get((old, new), set())
                assert (date.state, date.sequence) == (
                    (new, 1) if allowed else (old, 0)
                )
            transaction.set_rollback(True)


# --- A series -------------------------------------------------------------------

EVENING = Span(3, 1080, 1200)  # Thursday, 18 to 20: $36
WEDNESDAY = Span(2, 1080, 1200)


def evenings():
    """Open Thursdays from 17 to 21 and Wednesdays from 18 to 20, $18 an hour; ten days of notice."""
    office = open_office(notice_days=10)
    OpeningFactory(office=office, weekday=2, start=1080, end=1200)
    refresh_free([office.pk])
    return office


@pytest.fixture
def office():
    return evenings()


@pytest.fixture(scope="module", autouse=True)
def _booking(module_db):
    office = evenings()
    dates = [(thursday() + timedelta(weeks=week), EVENING) for week in range(4)]
    booking = request_booking(office, guest=TherapistFactory(), dates=dates)
    confirm_booking(booking, by=office.hosts.get())
    Delivery.objects.all().delete()
    return Booking.objects.get(pk=booking.pk)


@pytest.fixture
def booking(_booking):
    """Four Thursdays: the first is later than the notice, the third and fourth are not."""
    return copy.deepcopy(_booking)


def dates(booking):
    return list(booking.occurrences.all())


def states(booking):
    return [date.state for date in dates(booking)]


def due(booking):
    return [date.is_due for date in dates(booking)]


def told(kind="booking_changed"):
    return [row.recipient for row in Delivery.objects.filter(kind=kind)]


def last(booking):
    return say_change(booking.events.last())


def test_a_date_given_up_in_time_is_skipped_and_the_host_told_once(booking):
    host = booking.office.hosts.get()
    skip_dates(booking, dates(booking)[2:], by=booking.guest, note="Away.")

    assert states(booking) == ["booked", "booked", "skipped", "skipped"]
    assert due(booking) == [False] * 4
    assert told() == [host]
    assert last(booking).startswith("skipped: Thu ")
    free = [f for opening in booking.office.openings.all() for f in opening.free]
    assert any(lower <= dates(booking)[2].period.lower < upper for lower, upper in free)


def test_a_date_given_up_late_is_due_until_somebody_has_all_of_its_hours(booking):
    first = dates(booking)[0]
    skip_dates(booking, [first], by=booking.guest)

    assert states(booking)[0] == "given_back"
    assert due(booking)[0]
    assert last(booking).endswith(" – due unless somebody else takes the hours")
    start = first.period.lower
    for hour in (0, 1):
        assert due(booking)[0], "an hour of two is not all"
        enter_booking(
            booking.office,
            guest=TherapistFactory(),
            periods=[
                type(first.period)(
                    start + timedelta(hours=hour), start + timedelta(hours=hour + 1)
                )
            ],
            price_cents_an_hour=0,
            source=BookingSource.HOST,
            by=booking.office.hosts.get(),
        )
    assert not due(booking)[0]
    assert last(booking).startswith("not due any more")


def test_what_a_host_calls_off_is_never_due_and_not_taken_up_again(booking):
    host = booking.office.hosts.get()
    skip_dates(booking, dates(booking)[:1], by=host)

    assert states(booking)[0] == "cancelled"
    assert due(booking) == [False] * 4
    assert told() == [booking.guest]
    assert last(booking).startswith("called off by the host, nothing is due: Thu ")
    with pytest.raises(NotAllowedError):
        readd_dates(booking, dates(booking)[:1], by=booking.guest)


def test_cancelling_keeps_due_what_the_notice_does_not_cover(booking):
    cancel_booking(booking, by=booking.guest)

    assert states(booking) == ["cancelled"] * 4
    assert due(booking)[0]
    assert due(booking)[2:] == [False, False]


@pytest.mark.parametrize(
    ("who", "owed"), [("guest", [True, False]), ("host", [False, False])]
)
def test_a_displaced_date_that_is_due_is_cancelled_like_others(booking, who, owed):
    """The first is later than the notice, the third is not."""
    people = {"guest": booking.guest, "host": booking.office.hosts.get()}
    displaced = [dates(booking)[0].pk, dates(booking)[2].pk]
    booking.occurrences.filter(pk__in=displaced).update(state="displaced", is_due=True)

    cancel_booking(booking, by=people[who])

    assert [date.is_due for date in dates(booking) if date.pk in displaced] == owed


def test_cancelling_by_the_host_costs_nothing(booking):
    cancel_booking(booking, by=booking.office.hosts.get())

    assert due(booking) == [False] * 4


def test_ending_from_a_date_on_leaves_what_is_before(booking):
    third = dates(booking)[2].day(booking.office.building.zone)
    end_from(booking, third, by=booking.guest)

    assert states(booking) == ["booked", "booked", "cancelled", "cancelled"]
    assert due(booking) == [False] * 4
    assert "ended from" in last(booking)
    with pytest.raises(HoursError):
        end_from(booking, third, by=booking.guest)


def test_a_skipped_date_is_taken_up_again_when_it_is_free(booking):
    skip_dates(booking, dates(booking)[:3], by=booking.guest)
    other = OccurrenceFactory(
        booking=BookingFactory(office=booking.office, status="confirmed"),
        period=dates(booking)[2].period,
    )
    refresh_free([booking.office_id])

    with pytest.raises(SlotTakenError, match="taken 18:00–20:00"):
        readd_dates(booking, dates(booking)[1:3], by=booking.guest)
    assert states(booking)[1] != "booked", "all or nothing"
    other.delete()
    refresh_free([booking.office_id])
    readd_dates(booking, dates(booking)[:3], by=booking.guest)

    assert states(booking) == ["booked"] * 4
    assert due(booking) == [False] * 4
    assert last(booking).startswith("taken up again: Thu ")


def test_a_closed_day_is_not_taken_up_again(booking):
    skip_dates(booking, dates(booking)[2:3], by=booking.guest)
    ClosureFactory(
        office=booking.office, period=dates(booking)[2].period, reason="Paint"
    )

    refresh_free([booking.office_id])
    with pytest.raises(SlotTakenError, match="closed: Paint"):
        readd_dates(booking, dates(booking)[2:3], by=booking.guest)


def test_a_moved_date_keeps_where_it_stood_first(booking):
    date = dates(booking)[2]
    first = date.period
    day = date.day(booking.office.building.zone)
    move_date(date, to=(day - timedelta(days=1), WEDNESDAY), by=booking.guest)
    date.refresh_from_db()
    assert (date.moved_from, date.sequence) == (first, 2)
    assert told() == [booking.office.hosts.get()]
    assert " moved to Wed " in last(booking)

    later = Span(3, 1140, 1260)  # over its own last hour, and one more
    move_date(date, to=(day, later), by=booking.guest)
    date.refresh_from_db()
    assert date.moved_from == first
    assert date.span(booking.office.building.zone) == later
    move_date(date, to=(day, EVENING), by=booking.guest)
    date.refresh_from_db()
    assert (date.moved_from, date.period) == (None, first)


@pytest.mark.parametrize("who", ["lender", "supervisor"])
def test_nobody_makes_a_date_dearer_for_somebody_else(booking, who):
    """Of a lent date its giver pays, of an associate's their supervisor."""
    payer = TherapistFactory(name="Pia Payer")
    if who == "lender":
        booking.occurrences.update(payer=payer)
    else:
        Booking.objects.update(party=payer)
    date = dates(booking)[2]
    day = date.day(booking.office.building.zone)

    with pytest.raises(NotAllowedError, match="Pia Payer pays"):
        move_date(date, to=(day, Span(3, 1020, 1260)), by=booking.guest)
    move_date(date, to=(day, Span(3, 1140, 1260)), by=booking.guest)

    assert payer in told()


@pytest.mark.parametrize(
    ("span", "why"),
    [
        (Span(4, 1080, 1200), "not offered then"),
        (Span(3, 1020, 1050), "At least 1 hour"),
        (EVENING, "yours already"),
    ],
)
def test_a_date_moves_only_to_hours_that_are_offered(booking, span, why):
    date = dates(booking)[2]
    day = dates(booking)[3].day(booking.office.building.zone)
    day += timedelta(days=span.weekday - day.weekday())

    with pytest.raises(SlotTakenError, match=why):
        move_date(date, to=(day, span), by=booking.guest)


def test_a_date_does_not_move_to_where_the_host_left_one_out(booking):
    zone = booking.office.building.zone
    third, fourth = dates(booking)[2:]
    Occurrence.objects.filter(pk=fourth.pk).update(state="declined")
    refresh_free([booking.office_id])

    with pytest.raises(SlotTakenError, match="the host left this date out"):
        move_date(third, to=(fourth.day(zone), fourth.span(zone)), by=booking.guest)


def test_a_late_date_does_not_escape_its_notice_by_moving(booking):
    date = dates(booking)[0]
    day = date.day(booking.office.building.zone)
    far = day + timedelta(weeks=12)

    move_date(date, to=(far, Span(3, 1080, 1140)), by=booking.guest)
    date.refresh_from_db()
    assert date.price_cents == 3600, "one hour costs what two did"
    skip_dates(booking, [date], by=booking.guest)

    date.refresh_from_db()
    assert (date.state, date.is_due) == ("given_back", True)


def test_changing_from_a_date_on_leaves_conflicts_where_they_are(booking):
    zone = booking.office.building.zone
    second, fourth = dates(booking)[1], dates(booking)[3]
    ClosureFactory(office=booking.office, period=hours(0, 24, day=_days_to(fourth) - 1))
    refresh_free([booking.office_id])

    plan = plan_change(
        booking, second.day(zone), spans=[WEDNESDAY], guest=booking.guest
    )
    assert [move.to.note for move in plan] == ["", "", "closed: Holiday"]
    change_from(booking, second.day(zone), spans=[WEDNESDAY], by=booking.guest)

    weekdays = [date.day(zone).weekday() for date in dates(booking)]
    assert weekdays == [3, 2, 2, 3]
    assert told() == [booking.office.hosts.get()]
    assert "Wed 18:00–20:00 instead of Thu 18:00–20:00 (2 dates)" in last(booking)


@pytest.mark.parametrize(
    ("before", "after"),
    [((1020, 1110), (1080, 1170)), ((1080, 1170), (1020, 1110))],
    ids=["later", "sooner"],
)
def test_two_times_of_a_day_move_to_where_the_other_stood(booking, before, after):
    first, second = (Span(3, start, start + 60) for start in before)
    days = [thursday() + timedelta(weeks=week) for week in range(2)]
    room = open_office()
    series = request_booking(
        room,
        guest=booking.guest,
        dates=[(day, span) for day in days for span in (first, second)],
    )
    confirm_booking(series, by=room.hosts.get())

    spans = [Span(3, start, start + 60) for start in after]
    change_from(series, days[0], spans=spans, by=booking.guest)

    zone = room.building.zone
    series = Booking.objects.get(pk=series.pk)
    assert [date.span(zone) for date in dates(series)] == spans * 2


def _days_to(date):
    return (date.period.lower - hours(0, 1).lower).days


def test_changing_moves_only_what_the_host_did_not_fix(booking):
    day = dates(booking)[0].day(booking.office.building.zone)
    with pytest.raises(HoursError, match="Paint one"):
        change_from(booking, day, spans=[EVENING, WEDNESDAY], by=booking.guest)
    with pytest.raises(HoursError, match="no date of yours"):
        change_from(booking, day, spans=[WEDNESDAY], by=booking.office.hosts.get())
    with pytest.raises(NotAllowedError):
        move_date(
            dates(booking)[2],
            to=(day + timedelta(days=20), WEDNESDAY),
            by=booking.office.hosts.get(),
        )


@pytest.mark.parametrize("status", ["requested", "cancelled", "ended"])
def test_dates_change_only_while_the_booking_runs(booking, status):
    Booking.objects.filter(pk=booking.pk).update(status=status)
    found = dates(booking)

    for act in (
        lambda: skip_dates(booking, found[:1], by=booking.guest),
        lambda: readd_dates(booking, found[:1], by=booking.guest),
        lambda: move_date(found[0], to=(thursday(), EVENING), by=booking.guest),
        lambda: change_from(booking, thursday(), spans=[WEDNESDAY], by=booking.guest),
        lambda: end_from(booking, thursday(), by=booking.guest),
    ):
        with pytest.raises(NotAllowedError):
            act()


def test_a_past_date_and_one_of_another_booking_do_not_change(booking):
    past = OccurrenceFactory(booking=booking, period=hours(-60, -59), state="booked")
    other = OccurrenceFactory(booking__status="confirmed")

    for date in (past, other):
        with pytest.raises(HoursError):
            skip_dates(booking, [date], by=booking.guest)


# --- Held hours, partial acceptance ---------------------------------------------------


def ask(office, weeks=2, guest=None):
    found = [(thursday() + timedelta(weeks=week), EVENING) for week in range(weeks)]
    return request_booking(office, guest=guest or TherapistFactory(), dates=found)


def test_all_but_one_date_is_accepted_and_the_guest_is_told_once(office):
    booking = ask(office, weeks=3)
    accepted = [date.pk for date in dates(booking)[:2]]
    confirm_booking(booking, by=office.hosts.get(), only=accepted)

    assert states(booking) == ["booked", "booked", "declined"]
    assert last(booking).startswith("Confirmed, without Thu ")
    assert told("booking_confirmed").count(booking.guest) == 1
    assert told() == []


def test_accepting_none_of_the_dates_is_no_yes(office):
    booking = ask(office)

    with pytest.raises(SlotTakenError, match="Choose at least one date"):
        confirm_booking(booking, by=office.hosts.get(), only=[])


def test_rivals_of_held_hours_lose_them_only_when_they_are_booked(office):
    booking, rival = ask(office, weeks=1), ask(office, weeks=2)
    host = office.hosts.get()
    supervisor = TherapistFactory()
    Booking.objects.filter(pk=booking.pk).update(party=supervisor)
    confirm_booking(booking, by=host)
    booking.refresh_from_db()
    assert (booking.status, states(booking)) == ("awaiting", ["held"])
    assert booking.answer_by <= timezone.now() + timedelta(hours=12)
    assert states(rival) == ["asked", "asked"]
    with pytest.raises(SlotTakenError, match="Held for somebody else: Thu "):
        confirm_booking(rival, by=host)

    confirm_booking(booking, by=supervisor)

    assert states(booking) == ["booked"]
    assert states(rival) == ["lost", "asked"]
    assert told("booking_lost") == [rival.guest]


def test_held_hours_are_given_back_when_nobody_approves(office):
    booking = ask(office, weeks=1)
    Booking.objects.filter(pk=booking.pk).update(party=TherapistFactory())
    confirm_booking(booking, by=office.hosts.get())

    assert expire_bookings(timezone.now() + timedelta(hours=13)) == 1

    booking.refresh_from_db()
    assert (booking.status, states(booking)) == ("expired", ["released"])
    ask(office, weeks=1)  # free again


def test_holding_what_is_taken_is_refused(booking):
    rival = BookingFactory(office=booking.office)
    date = OccurrenceFactory(booking=rival, period=dates(booking)[0].period)

    with pytest.raises(SlotTakenError, match="Taken meanwhile"):
        hold_dates(rival, [date], until=timezone.now(), by=booking.office.hosts.get())


# --- Unused ------------------------------------------------------------------------------


def test_a_series_said_to_be_unused_ends_without_a_word(booking):
    host = booking.office.hosts.get()
    say_unused(booking, by=host)
    assert set(told("booking_unused")) == {host, booking.guest}
    assert end_unkept() == 0

    assert end_unkept(timezone.now() + timedelta(days=15)) == 1

    booking.refresh_from_db()
    assert (booking.status, states(booking)) == ("ended", ["released"] * 4)
    assert due(booking) == [False] * 4
    assert set(told()) == {host, booking.guest}


def test_a_word_of_either_keeps_it(booking):
    say_unused(booking, by=booking.office.hosts.get())
    keep_booking(booking, by=booking.guest)

    assert end_unkept(timezone.now() + timedelta(days=15)) == 0
    assert states(booking) == ["booked"] * 4
    assert last(booking) == "kept"
    with pytest.raises(NotAllowedError):
        say_unused(booking, by=TherapistFactory())
