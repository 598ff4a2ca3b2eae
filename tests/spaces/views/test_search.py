import pytest
from django.urls import reverse

from spaces.enums import Audience
from tests.factories.directory import BlockFactory
from tests.factories.spaces import BuildingFactory, OfficeFactory, OpeningFactory
from tests.spaces.rooms import EVENING, asked, close, open_office

pytestmark = pytest.mark.django_db

URL = "/spaces/"
HTMX = {"HTTP_HX_REQUEST": "true"}


def test_search_says_what_fits_and_what_misses(client, therapist):
    whole = open_office()
    shorter = open_office(opening={"end": 1230})

    response = client.get(URL, asked(near="94618"))

    assert [result["office"] for result in response.context["full"]] == [whole]
    assert [result["office"] for result in response.context["near"]] == [shorter]
    assert "All 4 dates" in response.content.decode()
    assert "Thu ends 20:30" in response.content.decode()


def test_search_without_hours_shows_rooms_near_by_nearest_first(client, therapist):
    far = open_office(building=BuildingFactory(latitude=37.87, longitude=-122.27))
    near = open_office(building=BuildingFactory(latitude=37.84, longitude=-122.24))
    OfficeFactory()  # without hours

    response = client.get(URL, {"near": "94618"})

    assert [result["office"] for result in response.context["nearby"]] == [near, far]
    assert "Thu 17:00–21:00" in response.content.decode()


def test_search_without_a_first_date_begins_today(client, therapist):
    office = open_office()

    response = client.get(URL, asked(near="94618") | {"first_date": "", "weeks": "4"})

    assert [result["office"] for result in response.context["full"]] == [office]


def test_search_filters_by_price_people_and_steps(client, therapist):
    open_office(capacity=2)
    fitting = open_office(is_step_free=True, opening={"price_cents": 1000})

    response = client.get(
        URL, asked(most="$12", people="4", step_free="on", near="94618")
    )

    assert [result["office"] for result in response.context["full"]] == [fitting]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("radius", "0", "Choose a distance between 0.5 and 100 km."),
        ("radius", "10000", "Choose a distance between 0.5 and 100 km."),
        ("radius", "nan", "Enter a number."),
        ("near", "00000", "We know no ZIP code “00000”"),
        ("near", "💥", "We know no ZIP code “💥”"),
        ("most", "-5", "A price cannot be less than nothing"),
        ("most", "999999", "Is that a typing error?"),
        ("most", "one", "Type a sum such as 18"),
        ("weeks", "0", "between 1 week and 53 weeks"),
        ("weeks", "540", "between 1 week and 53 weeks"),
        ("people", "0", "Choose between 1 and 200 people."),
        ("first_date", "2020-01-01", "That is in the past."),
        ("first_date", "2226-01-01", "That is too far ahead"),
        ("first_date", "soon", "That is not a date we can read."),
        ("until", "2020-01-01", "The end must not be before the start."),
        ("hours", "9-1080", "Some of these hours are not on the grid."),
        ("hours", "3-1260-1080", "The end has to come after the start"),
    ],
)
def test_search_says_beside_the_field_what_is_wrong(
    client, therapist, name, value, words
):
    response = client.get(URL, {**asked(near="94618"), name: value})

    assert response.status_code == 200
    assert words in " ".join(response.context["form"].errors[name])
    assert words in response.content.decode()
    if name != "hours":
        assert f'value="{value}"' in response.content.decode()  # kept


def test_search_part_is_swapped_in_and_leaves_a_short_address(client, therapist):
    response = client.get(URL, asked(hours=["3-1080", "3-1110"], near="94618"), **HTMX)

    page = response.content.decode()
    assert "<html" not in page
    assert 'id="results"' in page
    assert response["HX-Push-Url"].startswith("/spaces/?hours=3-1080-1140&")
    assert "HX-Request" in response["Vary"]


def test_search_says_what_is_wrong_beside_the_field_with_htmx_too(client, therapist):
    response = client.get(URL, asked(radius="0", near="94618"), **HTMX)

    assert (response["HX-Retarget"], response["HX-Reselect"]) == ("#main", "#main")
    assert "HX-Push-Url" not in response
    page = response.content.decode()
    assert "Choose a distance between" in page
    assert 'hx-target="#main"' in page

    mended = client.get(URL, asked(near="94618"), HTTP_HX_TARGET="main", **HTMX)
    assert mended["HX-Retarget"] == "#main"
    assert 'hx-target="#results"' in mended.content.decode()


def test_search_hides_what_is_not_open_to_me(client, therapist):
    hidden = open_office(is_hidden=True)
    draft = open_office(is_draft=True)
    blocked = open_office()
    BlockFactory(blocker=blocked.hosts.get(), blocked=therapist)
    emergencies = open_office(opening={"audience": Audience.EMERGENCIES})
    seen = open_office()

    response = client.get(URL, asked(near="94618"))

    shown = {result["office"] for result in response.context["full"]}
    assert shown.isdisjoint({hidden, draft, blocked, emergencies})
    assert shown == {seen}


def test_search_names_a_closed_date(client, therapist):
    close(open_office())

    response = client.get(URL, asked(weeks=4, near="94618"))

    [result] = response.context["near"]
    assert result["match"].missing[0].startswith("Free except")


def test_search_is_not_for_strangers_or_applicants(client, db):
    assert client.get(URL).url.startswith(reverse("account_login"))


@pytest.mark.parametrize("query", [{}, {"hours": EVENING}])
@pytest.mark.parametrize("item_count", [1, 3])
def test_search_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count, query
):
    building = BuildingFactory()
    for _number in range(item_count):
        OpeningFactory(office=open_office(building=building), weekday=1)
    client.get(URL)

    with django_assert_num_queries(14 if query else 11):
        response = client.get(URL, {"near": "94611", "weeks": "4", **query})

    assert len(response.context.get("full") or response.context["nearby"]) == item_count
