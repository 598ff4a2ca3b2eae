import pytest
from django.urls import reverse

from spaces.models import Office
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OpeningFactory,
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


LISTS = {
    "building": BuildingFactory,
    "office": open_office,
    "opening": OpeningFactory,
    "closure": ClosureFactory,
    "booking": BookingFactory,
}


@pytest.mark.parametrize("model", LISTS)
def test_lists_need_a_constant_number_of_queries(
    desk, model, django_assert_max_num_queries
):
    url = reverse(f"admin:spaces_{model}_changelist")
    LISTS[model]()
    desk.get(url)

    with django_assert_max_num_queries(14) as first:
        desk.get(url)
    for _number in range(3):
        LISTS[model]()
    with django_assert_max_num_queries(len(first)):
        assert desk.get(url).status_code == 200


@pytest.mark.parametrize("model", LISTS)
def test_every_row_has_its_page(desk, model):
    row = LISTS[model]()

    assert (
        desk.get(reverse(f"admin:spaces_{model}_change", args=[row.pk])).status_code
        == 200
    )


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
