from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from spaces.models import BorrowedRoom, WayBack
from spaces.notifications.reopening import borrowed_path, way_back_path
from tests.factories.directory import InvitedFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    IncidentFactory,
    OccurrenceFactory,
    OfficeFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def borrowed(therapist):
    """The signed-in one is the guest."""
    booking = BookingFactory(guest=therapist, status="confirmed", source="offer")
    for day in (3, 10):
        OccurrenceFactory(booking=booking, period=hours(18, 20, day=day))
    return BorrowedRoom.objects.create(
        booking=booking,
        incident=IncidentFactory(status="over"),
        answer_by=timezone.now() + timedelta(days=7),
    )


@pytest.fixture
def way(therapist):
    way = WayBack.objects.create(
        incident=IncidentFactory(status="over"),
        guest=therapist,
        answer_by=timezone.now() + timedelta(days=7),
    )
    booking = BookingFactory(guest=therapist, status="confirmed")
    way.occurrences.add(
        OccurrenceFactory(
            booking=booking, period=hours(18, 20, day=3), state="displaced"
        )
    )
    return way


def test_a_sublet_is_agreed_on_by_page_and_by_link_without_signing_in(client, borrowed):
    url, today = borrowed.get_absolute_url(), timezone.localdate()
    page = client.get(url)
    span = page.context["sublet_form"].fields["hours"].choices[0][0]
    terms = {
        "act": "sublet",
        "hours": span,
        "price": "18",
        "first_date": today + timedelta(days=1),
        "last_date": today + timedelta(weeks=6),
    }

    said = client.post(url, terms | {"last_date": today}).content.decode()
    assert "The end must not be before the start." in said
    assert client.post(url, terms).status_code == 302
    client.logout()
    link = borrowed_path(borrowed, borrowed.booking.office.hosts.get())
    text = client.get(link).content.decode()
    borrowed.refresh_from_db()
    assert (borrowed.status, "$18 / hour" in text) == ("proposed", True)
    client.post(link, {"act": "agree", "version": borrowed.version})
    borrowed.refresh_from_db()

    assert borrowed.status == "agreed"
    assert borrowed.sublet.occurrences.exists()
    again = client.post(link, {"act": "agree", "version": 1}, follow=True)
    assert "Agreed" in again.content.decode()


def test_end_is_proposed_and_left(client, borrowed):
    url = borrowed.get_absolute_url()
    day = timezone.localdate() + timedelta(days=2)

    client.post(url, {"act": "end", "day": "yesterday"})
    client.post(url, {"act": "agree", "version": "x"})
    client.post(url, {"act": "end", "day": day})
    borrowed.refresh_from_db()
    assert (borrowed.kind, borrowed.first_date) == ("end", day)
    client.post(url, {"act": "keep"})

    borrowed.refresh_from_db()
    assert borrowed.status == "kept"
    assert borrowed.booking.occurrences.filter(state="booked").count() == 2


def test_outsiders_and_strange_links_find_nothing(client, therapist, borrowed, way):
    other = TherapistFactory()
    client.force_login(other.user)
    foreign = borrowed_path(borrowed, other)

    assert client.get(borrowed.get_absolute_url()).status_code == 404
    assert client.get(way.get_absolute_url()).status_code == 404
    assert client.get(foreign).status_code == 404
    link = way_back_path(way)
    assert client.get(link[:-4] + "aaa/").status_code == 404
    assert client.post(link, {"act": "burn"}).status_code == 404
    assert client.get(link).status_code == 200
    way.refresh_from_db()
    assert way.status == "asked"


def test_way_back_shows_both_rooms_and_is_answered_once(client, way, borrowed):
    text = client.get(way.get_absolute_url()).content.decode()
    for date in (way.occurrences.get(), borrowed.booking.occurrences.first()):
        assert date.office.name in text

    client.post(way.get_absolute_url(), {"act": "stay"})
    said = client.post(way.get_absolute_url(), {"act": "back"}).content.decode()

    assert "answered already" in said
    assert way.occurrences.get().state == "released"


def test_an_invited_person_chooses_by_link(client, way):
    way.guest = InvitedFactory()
    way.save()
    way.occurrences.update(guest=way.guest)

    client.post(way_back_path(way), {"act": "back"})

    assert way.occurrences.get().state == "booked"


def test_home_and_the_bookings_page_show_what_waits(client, therapist, borrowed, way):
    OfficeFactory(hosts=[therapist])
    text = client.get(reverse("home")).content.decode()
    assert borrowed.get_absolute_url() in text
    assert way.get_absolute_url() in text
    page = client.get(borrowed.booking.get_absolute_url()).content.decode()
    assert borrowed.get_absolute_url() in page

    client.post(
        borrowed.get_absolute_url(), {"act": "end", "day": timezone.localdate()}
    )

    text = client.get(reverse("home")).content.decode()
    assert borrowed.get_absolute_url() not in text  # it is the other one's turn
    client.force_login(borrowed.booking.office.hosts.get().user)
    assert "proposes: end it" in client.get(reverse("home")).content.decode()
