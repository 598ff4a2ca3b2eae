from datetime import timedelta

import pytest
from django.utils import timezone

from directory.enums import Standing
from spaces.domain.availability import refresh_free
from spaces.enums import Audience, Sort
from spaces.hours import Span
from spaces.models import Office
from spaces.queries import Wanted, match_offices, offices_open_to
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)

pytestmark = pytest.mark.django_db

THURSDAY_EVENING = Span(3, 1080, 1260)


@pytest.fixture
def guest():
    return TherapistFactory()


def wanted(spans=(THURSDAY_EVENING,), weeks=6, **rest):
    first = timezone.now().date() + timedelta(days=2)
    last = first + timedelta(weeks=weeks, days=-1)
    return Wanted(spans=spans, first_date=first, last_date=last, **rest)


def open_office(*, building=None, office=None, **opening):
    office = office or OfficeFactory(**({"building": building} if building else {}))
    OpeningFactory(office=office, **opening)
    refresh_free([office.pk])
    return office


def test_an_office_that_has_it_all_is_full(guest):
    office = open_office()

    [match] = match_offices(wanted(), guest=guest)

    assert (match.office, match.is_full) == (office, True)
    assert (match.dates_covered, match.dates_total) == (6, 6)
    assert match.minutes == 6 * 180
    assert match.missing == []


def test_overlapping_openings_cover_together(guest):
    office = OfficeFactory()
    OpeningFactory(office=office, start=1020, end=1140)
    open_office(office=office, start=1140, end=1260, price_cents=2500)

    [match] = match_offices(wanted(), guest=guest)

    assert match.is_full
    assert (match.lowest_cents, match.highest_cents) == (1800, 2500)


def test_near_misses_come_after_full_matches_and_say_what_misses(guest):
    short = open_office(end=1230)
    busy = open_office()
    full = open_office()
    [best, *_others] = match_offices(wanted(), guest=guest)
    day = next(item for item in wanted().dated(full.building.zone))
    OccurrenceFactory(
        booking=BookingFactory(office=busy, status="confirmed"), period=day.period
    )
    refresh_free([busy.pk])

    matches = match_offices(wanted(), guest=guest)

    assert best.is_full
    assert matches[0].office == full
    said = {match.office: match.missing for match in matches}
    assert said[full] == []
    assert said[short] == ["Thu ends 20:30"]
    assert said[busy] == [f"Free except {day.day.day} {day.day:%b}"]


def test_what_is_never_offered_is_said_once(guest):
    open_office()
    spans = [Span(1, 1080, 1260), THURSDAY_EVENING]

    [match] = match_offices(wanted(spans), guest=guest)

    assert match.missing == ["Tuesdays are not offered"]
    assert (match.fits, match.misses) == ([THURSDAY_EVENING], [Span(1, 1080, 1260)])


def test_hours_let_in_longer_blocks_only_come_last_and_say_so(guest):
    short = open_office(shortest_minutes=240)
    partly = open_office(end=1140)

    matches = match_offices(wanted(), guest=guest)

    assert [match.office for match in matches] == [partly, short]
    assert matches[1].missing == ["At least 4 hours at a time"]
    assert not matches[1].is_full


def test_ranking_is_share_then_distance_then_price(guest):
    near = BuildingFactory(latitude=37.84, longitude=-122.25)
    far = BuildingFactory(latitude=37.87, longitude=-122.27)
    far_away = open_office(building=far)
    dear = open_office(building=near, price_cents=2400)
    cheap = open_office(building=near)
    partly = open_office(building=near, start=1140)

    matches = match_offices(
        wanted(latitude=37.84, longitude=-122.25, radius_metres=8000), guest=guest
    )

    assert [match.office for match in matches] == [cheap, dear, far_away, partly]


@pytest.mark.parametrize(
    "filters",
    [
        {"latitude": 37.5, "longitude": -122.25, "radius_metres": 5000},
        {"most_cents": 1700},
        {"people": 9},
        {"is_step_free": True},
        {"spans": [Span(2, 1080, 1260)]},
    ],
)
def test_filters_leave_out_what_does_not_fit(guest, filters):
    open_office()

    assert match_offices(wanted(**filters), guest=guest) == []


def test_stale_and_emergency_openings_are_not_shown(guest):
    open_office(confirmed_at=timezone.now() - timedelta(days=91))
    open_office(audience=Audience.EMERGENCIES)

    assert match_offices(wanted(), guest=guest) == []


def test_emergency_openings_are_shown_to_the_displaced(guest):
    office = open_office(audience=Audience.EMERGENCIES)
    booking = BookingFactory(guest=guest, status="confirmed")
    OccurrenceFactory(booking=booking, state="displaced")

    assert [match.office for match in match_offices(wanted(), guest=guest)] == [office]


def test_a_closed_building_offers_nothing(guest):
    office = open_office()
    first = timezone.now()
    ClosureFactory(
        office=None,
        building=office.building,
        period=(first, first + timedelta(weeks=60)),
    )
    refresh_free([office.pk])

    assert match_offices(wanted(), guest=guest) == []


@pytest.mark.parametrize(
    "who", ["blocker", "blocked", "own", "hidden", "draft", "left", "applicant"]
)
def test_offices_open_to_leaves_out(guest, who):
    office = OfficeFactory()
    host = office.hosts.get()
    if who == "blocker":
        BlockFactory(blocker=guest, blocked=host)
    elif who == "blocked":
        BlockFactory(blocker=host, blocked=guest)
    elif who == "own":
        office.hosts.add(guest)
    elif who == "left":
        host.standing = Standing.LEFT
        host.save()
    elif who == "applicant":
        guest.standing = Standing.APPLICANT
    else:
        Office.objects.update(**{f"is_{who}": True})

    assert list(offices_open_to(guest)) == []
    assert list(offices_open_to(TherapistFactory())) == (
        [] if who in {"hidden", "draft", "left"} else [office]
    )


@pytest.mark.parametrize("count", [1, 3])
def test_match_offices_query_count_is_constant(guest, django_assert_num_queries, count):
    for _n in range(count):
        open_office()

    with django_assert_num_queries(7):
        assert len(match_offices(wanted(), guest=guest)) == count


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (Sort.FIT, ["near and dear", "far and cheap", "partly"]),
        (Sort.NEAREST, ["near and dear", "far and cheap", "partly"]),
        (Sort.CHEAPEST, ["far and cheap", "near and dear", "partly"]),
        (Sort.FRESHEST, ["far and cheap", "near and dear", "partly"]),
    ],
)
def test_whatever_the_order_what_fits_whole_comes_first(guest, sort, expected):
    near = BuildingFactory(latitude=37.84, longitude=-122.25)
    far = BuildingFactory(latitude=37.87, longitude=-122.27)
    week_ago = timezone.now() - timedelta(days=7)
    partly = OfficeFactory(building=near, name="partly")
    open_office(office=partly, start=1140, price_cents=500)
    cheap = OfficeFactory(building=far, name="far and cheap")
    open_office(office=cheap)
    dear = OfficeFactory(building=near, name="near and dear")
    open_office(office=dear, price_cents=2400, confirmed_at=week_ago)

    matches = match_offices(
        wanted(latitude=37.84, longitude=-122.25, radius_metres=8000),
        guest=guest,
        sort=sort,
    )

    assert [match.office.name for match in matches] == expected
