import copy
from datetime import timedelta

import pytest

from directory.errors import DomainError, NotAllowedError
from directory.models import Delivery
from spaces.domain.any_room import rooms_of_house, suitable_rooms
from spaces.domain.asking import request_booking
from spaces.domain.availability import refresh_free
from spaces.domain.booking import confirm_booking
from spaces.domain.entering import enter_booking
from spaces.domain.rooms import move_booking, possible_moves
from spaces.domain.waitlist import join_waitlist
from spaces.enums import BookingSource
from spaces.errors import HoursError, SlotTakenError
from spaces.hours import Span, local_period
from spaces.models import Booking, Occurrence, Office, Opening
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BuildingFactory,
    ClosureFactory,
    OfficeFactory,
    OpeningFactory,
)
from tests.spaces.rooms import thursday

pytestmark = pytest.mark.django_db
EVENING = Span(3, 1080, 1260)


@pytest.fixture(scope="module", autouse=True)
def _institute(module_db):
    hosts = [TherapistFactory(name="Hana Host"), TherapistFactory(name="Hugo Host")]
    building = BuildingFactory()
    rooms = []
    for name, cents, seats in [
        ("Alder", 1800, 4),
        ("Birch", 1200, 4),
        ("Cedar", 3000, 20),
    ]:
        room = OfficeFactory(building=building, hosts=hosts, name=name, capacity=seats)
        OpeningFactory(office=room, price_cents=cents)
        rooms.append(room)
    OfficeFactory(building=building, name="Somebody else's")
    OfficeFactory(building=building, hosts=hosts[:1], name="Hana's own")
    OfficeFactory(building=building, hosts=hosts, name="Hidden", is_hidden=True)
    OfficeFactory(hosts=hosts, name="Elsewhere")
    refresh_free([room.pk for room in rooms])
    return rooms


@pytest.fixture
def institute(_institute):
    """Three rooms of the same two hosts, open on Thursdays at $18, $12 and $30; the third seats 20."""
    return copy.deepcopy(_institute)


def dates(weeks=3):
    return [(thursday() + timedelta(weeks=week), EVENING) for week in range(weeks)]


def period(room, week):
    day = thursday() + timedelta(weeks=week)
    return local_period(day, *EVENING[1:], room.building.zone)


def let(room, *weeks, guest=None):
    return enter_booking(
        room,
        guest=guest or TherapistFactory(name="Rita Rival"),
        periods=[period(room, week) for week in weeks],
        price_cents_an_hour=1800,
        source=BookingSource.HOST,
        by=None,
    )


def ask(room, guest=None, weeks=3, *, any_room=True, **more):
    guest = guest or TherapistFactory(name="Gia Guest")
    return request_booking(
        room, guest=guest, dates=dates(weeks), any_room=any_room, **more
    )


def placed(booking):
    found = booking.occurrences.select_related("office").in_order()
    return [(o.office.name, o.price_cents, o.state) for o in found]


# --- Any suitable room ---------------------------------------------------------------


def test_rooms_of_a_house_have_the_very_same_hosts(institute):
    assert [room.name for room in rooms_of_house(institute[0])] == [
        "Alder",
        "Birch",
        "Cedar",
    ]


RANKED = {
    "all free: the one asked for": ((), 2, "Alder", ["Alder"] * 3),
    "too small": ((), 9, "Cedar", ["Cedar"] * 3),
    "one date taken": (((0, 1),), 2, "Birch", ["Birch"] * 3),
    "each lacks one": (
        ((0, 1), (1, 0), (2, 0), (2, 1)),
        2,
        "Alder",
        ["Alder", "Birch", "Alder"],
    ),
}


@pytest.mark.parametrize("case", RANKED)
def test_any_room_is_the_best_fit_date_by_date(institute, case):
    taken, people, best, rooms = RANKED[case]
    for room, week in taken:
        let(institute[room], week)

    booking = ask(institute[0], people=people)

    assert (booking.any_room, booking.office.name) == (True, best)
    cents = {"Alder": 5400, "Birch": 3600, "Cedar": 9000}
    assert placed(booking) == [(name, cents[name], "asked") for name in rooms]


