"""The calendar of an office, for its hosts: a day, a week, a month."""

from calendar import Calendar
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from spaces.domain.availability import refresh_free
from spaces.hours import local_period
from tests.factories.directory import ModeratorFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
    UsualHoursFactory,
)
from tests.periods import changes_of_clocks

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(therapist):
    return OfficeFactory(hosts=[therapist], name="The garden room")


@pytest.fixture
def monday(office):
    """Of next week."""
    today = timezone.localdate(timezone=office.building.zone)
    return today + timedelta(days=7 - today.weekday())


def calendar(client, office, headers=None, **query):
    return client.get(
        reverse("spaces:office_calendar", args=[office.pk]), query, headers=headers
    )


def put(office, day, start, end, *, name="Joel Okafor", state="booked"):
    booking = BookingFactory(
        office=office, guest=TherapistFactory(name=name), status="confirmed"
    )
    OccurrenceFactory(
        booking=booking,
        period=local_period(day, start, end, office.building.zone),
        state=state,
    )
    return booking


@pytest.fixture
def full_week(office, monday):
    """One of everything, a day each."""
    for number, state in enumerate(
        ["booked", "held", "asked", "displaced", "cancelled"]
    ):
        put(office, monday + timedelta(days=number), 540, 660, state=state)
    OpeningFactory(office=office, weekday=5, start=540, end=780)
    UsualHoursFactory(office=office, weekday=4, start=900, end=960)
    sunday = monday + timedelta(days=6)
    period = local_period(sunday, 0, 1440, office.building.zone)
    ClosureFactory(office=office, period=period)
    refresh_free([office.pk])


def test_a_week_shows_everything_to_its_hosts(client, office, monday, full_week):
    response = calendar(client, office, view="week", date=monday.isoformat())

    blocks = response.context["blocks"]
    assert [(b.weekday, b.state, b.hours) for b in blocks] == [
        (0, "booked", "09:00–11:00"),
        (1, "held", "09:00–11:00"),
        (2, "asked", "09:00–11:00"),
        (3, "displaced", "09:00–11:00"),
        (4, "usual", "15:00–16:00"),
        (5, "free", "09:00–13:00"),
        (6, "closed", "08:00–21:00"),
    ]
    assert all(b.detail.startswith("Joel Okafor") for b in blocks[:4])
    text = response.content.decode()
    assert f"Mon {monday.day} {monday:%b}" in text
    enter = reverse("spaces:office_enter", args=[office.pk])
    saturday = (monday + timedelta(days=5)).isoformat()
    assert f"{enter}?hours=5-540-780&amp;first_date={saturday}" in text
    desk = client.get(blocks[5].url)
    assert [tuple(span) for span in desk.context["form"]["hours"].value()] != []
    assert 'value="5-540" aria-label="Sat 09:00" checked' in desk.content.decode()


def test_on_a_door_it_says_no_names_and_nothing_of_what_is_only_asked_for(
    client, office, monday, full_week
):
    for view in ("week", "month", "day"):
        query = {"view": view, "date": monday.isoformat(), "names": "0"}
        main = calendar(client, office, **query).content.decode().split("<main")[1]
        assert "Joel" not in main
        assert "names=0" in main

    blocks = calendar(client, office, **{**query, "view": "week"}).context["blocks"]
    assert [b.state for b in blocks] == [
        "booked",
        "held",
        "displaced",
        "free",
        "closed",
    ]


