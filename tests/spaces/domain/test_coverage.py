from datetime import UTC, date, datetime

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from spaces.coverage import coverage_blocks, coverage_of
from spaces.enums import BookingStatus, OccurrenceState
from spaces.hours import Span
from tests.factories.spaces import (
    BookingFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
)

pytestmark = pytest.mark.django_db

BEFORE = datetime(2027, 1, 1, tzinfo=UTC)
WEDNESDAY = Span(2, 17 * 60, 21 * 60)


def need(**fields):
    """Four Wednesdays from 17 to 21 in January: 16 hours."""
    dates = {"first_date": date(2027, 1, 4), "last_date": date(2027, 1, 31)}
    return NeedFactory(**dates | fields)


def room(person, day, start, end, state=OccurrenceState.BOOKED):
    """Hours of a January day in Los Angeles (8 hours behind)."""
    booking = BookingFactory(guest=person, status=BookingStatus.CONFIRMED)
    moment = datetime(2027, 1, day, tzinfo=UTC).timestamp() + 8 * 3600
    period = DateTimeTZRange(
        *(datetime.fromtimestamp(moment + hour * 3600, UTC) for hour in (start, end))
    )
    return OccurrenceFactory(booking=booking, period=period, state=state)


def minutes(need, now=BEFORE):
    found = coverage_of([need], now)[need.pk]
    return found.booked_minutes, found.offered_minutes, found.open_minutes


def test_everything_is_open_at_first():
    assert minutes(need()) == (0, 0, 16 * 60)


def test_any_room_the_person_has_covers_its_hours():
    wanted = need()
    room(wanted.therapist, 6, 17, 19)
    room(wanted.therapist, 13, 20, 23)
    room(wanted.therapist, 20, 17, 21, state=OccurrenceState.DISPLACED)
    room(NeedFactory().therapist, 20, 17, 21)

    assert minutes(wanted) == (3 * 60, 0, 13 * 60)


def test_offers_count_where_nothing_is_booked_and_their_room_is_free():
    wanted = need()
    room(wanted.therapist, 6, 17, 19)
    offer = OfferFactory(need=wanted, spans=[Span(2, 17 * 60, 19 * 60)])
    OfferFactory(need=wanted, spans=[Span(2, 18 * 60, 20 * 60)], status="declined")
    rival = room(NeedFactory().therapist, 13, 17, 19)
    rival.office = offer.office
    rival.save()

    assert minutes(wanted) == (2 * 60, 4 * 60, 10 * 60)


def test_what_is_past_and_was_never_covered_counts_for_nothing():
    wanted = need()
    room(wanted.therapist, 6, 17, 19)

    assert minutes(wanted, datetime(2027, 1, 15, tzinfo=UTC)) == (120, 0, 8 * 60)


@pytest.mark.parametrize(
    ("day", "start", "end", "expected"),
    [
        (date(2027, 3, 14), 0, 4 * 60, 3 * 60),  # the clocks skip 2 to 3
        (date(2027, 3, 14), 2 * 60, 3 * 60, 0),
        (date(2026, 11, 1), 0, 4 * 60, 5 * 60),  # 1 to 2 comes twice
        (date(2027, 3, 15), 0, 4 * 60, 4 * 60),
    ],
)
def test_minutes_are_those_of_each_date_when_the_clocks_change(
    day, start, end, expected
):
    wanted = NeedFactory(
        first_date=day, last_date=day, spans=[Span(day.weekday(), start, end)]
    )

    assert minutes(wanted, datetime(2026, 10, 1, tzinfo=UTC)) == (0, 0, expected)


def test_a_cell_shows_its_worst_date():
    wanted = need()
    for day in (6, 13, 20):
        room(wanted.therapist, day, 17, 19)
    room(wanted.therapist, 27, 17, 18)
    OfferFactory(need=wanted, spans=[Span(2, 19 * 60, 20 * 60)])

    blocks = coverage_blocks(wanted, coverage_of([wanted], BEFORE)[wanted.pk])

    assert [(block.hours, block.state, block.detail) for block in blocks] == [
        ("17:00–18:00", "booked", "4 of 4 weeks"),
        ("18:00–19:00", "part", "27 Jan; 3 of 4 weeks booked"),
        ("19:00–20:00", "offered", "4 of 4 weeks"),
        ("20:00–21:00", "open", "4 weeks"),
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_coverage_of_many_needs_takes_a_constant_number_of_queries(
    django_assert_num_queries, count
):
    needs = [need() for _each in range(count)]
    for wanted in needs:
        OfferFactory(need=wanted)
        room(wanted.therapist, 6, 17, 19)

    with django_assert_num_queries(6):
        coverage_of(needs, BEFORE)