def test_any_room_is_refused_where_no_room_would_do(institute):
    for room in institute:
        let(room, 1)
    with pytest.raises(SlotTakenError, match="taken 18:00"):
        ask(institute[0])
    with pytest.raises(HoursError, match="seats 20"):
        ask(institute[0], people=21)
    with pytest.raises(HoursError, match="seats 4"):
        ask(institute[0], people=9, any_room=False)
    assert not Booking.objects.filter(any_room=True).exists()


def test_the_host_chooses_the_room_and_its_price_holds(institute):
    booking = ask(institute[0])
    let(institute[1], 2)
    [alder, _cedar, birch] = suitable_rooms(booking)
    assert (alder.cents, birch.cents, len(birch.missing)) == (16200, 7200, 1)

    confirm_booking(booking, by=institute[0].hosts.first(), room=institute[1])

    booking.refresh_from_db()
    assert booking.office == institute[1]
    assert placed(booking) == [
        ("Birch", 3600, "booked"),
        ("Birch", 3600, "booked"),
        ("Alder", 5400, "booked"),
    ]
    for room in institute[:2]:
        free = [part[0] for part in Opening.objects.get(office=room).free]
        assert period(room, 0 if room.name == "Birch" else 2).lower not in free


TERMS = {  # by the room that was chosen: cents of a date, days of notice
    "Alder": (5400, 3),
    "Birch": (3600, 3),  # asks for more notice
    "Cedar": (5400, 1),  # costs more, asks for less
}


@pytest.mark.parametrize("after_the_answer", [False, True])
@pytest.mark.parametrize("name", TERMS)
def test_no_room_binds_the_guest_to_terms_they_did_not_see(
    institute, name, after_the_answer
):
    for room, days in zip(institute, (3, 7, 1), strict=True):
        room.notice_days, room.terms = days, f"As in {room.name}"
        room.save()
    booking = ask(institute[0])
    host, room = institute[0].hosts.first(), Office.objects.get(name=name)

    if after_the_answer:
        confirm_booking(booking, by=host, room=institute[0])
        if room != institute[0]:
            move_booking(booking, to=room, by=host)
    else:
        assert {c.cents for c in suitable_rooms(booking) if c.office == room} == {
            3 * TERMS[name][0]
        }
        confirm_booking(booking, by=host, room=room)

    booking.refresh_from_db()
    cents, days = TERMS[name]
    cents = 5400 if after_the_answer else cents
    assert placed(booking) == [(name, cents, "booked")] * 3
    assert (booking.notice_days, booking.terms) == (days, "As in Alder")


def test_a_room_that_is_none_of_these_is_refused(institute):
    booking = ask(institute[0])
    host = institute[0].hosts.first()

    for room in (OfficeFactory(), OfficeFactory(hosts=[host])):
        with pytest.raises(NotAllowedError):
            confirm_booking(booking, by=host, room=room)
    with pytest.raises(NotAllowedError):
        confirm_booking(booking, by=booking.guest, room=institute[1])

    booking.refresh_from_db()
    assert (booking.status, booking.office) == ("requested", institute[0])


def test_a_rival_costs_any_room_nothing_and_others_their_date(institute):
    flexible, fixed = (
        ask(institute[0], weeks=2),
        ask(institute[0], weeks=2, any_room=False),
    )
    rival = ask(institute[0], weeks=1, any_room=False)

    confirm_booking(rival, by=institute[0].hosts.first())

    assert [(name, state) for name, _c, state in placed(flexible)] == [
        ("Birch", "asked"),
        ("Alder", "asked"),
    ]
    assert [state for _n, _c, state in placed(fixed)] == ["lost", "asked"]
    told = Delivery.objects.filter(kind="booking_lost")
    assert [row.payload["booking"] for row in told] == [fixed.pk]


