"""Transactions that come to the same rows from two sides: one waits, none deadlocks. The order: docs/architecture.md."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from directory.models import Therapist
from spaces.domain.asking import request_booking
from spaces.domain.availability import keep_facets, lock_offices, refresh_free
from spaces.domain.booking import confirm_booking
from spaces.domain.closure import close_office
from spaces.domain.offer import accept_offers
from spaces.hours import Span
from spaces.models import Booking, WaitlistEntry
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    OfficeFactory,
    OpeningFactory,
    WaitlistEntryFactory,
)
from tests.periods import hours
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60  # seconds until a test gives up
WAITS_FOR_ME = (
    "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


def somebody_waits_for_me():
    """Whatever else waits in this database, for others, does not show that two transactions cross."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # kept for a transaction
        cursor.execute(WAITS_FOR_ME)
        return cursor.fetchone() is not None


class Other(Thread):
    """Somebody else's transaction, meanwhile. ``result`` is what it came to, an error too."""

    def __init__(self, act):
        super().__init__()
        self.act = act
        self.result = None

    def run(self):
        try:
            with transaction.atomic():
                self.result = self.act()
        except Exception as error:  # noqa: BLE001 -- a deadlock must be seen, not lost with its thread
            self.result = error
        finally:
            connection.close()

    def start_and_let_wait(self):
        self.start()
        while self.is_alive() and not somebody_waits_for_me():
            self.join(0.01)  # the processor is theirs meanwhile

    def outcome(self):
        self.join(PATIENCE)
        assert not self.is_alive(), "still waiting"
        return self.result


def test_the_facets_of_two_people_are_kept_from_both_sides_at_once():
    """Nobody waits, and what was passed over is put right after the commit."""
    one, two, busy = TherapistFactory.create_batch(3, has_spare_hours=True)
    did_two, did_all = Event(), Event()

    def from_the_other_side():
        Therapist.objects.select_for_update(no_key=True).get(pk=busy.pk)
        keep_facets([two.pk])
        did_two.set()
        keep_facets([one.pk])
        assert did_all.wait(PATIENCE)
        return "kept"

    other = Other(from_the_other_side)
    with transaction.atomic():
        keep_facets([one.pk])
        other.start()
        assert did_two.wait(PATIENCE)
        keep_facets([two.pk, busy.pk])
        did_all.set()

    assert other.outcome() == "kept"
    assert not Therapist.objects.filter(has_spare_hours=True).exists()


def test_offers_accepted_together_lock_their_rooms_in_order():
    """Chosen in the other order than another transaction comes to them."""
    need = NeedFactory()
    rooms = OfficeFactory.create_batch(2)
    offers = [
        OfferFactory(need=need, helper=room.hosts.get(), office=room)
        for room in reversed(rooms)
    ]
    chosen = [offer.pk for offer in offers]

    other = Other(lambda: accept_offers(need, chosen, by=need.author))
    with transaction.atomic():
        lock_offices([rooms[0].pk])
        other.start_and_let_wait()
        lock_offices([rooms[1].pk])

    assert [offer.status for offer in other.outcome().accepted] == ["accepted"]


def test_two_transactions_hold_hours_for_the_same_two_people():
    """Each comes to both of them, in the other order."""
    one, two = TherapistFactory.create_batch(2)
    rooms = {}
    for number, guest in enumerate([one, two, one, two]):
        period = hours(2 * number, 2 * number + 1)
        entry = WaitlistEntryFactory(guest=guest, period=period)
        for weekday in range(7):
            OpeningFactory(office=entry.office, weekday=weekday, start=0, end=1440)
        rooms[number] = entry.office.pk

    def hold(*numbers):
        lock_offices(rooms[number] for number in numbers)
        for number in numbers:
            refresh_free([rooms[number]])
        return "held"

    other = Other(lambda: hold(1, 2))
    with transaction.atomic():
        lock_offices([rooms[0], rooms[3]])
        refresh_free([rooms[0]])
        other.start_and_let_wait()
        refresh_free([rooms[3]])

    assert other.outcome() == "held"
    assert set(WaitlistEntry.objects.values_list("state", flat=True)) == {"held"}
    assert Booking.objects.filter(source="waitlist").count() == len(rooms)


def test_closing_a_room_locks_all_that_it_calls_off_before_it_begins():
    """A booking stands in two rooms; the second is closed while somebody confirms another one in both, and a third asks."""
    host, asker = TherapistFactory.create_batch(2)
    first, second = OfficeFactory(hosts=[host]), open_office(hosts=[host])

    def in_both(status, start):
        booking = BookingFactory(office=first, status=status)
        for number, room in enumerate([first, second]):
            period = hours(start + 2 * number, start + 2 * number + 1)
            OccurrenceFactory(booking=booking, office=room, period=period)
        return booking

    booked, asked = in_both("confirmed", 4), in_both("requested", 12)
    other = Other(
        lambda: close_office(
            second, by=host, periods=[hours(0, 24)], reason="Painters", cancels=True
        )
    )
    evening = (thursday() + timedelta(weeks=1), Span(3, 1080, 1260))
    third = Other(lambda: request_booking(second, guest=asker, dates=[evening]))
    with transaction.atomic():
        lock_offices([first.pk])
        other.start_and_let_wait()
        third.start()
        assert third.outcome().status == "requested"  # it waits for nobody
        confirm_booking(asked, by=host)

    [closure] = other.outcome()
    assert closure.office == second
    for booking in (booked, asked):
        states = booking.occurrences.order_by("office").values_list("state", flat=True)
        assert list(states) == ["booked", "cancelled"]
