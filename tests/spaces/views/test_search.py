from datetime import timedelta
from itertools import product

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.enums import TermKind
from spaces.domain.availability import refresh_free
from spaces.enums import Audience
from tests.factories.directory import BlockFactory, TermFactory, TherapistFactory
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


@pytest.mark.parametrize("query", [{"near": "94618"}, asked(near="94618")])
def test_past_the_last_page_is_the_first(client, therapist, query):
    open_office()

    response = client.get(URL, query | {"page": "99999"}, follow=True)

    assert len(response.context["results"]) == 1
    assert "page=" not in response.redirect_chain[0][0]
    assert "near=94618" in response.redirect_chain[0][0]


def test_hours_free_in_part_are_not_said_to_cost_nothing(client, therapist):
    office = open_office(opening={"price_cents": 0})
    OpeningFactory(office=office, weekday=4, price_cents=1800)

    response = client.get(URL, {"near": "94618"})

    assert "free to $18" in response.content.decode()


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
        ("first_date", "9999-12-31", "That is too far ahead"),
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


def names(results):
    return [result["office"].name for result in results]


def test_search_narrows_by_what_a_room_has_and_by_terms(client, therapist):
    quiet = TermFactory(
        kind=TermKind.OFFICE_ATTRIBUTE, slug="quiet-floor", label="Quiet floor"
    )
    monthly = TermFactory(
        kind=TermKind.OFFICE_TERM, slug="by-the-month", label="By the month"
    )
    open_office(name="Neither")
    open_office(name="Quiet").attributes.set([quiet])
    open_office(name="Both").attributes.set([quiet, monthly])
    query = asked(near="94618", attributes=["quiet-floor"])

    assert sorted(names(client.get(URL, query).context["full"])) == ["Both", "Quiet"]
    response = client.get(URL, {**query, "terms": ["by-the-month"]}, **HTMX)

    assert names(response.context["full"]) == ["Both"]
    assert response.context["said"].endswith("Quiet floor, By the month")
    assert "attributes=quiet-floor&terms=by-the-month" in response["HX-Push-Url"]


def test_search_knows_words_that_went_out_of_use_but_no_invented_ones(
    client, therapist
):
    old = TermFactory(kind=TermKind.OFFICE_TERM, slug="fax", label="Fax", retired=True)
    open_office(name="Old room").attributes.set([old])

    assert 'value="fax"' not in client.get(URL, asked()).content.decode()
    response = client.get(URL, asked(near="94618", terms=["fax"]))
    assert names(response.context["full"]) == ["Old room"]
    response = client.get(URL, asked(near="94618", terms=["telex"]))
    assert "“telex” is not in our lists any more" in response.content.decode()


def test_search_is_sorted_and_says_how(client, therapist, subtests):
    far = {"latitude": 37.86, "longitude": -122.27}
    week_ago = timezone.now() - timedelta(days=7)
    open_office(
        name="Near",
        opening={"confirmed_at": week_ago},
        building=BuildingFactory(latitude=37.84),
    )
    open_office(
        name="Cheap",
        building=BuildingFactory(**far),
        opening={"price_cents": 500, "confirmed_at": week_ago},
    )
    open_office(name="Fresh", building=BuildingFactory(**far))
    open_office(
        name="Short",
        building=BuildingFactory(**far),
        opening={"end": 1230, "confirmed_at": week_ago},
    )

    cases = [
        ("", "Near", "first"),
        ("nearest", "Near", "nearest first"),
        ("cheapest", "Cheap", "cheapest first"),
        ("freshest", "Fresh", "confirmed last first"),
        ("backwards", None, "Select a valid choice"),
    ]
    for query, (sort, first, words) in product([{}, asked()], cases):
        with subtests.test(sort, query=query):
            response = client.get(URL, {**query, "near": "94618", "sort": sort})

            shown = response.context.get("full") or response.context["nearby"]
            assert names(shown)[:1] == ([first] if first else [])
            assert words in response.content.decode()


def test_search_pages_keep_the_address(client, therapist, monkeypatch):
    monkeypatch.setattr("spaces.views.search.PAGE", 2)
    for number in range(5):
        open_office(name=f"Room {number}", opening={"price_cents": 1000 + number})
    query = asked(near="94618", sort="cheapest")

    seen, links = [], []
    for page in ["", "2", "3"]:
        response = client.get(URL, {**query, "page": page}, **HTMX)
        seen += [result["number"] for result in response.context["full"]]
        links.append(response["HX-Push-Url"])

    assert seen == [1, 2, 3, 4, 5]
    assert "&page" not in links[0]
    assert [link.partition("&page=")[2] for link in links[1:]] == ["2", "3"]
    page = client.get(links[1]).content.decode()
    assert "sort=cheapest&amp;page=3" in page
    assert "sort=cheapest&amp;page=1" in page
    assert client.get(links[1]).context["suggests"] is False


def test_a_link_finds_the_same_for_a_colleague(client, therapist):
    office = open_office(is_step_free=True)
    query = asked(near="94618", step_free="on", most="$25", people="4")
    address = client.get(URL, query, **HTMX)["HX-Push-Url"]
    client.force_login(TherapistFactory(zip_code="90001").user)

    response = client.get(address)

    assert names(response.context["full"]) == [office.name]
    assert "near 94618" in response.context["said"]


def test_a_card_names_what_was_looked_for_and_a_few_other_things(client, therapist):
    terms = TermFactory.create_batch(6, kind=TermKind.OFFICE_ATTRIBUTE)
    monthly = TermFactory(
        kind=TermKind.OFFICE_TERM, slug="by-the-month", label="By the month"
    )
    open_office().attributes.set([*terms, monthly])
    query = asked(near="94618", terms=["by-the-month"])

    [result] = client.get(URL, query).context["full"]

    labels = [term.label for term in terms[:3]]
    assert result["facts"] == [
        "for up to 8",
        "By the month",
        *labels,
        "confirmed today",
    ]


def test_a_long_list_of_what_is_missing_folds(client, therapist):
    office = OfficeFactory()
    for weekday in range(5):
        OpeningFactory(
            office=office, weekday=weekday, start=1080 + 30 * (weekday % 3), end=1230
        )
    refresh_free([office.pk])

    response = client.get(
        URL, asked(near="94618", hours=[f"{weekday}-1080-1260" for weekday in range(6)])
    )

    [result] = response.context["near"]
    assert len(result["missing"]) == 3
    assert len(result["missing_too"]) == 3
    assert "3 more things it has not" in response.content.decode()


def test_map_has_the_rooms_of_the_page_about_a_kilometre_coarse(client, therapist):
    building = BuildingFactory(latitude=37.82476, longitude=-122.25194)
    office = open_office(building=building)

    shown = client.get(URL, asked(near="94618", radius="5")).context["map"]

    [pin] = shown["places"]
    assert (pin["latitude"], pin["longitude"]) == (37.82, -122.25)
    assert (pin["number"], pin["name"], pin["is_full"]) == (1, office.name, True)
    assert pin["url"].startswith(f"/spaces/offices/{office.pk}/?hours=3-1080-1260")
    assert pin["lines"] == ("All 4 dates", "$18 an hour")
    assert (shown["metres"], shown["unit"], shown["tiles"]) == (5000, "km", "")
    nearby = client.get(URL, {"near": "94618"}).context["map"]["places"]
    assert [place["lines"][0] for place in nearby] == ["Thu 17:00–21:00"]


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

    with django_assert_num_queries(13 if query else 10):
        response = client.get(URL, {"near": "94611", "weeks": "4", **query})

    assert len(response.context.get("full") or response.context["nearby"]) == item_count
