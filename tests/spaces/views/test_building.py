from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Report
from spaces.models import Incident, IncidentScope, IncidentUpdate
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    ClosureFactory,
    IncidentFactory,
    LoanFactory,
    NeedFactory,
    OccurrenceFactory,
    OfficeFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db


def page(client, building):
    return client.get(reverse("spaces:building_detail", args=[building.pk]))


def test_building_is_hidden_from_people_without_a_tie(client, therapist):
    assert page(client, BuildingFactory()).status_code == 404


def test_building_is_open_to_hosts_guests_and_moderators(client, moderator):
    office = OfficeFactory()
    booking = BookingFactory(office=office, status="confirmed")
    OccurrenceFactory(booking=booking)

    for person in (moderator, office.hosts.get(), booking.guest):
        client.force_login(person.user)
        assert page(client, office.building).status_code == 200


def test_asking_for_hours_is_no_tie(client, therapist):
    booking = BookingFactory(guest=therapist)
    OccurrenceFactory(booking=booking)

    assert page(client, booking.office.building).status_code == 404


def test_building_names_only_those_who_agreed(client, therapist):
    own = OfficeFactory(hosts=[therapist])
    named = OfficeFactory(
        building=own.building, hosts=[TherapistFactory(agrees_to_be_named=True)]
    )
    OfficeFactory(building=own.building)
    blocked = OfficeFactory(
        building=own.building, hosts=[TherapistFactory(agrees_to_be_named=True)]
    )
    BlockFactory(blocker=blocked.hosts.get(), blocked=therapist)

    response = page(client, own.building)

    assert {row["office"] for row in response.context["offices"]} == {own, named}


def test_building_tells_its_incident_news_and_closures(client, therapist):
    office = OfficeFactory(hosts=[therapist])
    now = timezone.now()
    incident = Incident.objects.create(
        kind="fire",
        status="confirmed",
        summary="Fire on the third floor",
        reported_by=therapist,
        began_at=now,
    )
    IncidentScope.objects.create(
        incident=incident, building=office.building, until=now + timedelta(days=14)
    )
    IncidentUpdate.objects.create(
        incident=incident, author=None, text="Power out for a week"
    )
    ClosureFactory(
        office=None, building=office.building, reason="Fire", period=hours(0, 24 * 14)
    )

    text = page(client, office.building).content.decode()

    for said in (
        "Fire on the third floor",
        "Power out for a week",
        "closed until about",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("agrees", "is_blocked", "is_signed"),
    [(True, False, True), (False, False, False), (True, True, False)],
)
def test_news_are_signed_by_those_who_agreed(
    client, therapist, agrees, is_blocked, is_signed
):
    office = OfficeFactory(hosts=[therapist])
    author = TherapistFactory(name="Mara Ellison", agrees_to_be_named=agrees)
    incident = Incident.objects.create(
        kind="fire", status="confirmed", reported_by=therapist, began_at=timezone.now()
    )
    IncidentScope.objects.create(
        incident=incident,
        building=office.building,
        until=timezone.now() + timedelta(days=14),
    )
    IncidentUpdate.objects.create(incident=incident, author=author, text="No power")
    if is_blocked:
        BlockFactory(blocker=author, blocked=therapist)

    pages = [page(client, office.building), client.get(incident.get_absolute_url())]

    assert ["Mara" in said.content.decode() for said in pages] == [is_signed] * 2


@pytest.mark.parametrize("item_count", [1, 3])
def test_building_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count
):
    building = BuildingFactory()
    for _number in range(item_count):
        office = OfficeFactory(building=building, hosts=[therapist])
        ClosureFactory(office=office)
    page(client, building)

    with django_assert_num_queries(13):
        page(client, building)


def test_page_has_posts_people_loans_and_what_is_covered(client, therapist):
    office = OfficeFactory(hosts=[therapist])
    shy = OfficeFactory(building=office.building).hosts.get()
    named = TherapistFactory(name="Nora Named", agrees_to_be_named=True)
    OfficeFactory(building=office.building, hosts=[named])
    incident = IncidentFactory(scope__building=office.building, status="confirmed")
    NeedFactory(incident=incident, therapist=shy)
    old = IncidentFactory(scope__building=office.building, status="over")
    old.updates.create(text="Dry again", author=None)
    LoanFactory(incident=incident, thing="A lamp")
    url = reverse("spaces:building_post", args=[office.building.pk])

    assert "Write a line" in client.post(url, {"text": " "}).content.decode()
    assert client.post(url, {"text": "The lift is stuck."}).status_code == 302
    text = page(client, office.building).content.decode()

    for said in (
        "The lift is stuck.",
        "Dry again",
        "A lamp",
        "Nora Named",
        "Take it back",
    ):
        assert said in text
    assert "hours are needed elsewhere" in text
    assert shy.name not in text
    assert therapist.name in text  # one sees oneself

    post = office.building.posts.get()
    client.force_login(named.user)
    remove = reverse("spaces:post_remove", args=[office.building.pk, post.pk])
    client.post(remove)
    assert "The lift is stuck." in page(client, office.building).content.decode()
    report = reverse("spaces:post_report", args=[office.building.pk, post.pk])
    client.post(report, {"text": " "})
    assert not Report.objects.exists()
    client.post(report, {"text": "It names a client."})
    told = Report.objects.get()
    assert (told.about, told.reporter) == (therapist, named)
    assert "It names a client." in told.text
    assert "The lift is stuck." in told.text
    BlockFactory(blocker=therapist, blocked=named)
    assert client.post(remove).status_code == 404
    assert client.post(report).status_code == 404
    assert "The lift" not in page(client, office.building).content.decode()
    client.force_login(therapist.user)
    client.post(remove)
    assert "The lift" not in page(client, office.building).content.decode()


def test_outsiders_cannot_post(client, therapist):
    url = reverse("spaces:building_post", args=[BuildingFactory().pk])

    assert client.post(url, {"text": "Hello"}).status_code == 404
