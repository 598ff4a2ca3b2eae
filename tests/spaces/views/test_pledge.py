from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from spaces.hours import Span
from spaces.models import Pledge
from spaces.notifications.links import help_path
from spaces.notifications.pledge import pledge_path
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    NeedFactory,
    OfficeFactory,
    PledgeFactory,
    WaveFactory,
)

pytestmark = pytest.mark.django_db

OLD = timezone.now() - timedelta(days=340)


def pledge_form(room, **changes):
    return {
        "hours": ["2-1020-1260"],
        "office": room.pk,
        "radius": "5",
        "weeks": "2",
        "price": "free",
    } | changes


def test_pledging_hours_changing_and_taking_them_back(client, therapist):
    office = OfficeFactory(hosts=[therapist])
    new = reverse("spaces:pledge_new")

    client.post(new, pledge_form(office, joins_drills="on"))
    pledge = Pledge.objects.get()
    assert (pledge.therapist, pledge.radius_metres, pledge.weeks) == (
        therapist,
        5000,
        2,
    )
    assert pledge.joins_drills
    client.post(pledge.get_absolute_url(), pledge_form(office, price="9"))
    pledge.refresh_from_db()
    assert (pledge.price_cents, pledge.joins_drills) == (900, False)
    assert b"Wed 17:00" in client.get(reverse("spaces:pledge_list")).content
    client.post(reverse("spaces:pledge_end", args=[pledge.pk]))
    assert not Pledge.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": []},
        {"radius": "9999"},
        {"weeks": "99"},
        {"price": "-1"},
        {"office": 0},
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_pledged(client, therapist, wrong):
    office = OfficeFactory(hosts=[therapist])

    response = client.post(reverse("spaces:pledge_new"), pledge_form(office, **wrong))

    assert response.context["form"].errors
    assert not Pledge.objects.exists()


def test_a_pledge_shows_nowhere_to_others(client, therapist):
    pledge = PledgeFactory()

    for path in (
        reverse("spaces:office_search") + "?hours=2-1020-1260&weeks=2",
        pledge.office.get_absolute_url(),
        pledge.office.building.get_absolute_url(),
        reverse("directory:therapist_detail", args=[pledge.therapist.pk]),
    ):
        response = client.get(path)
        assert b"17:00\xe2\x80\x9321:00" not in response.content.split(b"<form")[0]
        assert b"pledge" not in response.content.lower()
    for name in ("pledge_edit", "pledge_confirm", "pledge_end"):
        url = reverse(f"spaces:{name}", args=[pledge.pk])
        assert client.post(url).status_code == 404
    assert Pledge.objects.get().confirmed_at == pledge.confirmed_at


def test_the_link_changes_nothing_until_a_button_is_pressed(client):
    pledge = PledgeFactory(confirmed_at=OLD)
    path = pledge_path(pledge)

    for method in (client.get, client.head):
        assert method(path).status_code == 200
        assert Pledge.objects.get().confirmed_at == OLD
    client.post(path, {"answer": "true"})
    assert Pledge.objects.get().confirmed_at > timezone.now() - timedelta(minutes=1)
    assert client.post(path, {"answer": "end"}).status_code == 200
    assert not Pledge.objects.exists()
    assert client.get(path).status_code == 404
    assert client.get(path[:-4] + "x/").status_code == 404


def test_home_asks_whether_it_is_still_true(client, therapist):
    pledge = PledgeFactory(
        therapist=therapist,
        office=OfficeFactory(hosts=[therapist]),
        confirmed_at=OLD,
    )
    confirm = reverse("spaces:pledge_confirm", args=[pledge.pk])

    assert confirm in client.get(reverse("home")).content.decode()
    client.post(confirm, {"next": "home"})
    assert confirm not in client.get(reverse("home")).content.decode()


def test_an_offer_begins_as_it_was_pledged(client):
    pledge = PledgeFactory(price_cents=900, weeks=1, spans=[Span(2, 1020, 1140)])
    first = timezone.now().date() + timedelta(days=2)
    wave = WaveFactory(need=NeedFactory(therapist=TherapistFactory(), first_date=first))

    response = client.get(help_path(wave, pledge.therapist))

    cards = {card["value"]: card["is_ticked"] for card in response.context["cards"]}
    assert cards == {"2-1020-1140": True, "2-1140-1260": False}
    form = response.context["form"]
    assert form["price"].value() == "9"
    last = first + timedelta(days=(2 - first.weekday()) % 7 + 6)
    assert form["until"].value() == last
    assert b"you pledged these" in response.content


@pytest.mark.parametrize("count", [1, 3])
def test_pledge_list_query_count_is_constant(
    client, therapist, django_assert_num_queries, count
):
    for _number in range(count):
        PledgeFactory(therapist=therapist, office=OfficeFactory(hosts=[therapist]))

    with django_assert_num_queries(8):
        client.get(reverse("spaces:pledge_list"))
