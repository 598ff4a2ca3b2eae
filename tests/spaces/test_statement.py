from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from spaces.models import Displacement
from spaces.statement import Month, month_of, statement_of
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    IncidentFactory,
    OccurrenceFactory,
    OfficeFactory,
)

pytestmark = pytest.mark.django_db

DECEMBER = Month(2098, 12)  # whenever this runs, it is to come


def at(day, start=9, end=11, zone="America/Los_Angeles"):
    begin = datetime(2098, 12, day, start, tzinfo=ZoneInfo(zone))
    return DateTimeTZRange(begin, begin.replace(hour=end))


@pytest.fixture
def host():
    return TherapistFactory(name="Hope Hostetter")


@pytest.fixture
def room(host):
    return OfficeFactory(hosts=[host], name="The garden room")


@pytest.fixture
def booking(room):
    return BookingFactory(office=room, status="confirmed")


def date_of(booking, day, **fields):
    """Two hours for $36."""
    period = fields.pop("period", None) or at(day)
    return OccurrenceFactory(booking=booking, period=period, price_cents=3600, **fields)


def displaced(booking, day, **fields):
    occurrence = date_of(booking, day, **{"state": "displaced", **fields})
    Displacement.objects.create(incident=IncidentFactory(), occurrence=occurrence)
    return occurrence


def sums(groups):
    """Whatever the statement says of money: who owes how many minutes and cents."""
    return {
        (group.office.name, person.name): (minutes, cents)
        for group in groups
        for person, minutes, cents in group.owed()
    }


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2098-12", DECEMBER),
        ("2026-1", None),
        ("2026-13", None),
        ("1815-06", None),
        ("9999-12", None),
        ("", None),
        ("december", None),
        ("2026-12-01", None),
        ("\N{FULLWIDTH DIGIT TWO}026-12", None),
    ],
)
def test_months_are_read(text, month):
    assert month_of(text) == month


def test_months_follow_each_other():
    assert (DECEMBER.next, Month(2099, 1).previous) == (Month(2099, 1), DECEMBER)
    assert str(Month(2026, 2)) == "2026-02"
    assert DECEMBER.first == date(2098, 12, 1)


@pytest.mark.parametrize(
    ("fields", "minutes", "cents"),
    [
        ({"state": "booked"}, 120, 3600),
        ({"state": "cancelled"}, None, None),
        ({"state": "cancelled", "is_due": True}, 0, 3600),
        ({"state": "given_back", "is_due": True}, 0, 3600),
        ({"state": "given_back"}, None, None),
        ({"state": "skipped", "is_due": True}, 0, 3600),
        ({"state": "skipped"}, None, None),
        ({"state": "held"}, None, None),
        ({"state": "asked"}, None, None),
        ({"state": "lost"}, None, None),
        ({"state": "declined"}, None, None),
        ({"state": "released"}, None, None),
    ],
)
def test_what_counts(booking, host, fields, minutes, cents):
    date_of(booking, 3, **fields)

    for reader in (host, booking.guest):
        statement = statement_of(reader, DECEMBER)
        groups = statement.hosted if reader == host else statement.rented
        expected = {("The garden room", booking.guest.name): (minutes, cents)}
        assert sums(groups) == ({} if minutes is None else expected)


@pytest.mark.parametrize("state", ["displaced", "released"])
def test_displaced_dates_cost_nothing_unless_the_host_says_otherwise(
    booking, host, state
):
    displaced(booking, 3, state=state)
    displaced(booking, 10, state=state, is_due=True)

    [group] = statement_of(host, DECEMBER).hosted
    assert [line.cents for line in group.lines] == [0, 3600]
    assert [line.what for line in group.lines] == ["displaced", "displaced, due"]


def test_who_owes_a_lent_a_handed_on_and_a_supervised_date(booking, host):
    lender, party, taker = TherapistFactory.create_batch(3)
    booking.party = party
    booking.save()
    date_of(booking, 3)
    date_of(booking, 10, guest=taker, payer=lender)
    date_of(booking, 17, guest=taker)
    people = [booking.guest, party, lender, taker]

    statements = [statement_of(person, DECEMBER) for person in people]

    assert [found.owed_cents for found in statements] == [0, 3600, 3600, 3600]
    assert [len(found.rented[0].lines) for found in statements] == [1, 1, 1, 2]
    assert statement_of(host, DECEMBER).earned_cents == 3 * 3600
    assert statement_of(host, DECEMBER).owed_cents == 0


def test_a_month_is_one_of_the_buildings_zone(host):
    for zone, day in (("Pacific/Auckland", 1), ("America/Los_Angeles", 31)):
        office = OfficeFactory(
            name=zone, hosts=[host], building=BuildingFactory(timezone=zone)
        )
        late = BookingFactory(office=office, status="confirmed")
        # the first and the last hour of December there: in UTC they are in other months
        start, end = (0, 1) if day == 1 else (22, 23)
        date_of(late, day, period=at(day, start, end, zone))

    hosted = statement_of(host, DECEMBER).hosted
    assert [group.office.name for group in hosted] == [
        "America/Los_Angeles",
        "Pacific/Auckland",
    ]
    for other in (Month(2098, 11), Month(2099, 1)):
        assert not statement_of(host, other).hosted


def test_a_moved_date_belongs_to_the_room_where_it_is(booking, host):
    other = OfficeFactory(hosts=[host], name="The attic")
    date_of(booking, 3, office=other)

    [group] = statement_of(host, DECEMBER).hosted
    assert group.office == other


def test_nobody_reads_what_others_owe_each_other(booking):
    date_of(booking, 3)

    statement = statement_of(TherapistFactory(), DECEMBER)
    assert (statement.hosted, statement.rented) == ([], [])
