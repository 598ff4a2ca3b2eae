from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from spaces.models import Opening
from tests.factories.spaces import OfficeFactory, OpeningFactory
from tests.spaces.rooms import open_office, soon, thursday

pytestmark = pytest.mark.django_db


def hours_to_offer(**change):
    return {
        "hours": ["3-1020-1260", "5-540-780"],
        "first_date": soon().isoformat(),
        "price": "18",
        "audience": "all",
        "shortest_minutes": "60",
        **change,
    }


@pytest.fixture
def office(therapist):
    return OfficeFactory(hosts=[therapist])


def offer(client, office, **change):
    return client.post(
        reverse("spaces:opening_new", args=[office.pk]), hours_to_offer(**change)
    )


def test_opening_new_offers_the_painted_hours(client, office):
    response = offer(client, office)

    assert response.url == office.get_absolute_url()
    assert [
        (o.weekday, o.start, o.end, o.price_cents) for o in Opening.objects.all()
    ] == [
        (3, 1020, 1260, 1800),
        (5, 540, 780, 1800),
    ]
    assert all(opening.free for opening in Opening.objects.all())


@pytest.mark.parametrize(
    ("price", "cents"),
    [
        ("$18.50", 1850),
        ("18,5", 1850),
        ("free", 0),
        ("Free", 0),
        ("0", 0),
        (" 500 ", 50_000),
    ],
)
def test_opening_new_reads_prices_as_people_type_them(client, office, price, cents):
    offer(client, office, price=price)

    assert {opening.price_cents for opening in Opening.objects.all()} == {cents}


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"price": "-1"}, "price", "A price cannot be less than nothing."),
        ({"price": "1000000000"}, "price", "$500 an hour is the most we take."),
        ({"price": "1e400"}, "price", ""),
        ({"price": "18.005"}, "price", "Type a sum such as 18"),
        ({"price": "40 %"}, "price", "Type a sum such as 18"),
        ({"price": ""}, "price", "What does an hour cost?"),
        ({"hours": []}, "hours", "Paint at least half an hour"),
        ({"hours": ["3-1260-1020"]}, "hours", "The end has to come after the start"),
        ({"first_date": "2020-01-01"}, "first_date", "That is in the past."),
        ({"first_date": "2220-01-01"}, "first_date", "That is too far ahead"),
        ({"first_date": "tomorrow"}, "first_date", "That is not a date we can read."),
        (
            {"last_date": "2020-01-01"},
            "last_date",
            "The end must not be before the start.",
        ),
        ({"audience": "friends"}, "audience", ""),
    ],
)
def test_opening_new_says_beside_the_field_what_is_wrong(
    client, office, change, name, words
):
    response = offer(client, office, **change)

    assert response.status_code == 200
    assert words in " ".join(response.context["form"].errors[name])
    assert not Opening.objects.exists()


def test_opening_new_keeps_what_was_typed(client, office):
    response = offer(client, office, price="-7", hours=["3-1020-1260"])

    text = response.content.decode()
    assert 'value="-7"' in text
    assert "Thu 17:00–21:00" in text


def test_opening_for_one_date(client, office):
    day = thursday().isoformat()

    offer(client, office, hours=["3-1020-1260"], first_date=day, last_date=day)

    assert Opening.objects.get().is_single_date
    assert "Offer no longer" in client.get(office.get_absolute_url()).content.decode()


def test_opening_for_one_date_of_another_weekday_is_refused(client, office):
    day = thursday().isoformat()

    response = offer(
        client, office, hours=["4-1020-1260"], first_date=day, last_date=day
    )

    assert "None of these hours falls between those dates" in response.content.decode()


def test_overlapping_openings_cost_the_cheaper(client, therapist):
    office = open_office()
    OpeningFactory(
        office=office,
        price_cents=1000,
        start=1080,
        end=1140,
        free=office.openings.get().free,
    )

    response = client.get(office.get_absolute_url(), {"week": thursday().isoformat()})

    blocks = sorted(
        (block.start, block.end, block.detail) for block in response.context["blocks"]
    )
    assert blocks == [(1020, 1080, "$18"), (1080, 1140, "$10"), (1140, 1260, "$18")]


def test_adding_rows_from_the_lists_repaints_without_offering(client, office):
    response = offer(
        client,
        office,
        hours=["3-1020"],
        repaint="hours",
        hours_day=["0"],
        hours_from=["540"],
        hours_to=["600"],
        price="",
    )

    assert "Mon 09:00–10:00, Thu 17:00–17:30" in response.content.decode()
    assert not response.context["form"].errors
    assert not Opening.objects.exists()


def test_openings_confirm_makes_them_fresh(client, therapist):
    office = open_office(
        hosts=[therapist], opening={"confirmed_at": timezone.now() - timedelta(days=80)}
    )

    response = client.post(
        reverse("spaces:openings_confirm", args=[office.pk]), {"next": "home"}
    )

    assert response.url == reverse("home")
    assert Opening.objects.get().confirmed_at > timezone.now() - timedelta(minutes=1)


def test_opening_end_stops_the_offer(client, therapist):
    office = open_office(hosts=[therapist])

    response = client.post(
        reverse("spaces:opening_end", args=[Opening.objects.get().pk]), follow=True
    )

    assert "No longer offered: Thu 17:00–21:00." in response.content.decode()
    assert not Opening.objects.exclude(free=[]).exists()
    assert response.context["office"] == office


@pytest.mark.parametrize("url_name", ["openings_confirm", "opening_end"])
def test_hours_of_others_are_left_alone(client, therapist, url_name):
    office = open_office()
    pk = office.pk if url_name == "openings_confirm" else office.openings.get().pk

    assert client.post(reverse(f"spaces:{url_name}", args=[pk])).status_code == 404
