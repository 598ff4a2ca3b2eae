"""The rooms on a colleague's profile."""

import pytest
from django.urls import reverse

from spaces.models import Office
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import OfficeFactory, OpeningFactory

pytestmark = pytest.mark.django_db


def profile(client, person):
    return client.get(
        reverse("directory:therapist_detail", args=[person.pk])
    ).content.decode()


def test_a_profile_shows_the_rooms_and_what_they_offer(client, therapist):
    office = OfficeFactory(name="The garden room")
    OpeningFactory(office=office)

    page = profile(client, office.hosts.get())

    assert "The garden room" in page
    assert "Thu 17:00–21:00" in page
    assert office.building.street not in page


def test_a_profile_shows_no_hidden_rooms(client, therapist):
    office = OfficeFactory(name="The garden room")
    Office.objects.update(is_hidden=True)

    assert "The garden room" not in profile(client, office.hosts.get())


@pytest.mark.parametrize("count", [1, 3])
def test_a_profile_asks_a_constant_number_of_queries(
    client, therapist, django_assert_num_queries, count
):
    person = TherapistFactory()
    for office in OfficeFactory.create_batch(count, hosts=[person]):
        OpeningFactory(office=office)

    with django_assert_num_queries(12):
        profile(client, person)
