from datetime import timedelta

import icalendar
import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from directory.enums import Standing
from spaces.views.feed import seen_key
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours
from tests.spaces.calendars import standing_in

pytestmark = pytest.mark.django_db


def events(client, person):
    response = client.get(reverse("spaces:feed", args=[person.feed_token]))
    assert response["Content-Type"].startswith("text/calendar")
    return icalendar.Calendar.from_ical(response.content.decode()).walk("VEVENT")


def test_feed_holds_my_dates_as_guest_and_as_host(client):
    person = TherapistFactory()
    mine = OccurrenceFactory(booking__guest=person, booking__status="confirmed")
    let = OccurrenceFactory(
        booking__office__hosts=[person],
        booking__status="confirmed",
        period=hours(11, 12),
    )
    OccurrenceFactory(booking__status="confirmed", period=hours(13, 14))
    OccurrenceFactory(booking__guest=person, period=hours(15, 16))  # only asked for

    found = events(client, person)

    assert [event["UID"] for event in found] == [
        f"occurrence-{mine.pk}@localhost",
        f"occurrence-{let.pk}@localhost",
    ]
    assert [(e.decoded("DTSTART"), e.decoded("DTEND")) for e in found] == [
        (mine.period.lower, mine.period.upper),
        (let.period.lower, let.period.upper),
    ]
    assert {str(event["SUMMARY"]) for event in found} == {"Room booked"}
    assert "Piedmont Avenue" in found[0]["LOCATION"]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("booked", "CONFIRMED"),
        ("displaced", "CANCELLED"),
        ("cancelled", "CANCELLED"),
        ("given_back", "CANCELLED"),
    ],
)
def test_feed_strikes_out_what_is_off(client, state, status):
    person = TherapistFactory()
    OccurrenceFactory(booking__guest=person, booking__status="confirmed", state=state)

    [event] = events(client, person)

    assert event["STATUS"] == status
    assert ("LOCATION" in event) == (status == "CONFIRMED")


def test_feed_names_nobody_and_tells_no_code(client):
    host, guest = (
        TherapistFactory(name="Mara Ellison"),
        TherapistFactory(name="Joel Okafor"),
    )
    office = OfficeFactory(hosts=[host], entry_code="4711#")
    OccurrenceFactory(
        booking=BookingFactory(office=office, guest=guest, status="confirmed")
    )

    text = client.get(reverse("spaces:feed", args=[guest.feed_token])).content.decode()

    for kept in ("Ellison", "Okafor", "4711#"):
        assert kept not in text


@pytest.mark.parametrize(
    "standing", [Standing.SUSPENDED, Standing.LEFT, Standing.APPLICANT]
)
def test_feed_is_for_members(client, standing):
    person = TherapistFactory(standing=standing)

    assert (
        client.get(reverse("spaces:feed", args=[person.feed_token])).status_code == 404
    )


def test_wrong_token_finds_nothing(client, db):
    assert client.get(reverse("spaces:feed", args=["wrong"])).status_code == 404
    assert client.get("/spaces/feed/%00.ics").status_code == 404


def test_feed_leaves_out_what_is_long_past(client):
    person = TherapistFactory()
    lower = timezone.now() - timedelta(days=200)
    OccurrenceFactory(
        booking__guest=person,
        booking__status="ended",
        period=hours(0, 1).__class__(lower, lower + timedelta(hours=1)),
    )

    assert events(client, person) == []


def test_feed_settings_show_the_link_and_make_a_new_one(client, therapist):
    old = therapist.feed_token
    assert old in client.get(reverse("spaces:feed_settings")).content.decode()

    client.post(reverse("spaces:feed_settings"))

    therapist.refresh_from_db()
    assert therapist.feed_token != old
    assert client.get(reverse("spaces:feed", args=[old])).status_code == 404