@pytest.mark.parametrize("months", range(-3, 4))
def test_a_month_shows_whole_weeks(client, office, full_week, months):
    today = timezone.localdate(timezone=office.building.zone)
    number = today.year * 12 + today.month - 1 + months
    first = date(number // 12, number % 12 + 1, 1)

    response = calendar(client, office, view="month", date=first.isoformat())

    weeks = response.context["weeks"]
    assert [
        [cell["day"] for cell in week] for week in weeks
    ] == Calendar().monthdatescalendar(first.year, first.month)
    assert {cell["is_outside"] for cell in weeks[2]} == {False}
    if months > 1:
        assert [b.state for b in weeks[2][5]["blocks"]] == ["free"]
        assert (
            weeks[2][4]["blocks"] == []
        )  # the host's own hours are the same each week


def test_a_day_shows_all_rooms_one_has_in_the_house(client, office, therapist, monday):
    other = OfficeFactory(hosts=[therapist], name="Attic", building=office.building)
    OfficeFactory(building=office.building)  # a neighbour's
    OfficeFactory(hosts=[therapist])  # in another house
    put(other, monday, 540, 660, name="Ada Li")

    response = calendar(client, office, view="day", date=monday.isoformat())

    assert [head.text for head in response.context["heads"]] == [
        "The garden room",
        "Attic",
    ]
    assert [(b.weekday, b.detail) for b in response.context["blocks"]] == [
        (1, "Ada Li")
    ]
    for name in ("opening_new", "closure_new", "office_enter"):
        on = f"?first_date={monday}&amp;last_date={monday}"
        url = reverse(f"spaces:{name}", args=[office.pk])
        assert url + on in response.content.decode()
        form = client.get(url + on.replace("&amp;", "&")).context["form"]
        assert form["last_date"].value() == monday


@pytest.mark.parametrize("change", [0, 1])
def test_weeks_of_daylight_saving_keep_local_hours(client, office, change):
    """Nights across the change, two or four hours long, and the evening after stand where the clock on the wall says."""
    day = changes_of_clocks()[change]
    put(office, day, 60, 240)
    put(office, day, 1080, 1260)
    put(office, day - timedelta(days=1), 1380, 1440)

    response = calendar(client, office, view="week", date=day.isoformat())

    assert [(b.weekday, b.hours) for b in response.context["blocks"]] == [
        (5, "23:00–24:00"),
        (6, "01:00–04:00"),
        (6, "18:00–21:00"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"date": "2027-02-29", "view": "year"},
        {"date": "' OR 1=1", "names": "x"},
        {"date": "2026-W49-2-"},
        {"date": ""},
        {"date": "2026-12-01\x00"},
    ],
)
def test_what_is_no_date_is_today(client, office, query):
    response = calendar(client, office, **query)

    today = timezone.localdate(timezone=office.building.zone)
    assert response.context["frame"].first == today - timedelta(days=today.weekday())


@pytest.mark.parametrize(
    ("asked", "gone"), [("0001-01-01", "earlier"), ("9999-12-31", "later")]
)
@pytest.mark.parametrize("view", ["day", "week", "month"])
def test_the_calendar_ends_where_its_hours_do(client, office, asked, gone, view):
    response = calendar(client, office, view=view, date=asked)

    assert abs(response.context["frame"].day - timezone.localdate()) < timedelta(
        days=373
    )
    assert response.context[gone] == ""


def test_htmx_gets_the_calendar_alone(client, office):
    response = calendar(client, office, headers={"HX-Request": "true"})

    assert response.content.decode().strip().startswith("<section")
    assert "HX-Request" in response.headers["Vary"]


def test_the_calendar_is_for_the_hosts_alone(client, office):
    for stranger in (TherapistFactory(), ModeratorFactory()):
        client.force_login(stranger.user)
        assert calendar(client, office).status_code == 404
    client.logout()
    assert calendar(client, office).status_code == 302


@pytest.mark.parametrize("view", ["day", "week", "month"])
def test_the_calendar_asks_the_same_however_much_is_in_it(
    client, office, therapist, monday, view
):
    counts = []
    for count in (0, 1, 3):
        for number in range(count):
            room = OfficeFactory(hosts=[therapist], building=office.building)
            for place in (office, room):
                start = 60 * (5 * count + number)
                put(place, monday, start, start + 60)
        with CaptureQueriesContext(connection) as queries:
            calendar(client, office, view=view, date=monday.isoformat())
        counts.append(len(queries))

    assert counts[1] == counts[2]


def test_my_offices_and_the_office_lead_to_its_calendar(client, office):
    url = reverse("spaces:office_calendar", args=[office.pk])

    for page in (reverse("spaces:my_offices"), office.get_absolute_url()):
        assert url in client.get(page).content.decode()
