from datetime import timedelta

import icalendar
import pytest
from django.urls import reverse
from django.utils import timezone

from directory.enums import Standing
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours

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

    with django_assert_num_queries(3):
        events(client, person)