@pytest.mark.parametrize("item_count", [1, 3])
def test_feed_query_count_is_constant(client, django_assert_num_queries, item_count):
    person = TherapistFactory()
    for number in range(item_count):
        OccurrenceFactory(
            booking__guest=person,
            booking__status="confirmed",
            period=hours(number, number + 1),
        )

    with django_assert_num_queries(4):
        events(client, person)


# --- Unchanged ------------------------------------------------------------------


def test_feed_answers_a_program_that_has_it_already_with_a_few_bytes(client):
    occurrence = OccurrenceFactory(booking__status="confirmed")
    url = reverse("spaces:feed", args=[occurrence.guest.feed_token])
    first = client.get(url)
    an_hour_ago = int(timezone.now().timestamp()) - 3600
    cache.set(seen_key(url), (first["ETag"].strip('"'), an_hour_ago))
    first = client.get(url)

    known = {"HTTP_IF_NONE_MATCH": first["ETag"]}
    since = {"HTTP_IF_MODIFIED_SINCE": first["Last-Modified"]}
    assert client.get(url, **known).status_code == 304
    assert client.get(url, **since).status_code == 304

    occurrence.office.suite = "9"  # no row of the booking says when that was
    occurrence.office.save()

    assert client.get(url, **known).status_code == 200
    assert client.get(url, **since).status_code == 200


# --- A room's own feed -------------------------------------------------------------


@pytest.fixture
def room(therapist):
    office = OfficeFactory(hosts=[therapist, TherapistFactory()], name="The attic")
    OccurrenceFactory(booking__office=office, booking__status="confirmed")
    return office


def room_link(client):
    """As its settings page shows it to who is signed in."""
    [(_office, address, _webcal)] = client.get(reverse("spaces:feed_settings")).context[
        "rooms"
    ]
    return address.removeprefix("http://localhost:8000")


def renew(client, office, **form):
    return client.post(reverse("spaces:office_feed_renew", args=[office.pk]), form)


def test_a_rooms_feed_is_made_on_demand_renewed_and_switched_off(client, room):
    assert room_link(client) == ""

    renew(client, room)
    first = room_link(client)
    text = client.get(first).content.decode()
    assert "LOCATION:The attic" in text
    assert "X-WR-CALNAME:The attic" in text

    renew(client, room)
    assert client.get(first).status_code == 404
    second = room_link(client)
    assert client.get(second).status_code == 200

    renew(client, room, off="1")
    assert room_link(client) == ""
    assert client.get(second).status_code == 404


def test_a_rooms_feed_ends_with_being_its_host(client, therapist, room):
    renew(client, room)
    link = room_link(client)

    room.hosts.remove(therapist)
    assert client.get(link).status_code == 404

    room.hosts.add(therapist)
    assert client.get(link).status_code == 200
    therapist.standing = Standing.SUSPENDED
    therapist.save()
    assert client.get(link).status_code == 404


def test_a_rooms_link_cannot_be_made_up_nor_renewed_by_others(client, therapist, room):
    renew(client, room)
    room.refresh_from_db()

    assert renew(client, OfficeFactory()).status_code == 404
    made_up = reverse(
        "spaces:office_feed", args=[f"{therapist.pk}.{room.feed_token}:made-up"]
    )
    assert client.get(made_up).status_code == 404


# --- One booking as a file --------------------------------------------------------


def test_a_booking_can_be_taken_as_a_file_by_its_people(client, therapist):
    booking = BookingFactory(guest=therapist, status="confirmed")
    one, two = (
        OccurrenceFactory(booking=booking, period=hours(9, 10, day=day))
        for day in (0, 7)
    )
    url = reverse("spaces:booking_calendar", args=[booking.pk])

    assert url in client.get(booking.get_absolute_url()).content.decode()
    response = client.get(url)

    assert response["Content-Disposition"].startswith("attachment")
    assert standing_in(response.content.decode()) == [
        (date.period.lower, date.period.upper) for date in (one, two)
    ]
    client.force_login(TherapistFactory().user)
    assert client.get(url).status_code == 404
