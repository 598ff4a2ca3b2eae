"""The pages on which dates of a running booking change."""

import copy
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from spaces.domain.asking import request_booking
from spaces.domain.availability import refresh_free
from spaces.domain.booking import cancel_booking, confirm_booking
from spaces.hours import Span
from spaces.models import Booking
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OpeningFactory
from tests.periods import hours
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db
EVENING = Span(3, 1080, 1200)


@pytest.fixture(scope="module", autouse=True)
def _member(module_db):
    return TherapistFactory(name="Dana Whitlock")


@pytest.fixture
def therapist(client, _member):
    """Signed in with ``client``."""
    client.force_login(_member.user)
    return copy.deepcopy(_member)


@pytest.fixture(scope="module", autouse=True)
def _booking(_member):
    office = open_office(name="The garden room", notice_days=10)
    OpeningFactory(office=office, weekday=2, start=1080, end=1200)
    refresh_free([office.pk])
    dates = [(thursday() + timedelta(weeks=week), EVENING) for week in range(3)]
    found = request_booking(office, guest=_member, dates=dates)
    confirm_booking(found, by=office.hosts.get())
    return Booking.objects.get(pk=found.pk)


@pytest.fixture
def booking(therapist, _booking):
    """Three Thursdays of the person who is signed in, 18 to 20, with ten days of notice; Wednesdays are free too."""
    return copy.deepcopy(_booking)


def url(name, booking, *more):
    return reverse(f"spaces:{name}", args=[booking.pk, *more])


def states(booking):
    return [date.state for date in booking.occurrences.all()]


def said(response):
    return " ".join(response.content.decode().split())


def test_the_page_says_of_each_date_what_giving_it_up_costs(client, booking):
    text = said(client.get(url("booking_dates", booking)))

    assert "$36 stays due unless somebody else takes the hours" in text
    assert "costs nothing until " in text
    assert "10 days of notice" in text


def test_dates_are_given_up_and_taken_up_again(client, booking):
    first, _second, third = booking.occurrences.all()
    client.post(
        url("dates_skip", booking), {"dates": [first.pk, third.pk], "note": "Away."}
    )
    assert states(booking) == ["given_back", "booked", "skipped"]
    assert booking.events.last().note == "Away."

    response = client.get(url("booking_dates", booking))
    assert [line.planned.is_free for line in response.context["given_up"]] == [True] * 2
    client.post(url("dates_readd", booking), {"dates": [first.pk, third.pk]})

    assert states(booking) == ["booked"] * 3


@pytest.mark.parametrize("door", ["dates_skip", "dates_readd"])
@pytest.mark.parametrize("sent", ["none", "rubbish", "another", "stale"])
def test_tampered_and_stale_dates_are_answered_kindly(client, booking, door, sent):
    other = OccurrenceFactory(booking__status="confirmed")
    first = booking.occurrences.first()
    if sent == "stale" and door == "dates_skip":
        client.post(url("dates_skip", booking), {"dates": [first.pk]})
    before = states(booking)
    dates = {"none": [], "rubbish": ["x"], "another": [other.pk], "stale": [first.pk]}

    response = client.post(url(door, booking), {"dates": dates[sent]})

    assert response.status_code == 200
    assert ("Tick at least one date." if sent == "none" else "One of these dates") in (
        said(response)
    )
    assert states(booking) == before
    other.refresh_from_db()
    assert other.state == "booked"


def test_a_date_is_looked_at_and_then_moved(client, booking):
    third = booking.occurrences.last()
    day = thursday() + timedelta(weeks=2, days=-1)
    to = {"day": day.isoformat(), "starts": "18:00", "ends": "20:00"}
    page = url("date_move", booking, third.pk)

    response = client.get(page)
    offered = {(item["day"], item["said"]) for item in response.context["offered"]}
    assert (day, "18:00–20:00") in offered
    response = client.get(page, to)
    assert response.context["planned"].is_free
    third.refresh_from_db()
    assert third.moved_from is None, "GET moves nothing"
    client.post(page, to)

    third.refresh_from_db()
    assert third.moved_from is not None
    assert third.day(booking.office.building.zone) == day


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"starts": "20:00", "ends": "18:00"}, "The end has to come after the start"),
        ({"starts": "25:00"}, "Type a full or half hour"),
        ({"starts": "18:10"}, "Type a full or half hour"),
        ({"starts": ""}, "From when until when?"),
        ({"day": "2020-01-01"}, "Choose a date from today on"),
        ({"day": "9999-12-31"}, "Choose a date from today on"),
        ({"day": "2027-02-29"}, "That is not a date we can read."),
        ({"starts": "10:00", "ends": "12:00"}, "not offered then"),
    ],
)
def test_moving_to_what_makes_no_sense_is_answered_beside_the_field(
    client, booking, change, words
):
    third = booking.occurrences.last()
    to = {"day": thursday().isoformat(), "starts": "18:00", "ends": "20:00", **change}

    for send in (client.get, client.post):
        assert words in said(send(url("date_move", booking, third.pk), to))
    third.refresh_from_db()
    assert third.moved_from is None


