import pytest
from django.utils import timezone

from spaces.domain.availability import refresh_free
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)
from tests.periods import hours
from tests.spaces.rooms import asked, open_office, soon, thursday

pytestmark = pytest.mark.django_db

URL = "/spaces/suggestions/"
TUE_THU = ["1-1080-1260", "3-1080-1260"]


def suggested(client, **query):
    """kind, what changes, and for each room to ask: its name and hours."""
    response = client.get(URL, asked(near="94618", **query))
    return [
        (
            found["label"],
            found["what"],
            found["how"],
            [(str(part["office"]), part["hours"]) for part in found["parts"]],
        )
        for found in response.context["suggestions"]
    ]


def room(name, *openings, **fields):
    office = OfficeFactory(name=name, **fields)
    for weekday, start, end in openings:
        OpeningFactory(office=office, weekday=weekday, start=start, end=end)
    refresh_free([office.pk])
    return office


def when(dates=4):
    last = thursday() + timezone.timedelta(weeks=dates - 1)
    return f"{dates} dates from {thursday():%a} {thursday().day} {thursday():%b} to {last:%a} {last.day} {last:%b}"


@pytest.mark.parametrize(
    ("start", "end", "kind", "what", "becomes"),
    [
        (
            1050,
            1230,
            "Half an hour’s shift",
            "Thu 17:30–20:30 instead of 18:00–21:00",
            "17:30–20:30",
        ),
        (
            1110,
            1290,
            "Half an hour’s shift",
            "Thu 18:30–21:30 instead of 18:00–21:00",
            "18:30–21:30",
        ),
        (
            1080,
            1230,
            "A little shorter",
            "Thu 18:00–20:30 instead of 18:00–21:00",
            "18:00–20:30",
        ),
        (
            1090,
            1230,
            "A little shorter",
            "Thu 18:30–20:30 instead of 18:00–21:00",
            "18:30–20:30",
        ),
    ],
)
def test_one_room_is_suggested_with_the_smallest_change(
    client, therapist, start, end, kind, what, becomes
):
    room("Attic", (3, start, end))

    assert suggested(client) == [
        (kind, [what], "", [("Attic", f"Thu {becomes}, {when()}")])
    ]


def test_another_day_is_suggested_even_if_no_room_has_any_of_the_hours(
    client, therapist
):
    room("Attic", (4, 1020, 1260), (0, 1080, 1260))

    [(kind, what, _how, [(name, said)])] = suggested(client)

    assert (kind, what, name) == (
        "Another day",
        ["Fri 18:00–21:00 instead of Thu"],
        "Attic",
    )
    assert said.startswith("Fri 18:00–21:00, 4 dates")


@pytest.mark.parametrize(
    "openings",
    [
        [(3, 1080, 1110)],  # too little is left
        [(4, 1110, 1260)],  # another day and another time is another search
        [(3, 960, 1140)],
    ],
)
def test_what_is_too_far_from_what_was_wanted_is_not_suggested(
    client, therapist, openings
):
    room("Attic", *openings)

    assert suggested(client) == []
    page = client.get(URL, asked(near="94618")).content.decode()
    assert "let us tell you when hours like these appear" in page


def test_the_links_ask_for_exactly_these_hours(client, therapist):
    attic = room("Attic", (3, 1050, 1230))
    response = client.get(URL, asked(near="94618", people="5"))
    [found] = response.context["suggestions"]
    [part] = found["parts"]

    page = client.get(part["url"])

    assert part["url"].startswith(f"/spaces/offices/{attic.pk}/ask/?hours=3-1050-1230&")
    assert [date.is_ticked for date in page.context["dates"]] == [True] * 4
    assert page.context["request_form"]["people"].value() == 5


def test_two_rooms_have_a_day_each(client, therapist):
    room("Attic", (1, 1080, 1260))
    room("Cellar", (3, 1080, 1260), building=BuildingFactory(latitude=37.84))

    found = suggested(client, hours=TUE_THU, weeks=2)

    [(kind, _what, how, parts)] = [item for item in found if len(item[3]) == 2]
    assert kind == "Two rooms together"
    assert how == "Each day of the week always in the same room"
    assert sorted((name, said[:24]) for name, said in parts) == [
        ("Attic", "Tue 18:00–21:00, 2 dates"),
        ("Cellar", "Thu 18:00–21:00, 2 dates"),
    ]


