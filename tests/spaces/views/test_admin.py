import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse

from spaces.domain.availability import verify_free
from spaces.hours import span_of
from spaces.models import Office
from tests.factories.spaces import (
    BookingFactory,
    OccurrenceFactory,
)
from tests.periods import hours
from tests.spaces.rooms import open_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, moderator):
    """A moderator whom the admin lets in everywhere."""
    moderator.user.is_superuser = True
    moderator.user.save()
    return client


def test_hiding_an_office_takes_it_from_members_and_back(desk):
    office = open_office()
    host = office.hosts.get()
    url = reverse("admin:spaces_office_changelist")

    desk.post(url, {"action": "hide", "_selected_action": [office.pk]})
    office.refresh_from_db()
    assert office.is_hidden
    assert not Office.objects.listed().exists()
    host.refresh_from_db()
    assert not host.has_spare_hours

    desk.post(url, {"action": "show_again", "_selected_action": [office.pk]})
    office.refresh_from_db()
    assert not office.is_hidden


def test_a_booking_is_looked_at_and_not_touched(desk):
    booking = BookingFactory()
    OccurrenceFactory(booking=booking, period=hours(9, 10))
    url = reverse("admin:spaces_booking_change", args=[booking.pk])

    text = desk.get(url).content.decode()
    assert "Asked for" in text
    assert 'name="status"' not in text
    assert desk.post(url, {"status": "confirmed"}).status_code == 403


def test_members_are_not_let_in(client, therapist):
    response = client.get(reverse("admin:spaces_office_changelist"))

    assert response.status_code == 302


def test_another_zone_of_a_house_keeps_the_clock_of_hours_and_the_moment_of_dates(desk):
    office = open_office()
    building = office.building
    date = OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed"), period=hours(9, 10)
    )
    url = reverse("admin:spaces_building_change", args=[building.pk])
    assert "stay the moments they are" in desk.get(url).content.decode()
    fields = ["name", "street", "city", "zip_code", "latitude", "longitude"]

    response = desk.post(
        url,
        {
            **{name: getattr(building, name) for name in fields},
            "timezone": "America/New_York",
        },
        follow=True,
    )

    text = response.content.decode()
    assert "The hours of 1 room mean the same on the clock in America/New_York" in text
    assert "1 booked date to come stays" in text
    office.refresh_from_db()
    zone = office.building.zone
    opening = office.openings.get()
    spans = {span_of(DateTimeTZRange(*part), zone)[1:] for part in opening.free[1:]}
    assert spans == {(17 * 60, 21 * 60)}
    before = date.period
    date.refresh_from_db()
    assert date.period == before
    assert not verify_free([office.pk])