def test_hours_change_from_a_date_on_date_by_date(client, booking):
    page = url("dates_change", booking)
    query = {
        "day": (thursday() + timedelta(days=1)).isoformat(),
        "hours": "2-1080-1200",
    }
    response = client.get(page, query)
    assert "2 of 2 can change" in said(response)
    client.post(f"{page}?{response.context['query']}")

    zone = booking.office.building.zone
    assert [d.day(zone).weekday() for d in booking.occurrences.all()] == [3, 2, 2]


def test_ending_says_before_what_stays_due(client, booking):
    page = url("dates_end", booking)
    today = timezone.localdate().isoformat()
    assert "$36 stays due" in said(client.get(page, {"day": today}))
    assert states(booking) == ["booked"] * 3
    later = client.get(page).context["form"].initial["day"]
    assert "Nothing is due." in said(client.get(page, {"day": later.isoformat()}))
    client.post(page, {"day": today})

    assert states(booking) == ["cancelled"] * 3
    assert next(d.is_due for d in booking.occurrences.all())


def test_the_host_calls_off_but_does_not_move(client, booking):
    client.force_login(booking.office.hosts.get().user)
    page = client.get(url("booking_dates", booking))
    assert "costs your guest nothing" in said(page)
    first = booking.occurrences.first()
    assert client.get(url("date_move", booking, first.pk)).status_code == 404
    client.post(url("dates_skip", booking), {"dates": [first.pk]})

    assert states(booking) == ["cancelled", "booked", "booked"]


def test_changing_comes_first_and_unused_is_only_what_has_begun(client, booking):
    text = said(client.get(url("booking_detail", booking)))
    assert text.index("Change dates") < text.index("Cancel the dates still to come")
    assert "Not used lately" not in text

    OccurrenceFactory(booking=booking, period=hours(18, 20, day=-8))

    assert "Not used lately" in said(client.get(url("booking_detail", booking)))


def test_a_cancelled_booking_says_what_stays_due_and_no_more(client, booking):
    assert "6 hours, $108 in all." in said(client.get(url("booking_detail", booking)))

    cancel_booking(booking, by=booking.guest)

    text = said(client.get(url("booking_detail", booking)))
    due = sum(date.price_cents for date in booking.occurrences.filter(is_due=True))
    assert due
    assert f"${due // 100} stays due to the host" in text
    assert "in all" not in text


def test_lent_dates_cost_who_took_them_nothing(client, booking):
    taker = TherapistFactory()
    booking.occurrences.update(guest=taker, payer=booking.guest)
    client.force_login(taker.user)

    text = said(client.get(url("booking_detail", booking)))

    assert f"$108 in all, owed by {booking.guest}." in text
    assert "has it" not in text


def test_unused_hours_are_asked_about_and_kept(client, booking):
    client.post(url("booking_unused", booking))
    booking.refresh_from_db()
    assert booking.reconfirm_by > timezone.now()
    assert "Are these hours still needed?" in said(
        client.get(url("booking_detail", booking))
    )
    client.post(url("booking_keep", booking))

    booking.refresh_from_db()
    assert booking.reconfirm_by is None


DOORS = ["booking_dates", "dates_change", "dates_end"]


@pytest.mark.parametrize("name", ["booking_dates", "dates_change", "dates_end"])
def test_who_took_one_date_on_reads_of_that_alone(client, booking, name):
    taker = TherapistFactory()
    taken = booking.occurrences.in_order()[1]
    booking.occurrences.filter(pk=taken.pk).update(guest=taker)
    client.force_login(taker.user)

    page = client.get(url(name, booking))

    assert page.context["summary"].dates == [taken]
    assert "3 dates" not in said(page)


def test_outsiders_and_bookings_that_do_not_run_have_no_such_pages(client, booking):
    third = booking.occurrences.last()
    pages = [url(name, booking) for name in DOORS]
    pages.append(url("date_move", booking, third.pk))
    forms = ["dates_skip", "dates_readd", "booking_unused", "booking_keep"]
    client.force_login(TherapistFactory().user)
    for page in pages:
        assert client.get(page).status_code == 404, page
    for name in forms:
        assert client.post(url(name, booking)).status_code == 404, name
    client.force_login(booking.guest.user)
    Booking.objects.update(status="ended")
    for page in pages:
        assert client.get(page).status_code == 404, page


@pytest.mark.parametrize("item_count", [1, 3])
def test_changing_dates_needs_a_constant_number_of_queries(
    client, therapist, django_assert_num_queries, item_count
):
    found = BookingFactory(guest=therapist, status="confirmed")
    for number in range(item_count):
        for state in ("booked", "skipped"):
            OccurrenceFactory(
                booking=found, state=state, period=hours(number, number + 1)
            )
    page = url("booking_dates", found)
    client.get(page)

    with django_assert_num_queries(15):
        client.get(page)