def test_two_rooms_are_changed_as_seldom_as_can_be(client, therapist):
    """Attic has all but the first date; Cellar has all but the last, and could take every second one."""
    first = thursday()
    attic = open_office(name="Attic")
    open_office(
        name="Cellar", opening={"last_date": first + timezone.timedelta(weeks=2)}
    )
    booking = BookingFactory(office=attic, status="confirmed")
    days = (first - timezone.now().date()).days
    OccurrenceFactory(booking=booking, period=hours(0, 36, day=days - 1))
    refresh_free([attic.pk])

    response = client.get(URL, asked(near="94618"))

    [pair] = [s for s in response.context["suggestions"] if len(s["parts"]) == 2]
    assert pair["how"].startswith("One change of room")
    assert [str(part["office"]) for part in pair["parts"]] == ["Cellar", "Attic"]
    ticked = [
        (date.day - first).days // 7
        for part in pair["parts"]
        for date in client.get(part["url"]).context["dates"]
        if date.is_ticked
    ]
    assert ticked == [0, 1, 2, 3]


def test_a_part_whose_pattern_has_other_dates_names_its_own(client, therapist):
    """Cellar lacks the second date, Attic the first and the last: Cellar is left for one date, and come back to."""
    cellar = open_office(name="Cellar")
    attic = open_office(name="Attic")
    first = thursday()
    days = (first - timezone.now().date()).days
    for office, weeks in [(cellar, [1]), (attic, [0, 3])]:
        booking = BookingFactory(office=office, status="confirmed")
        for week in weeks:
            period = hours(0, 36, day=days - 1 + 7 * week)
            OccurrenceFactory(booking=booking, period=period)
        refresh_free([office.pk])

    response = client.get(URL, asked(near="94618"))

    [pair] = [s for s in response.context["suggestions"] if len(s["parts"]) == 2]
    assert pair["how"].startswith("2 changes of room")
    ticked = {
        str(part["office"]): [
            (date.day - first).days // 7
            for date in client.get(part["url"]).context["dates"]
            if date.is_ticked
        ]
        for part in pair["parts"]
    }
    assert ticked in (
        {"Cellar": [0, 2, 3], "Attic": [1]},
        {"Cellar": [0, 3], "Attic": [1, 2]},
    )


@pytest.mark.parametrize(
    ("where", "morning_ends", "is_possible"),
    [
        ("same house", 660, True),
        ("two kilometres", 660, False),
        ("two kilometres", 630, True),
    ],
)
def test_hours_that_follow_each_other_leave_time_for_the_way(
    client, therapist, where, morning_ends, is_possible
):
    """9 to 11 or 10:30 in one room, 11 to 13 in another: through the town it takes a quarter of an hour and more."""
    house = BuildingFactory(latitude=37.84, longitude=-122.25)
    other = BuildingFactory(latitude=37.858, longitude=-122.25)
    room("Attic", (1, 540, morning_ends), building=house)
    room("Cellar", (1, 660, 780), building=house if where == "same house" else other)
    pattern = ["1-540-780"] if morning_ends == 660 else ["1-540-630", "1-660-780"]

    found = suggested(client, hours=pattern)

    assert bool([item for item in found if len(item[3]) == 2]) == is_possible


def test_a_room_that_lets_longer_blocks_only_is_no_part_of_two(client, therapist):
    room("Attic", (1, 1080, 1260))
    long = OfficeFactory(name="Cellar")
    OpeningFactory(office=long, weekday=3, start=1080, end=1260, shortest_minutes=240)
    refresh_free([long.pk])

    assert [
        item for item in suggested(client, hours=TUE_THU) if len(item[3]) == 2
    ] == []


@pytest.mark.parametrize("item_count", [1, 3])
def test_suggestions_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count
):
    for _number in range(item_count):
        room("Attic", (3, 1050, 1230))
    client.get("/spaces/")

    with django_assert_num_queries(15):
        response = client.get(URL, asked(near="94618"))

    assert len(response.context["suggestions"]) == min(item_count, 2)


def test_results_fetch_suggestions_only_where_few_rooms_fit(client, therapist):
    address = "/spaces/suggestions/?"
    open_office()
    assert address in client.get("/spaces/", asked(near="94618")).content.decode()

    open_office()
    open_office()

    assert address not in client.get("/spaces/", asked(near="94618")).content.decode()


def test_suggestions_of_an_unreadable_search_lead_back_to_it(client, therapist):
    response = client.get(URL, asked(radius="0"))

    assert response.status_code == 302
    assert response.url.startswith("/spaces/?hours=3-1080-1260&")
    assert str(soon()) in response.url


def test_the_part_that_results_fetch_is_no_page(client, therapist):
    page = client.get(URL, asked(near="94618"), HTTP_HX_REQUEST="true").content.decode()

    assert "<html" not in page
    assert 'id="suggestions"' in page