def test_with_every_room_gone_the_date_is_lost_after_all(institute):
    flexible = ask(institute[0], weeks=1)
    for room in institute[1:]:
        let(room, 0)

    let(institute[0], 0)

    flexible.refresh_from_db()
    assert (flexible.status, placed(flexible)[0][2]) == ("declined", "lost")


# --- Moving --------------------------------------------------------------------------


@pytest.fixture
def booking(institute):
    booking = ask(institute[0], any_room=False)
    return confirm_booking(booking, by=institute[0].hosts.first())


def test_a_move_takes_all_coming_dates_and_tells_the_guest_once(institute, booking):
    alder, birch, _cedar = institute
    host, other = alder.hosts.order_by("name")
    rival = ask(birch, weeks=1, any_room=False)
    waiting = join_waitlist(alder, guest=TherapistFactory(), dates=dates(1))
    Delivery.objects.all().delete()

    move_booking(booking, to=birch, by=host)

    booking.refresh_from_db()
    assert booking.office == birch
    assert placed(booking) == [("Birch", 5400, "booked")] * 3  # the price stays
    assert [o.sequence for o in booking.occurrences.all()] == [2, 2, 2]
    event = booking.events.last()
    assert (event.change, event.details["offices"]) == ("room", [alder.pk, birch.pk])
    told = Delivery.objects.filter(kind="booking_changed")
    assert {row.recipient for row in told} == {booking.guest, other}
    assert told.count() == 2
    rival.refresh_from_db()
    assert rival.status == "declined"
    waiting[0].refresh_from_db()
    assert waiting[0].state == "held"  # what was left behind goes to who waited
    assert period(birch, 0).lower not in [
        part[0] for part in Opening.objects.get(office=birch).free
    ]


def test_some_dates_move_and_the_booking_stays(institute, booking):
    first = booking.occurrences.in_order().first()

    move_booking(
        booking, to=institute[1], by=institute[0].hosts.first(), occurrences=[first.pk]
    )

    booking.refresh_from_db()
    assert booking.office == institute[0]
    assert [name for name, _c, _s in placed(booking)] == ["Birch", "Alder", "Alder"]


def test_conflicts_are_said_before_and_move_nothing(institute, booking):
    alder, birch, cedar = institute
    let(birch, 1)
    ClosureFactory(office=cedar, period=period(cedar, 0), reason="New floor")

    moves = {
        move.office.name: list(move.conflicts.values())
        for move in possible_moves(booking)
    }
    assert moves == {
        "Birch": ["Rita Rival has 18:00–21:00"],
        "Cedar": ["closed: New floor"],
    }
    for room in (birch, cedar):
        with pytest.raises(SlotTakenError, match="does not have these hours"):
            move_booking(booking, to=room, by=alder.hosts.first())
    assert [name for name, _c, _s in placed(booking)] == ["Alder"] * 3


@pytest.mark.parametrize(
    "who", ["guest", "outsider", "host to another's room", "host to a small room"]
)
def test_only_hosts_move_and_only_within_their_house(institute, booking, who):
    alder, birch, _cedar = institute
    host = alder.hosts.first()
    by, to = {
        "guest": (booking.guest, birch),
        "outsider": (TherapistFactory(), birch),
        "host to another's room": (host, OfficeFactory(hosts=[host])),
        "host to a small room": (host, birch),
    }[who]
    if who == "host to a small room":
        Booking.objects.update(people=5)

    with pytest.raises(DomainError):
        move_booking(booking, to=to, by=by)

    assert [name for name, _c, _s in placed(booking)] == ["Alder"] * 3
    with pytest.raises(HoursError):
        move_booking(booking, to=institute[2], by=host, occurrences=[10**9])


@pytest.mark.parametrize("count", [1, 3])
def test_conflicts_cost_the_same_for_one_room_and_many(
    institute, booking, count, django_assert_num_queries
):
    for room in institute[1 + min(count, 2) :]:
        room.openings.all().delete()
        Occurrence.objects.filter(office=room).delete()
        room.delete()
    found = Booking.objects.with_parties().with_dates().get(pk=booking.pk)

    with django_assert_num_queries(3):
        possible_moves(found)
