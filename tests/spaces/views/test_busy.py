from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from spaces.fetch import Problem
from spaces.hours import local_period
from spaces.models import BusyCalendar
from spaces.words import say_date
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BusyCalendarFactory, OccurrenceFactory
from tests.periods import hours
from tests.spaces.rooms import asked, open_office, thursday

pytestmark = pytest.mark.django_db
LIST = "spaces:busy_list"


def add(client, url="webcal://example.org/secret/own.ics", name="Practice"):
    return client.post(reverse(LIST), {"name": name, "url": url})


def words(response):
    return " ".join(response.content.decode().split())


def test_a_calendar_is_added_without_being_read_in_the_request(
    client, therapist, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        response = add(client)

    assert response.url == reverse(LIST)
    [calendar] = therapist.busy_calendars.all()
    assert calendar.url == "https://example.org/secret/own.ics"
    assert [callback.func.__name__ for callback in callbacks] == ["apply_async"]
    page = words(client.get(reverse(LIST)))
    assert "Reading…" in page
    assert 'hx-trigger="every 2s"' in page
    assert "example.org" in page
    assert "secret" not in page  # the address is as good as a password


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/own.ics",
        "https://me:word@example.org/own.ics",
        "https://example.org:8443/own.ics",
        "nonsense",
        "",
    ],
)
def test_an_address_that_is_never_read_is_refused_beside_its_field(
    client, therapist, url
):
    response = add(client, url=url)

    assert response.status_code == 200
    assert response.context["form"].errors["url"]
    assert not therapist.busy_calendars.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"good_at": timezone.now()}, "Read "),
        (
            {"good_at": timezone.now(), "problem": Problem.GONE},
            ", because there is nothing at its address. What was read then still counts.",
        ),
        (
            {"problem": Problem.NOT_PUBLIC},
            "Could not be read yet, because its address leads into a private network.",
        ),
    ],
)
def test_the_list_says_how_each_calendar_stands(client, therapist, fields, said):
    later = timezone.now() + timedelta(minutes=9)
    BusyCalendarFactory(therapist=therapist, check_at=later, **fields)

    page = words(client.get(reverse(LIST)))

    assert said in page
    assert "hx-trigger" not in page


def test_htmx_looks_at_the_list_alone(client, therapist):
    BusyCalendarFactory(therapist=therapist)

    response = client.get(reverse(LIST), headers={"HX-Request": "true"})

    assert "Reading…" in words(response)
    assert "<h1" not in words(response)
    assert "HX-Request" in response["Vary"]


def test_a_calendar_can_be_read_at_once_and_removed(
    client, therapist, django_capture_on_commit_callbacks
):
    later = timezone.now() + timedelta(hours=1)
    calendar = BusyCalendarFactory(therapist=therapist, check_at=later)

    with django_capture_on_commit_callbacks() as callbacks:
        for _tap in range(3):
            refresh = reverse("spaces:busy_refresh", args=[calendar.pk])
            page = words(client.post(refresh, follow=True))
    calendar.refresh_from_db()
    assert calendar.is_due
    assert len(callbacks) == 1
    assert "It is being read, or was less than three minutes ago" in page

    for minutes, again in ((2, False), (4, True)):
        calendar.check_at = later
        calendar.tried_at = timezone.now() - timedelta(minutes=minutes)
        calendar.save()
        client.post(refresh)
        calendar.refresh_from_db()
        assert calendar.is_due is again

    client.post(reverse("spaces:busy_remove", args=[calendar.pk]))
    assert not BusyCalendar.objects.exists()


@pytest.mark.parametrize("name", ["busy_refresh", "busy_remove"])
def test_calendars_of_others_are_not_there(client, therapist, name):
    calendar = BusyCalendarFactory()

    response = client.post(reverse(f"spaces:{name}", args=[calendar.pk]))

    assert response.status_code == 404
    assert BusyCalendar.objects.exists()


# --- What it is for ------------------------------------------------------------------


def test_home_shows_when_i_am_busy_but_not_twice(client, therapist):
    mine = OccurrenceFactory(
        booking__guest=therapist, booking__status="confirmed", period=hours(18, 20)
    )
    others = hours(6, 8)
    BusyCalendarFactory(
        therapist=therapist,
        busy=[(mine.period.lower, mine.period.upper), (others.lower, others.upper)],
    )
    BusyCalendarFactory(
        therapist=TherapistFactory(), busy=[(hours(2, 3).lower, hours(2, 3).upper)]
    )

    days = client.get(reverse("home")).context["days"]

    found = [e for day in days for e in day.entries if e.state == "busy"]
    assert [(e.period.lower, e.period.upper) for e in found] == [
        (others.lower, others.upper)
    ]
    assert found[0].text == "Busy elsewhere"


def test_rooms_found_say_when_i_am_busy_elsewhere_or_have_hours_already(
    client, therapist
):
    room = open_office()
    evenings = [
        hours_there(room, thursday() + timedelta(weeks=week), 18, 21)
        for week in range(7)
    ]
    mine = {"booking__guest": therapist, "booking__status": "confirmed"}
    for week, state in enumerate(["booked", "held", "displaced", "cancelled"]):
        OccurrenceFactory(**mine, state=state, period=evenings[week])
    OccurrenceFactory(booking__status="confirmed", period=evenings[4])  # another's
    BusyCalendarFactory(
        therapist=therapist,
        busy=[
            (evenings[week].lower - timedelta(hours=2), evenings[week].lower + extra)
            for week, extra in ((4, timedelta(0)), (5, timedelta(minutes=30)))
        ],
    )

    def clash(weeks):
        page = client.get(reverse("spaces:office_search"), asked(weeks=weeks))
        [result] = page.context["full"]
        assert result["clash"] in words(page)
        return result["clash"]

    said = [say_date(thursday() + timedelta(weeks=week)) for week in (0, 1, 5)]
    assert clash(7) == f"You are busy then: {', '.join(said)}"
    assert clash(1) == f"You are busy then: {said[0]}"
    BusyCalendarFactory(
        therapist=therapist, busy=[(p.lower, p.upper) for p in evenings]
    )
    assert clash(7) == (
        f"You are busy then: {', '.join(say_date(thursday() + timedelta(weeks=w)) for w in range(3))}"
        " and 4 more dates"
    )
    client.force_login(TherapistFactory().user)
    assert clash(7) == ""  # nobody else is told


def hours_there(office, day, start, end):
    return local_period(day, int(start * 60), int(end * 60), office.building.zone)


def test_the_dates_i_ask_for_say_if_they_clash(client, therapist):
    office = open_office()
    busy = hours_there(office, thursday(), 18, 18.5)
    BusyCalendarFactory(therapist=therapist, busy=[(busy.lower, busy.upper)])
    OccurrenceFactory(
        booking__guest=therapist,
        booking__status="confirmed",
        period=hours_there(office, thursday() + timedelta(weeks=1), 20, 22),
    )

    response = client.get(reverse("spaces:booking_request", args=[office.pk]), asked())

    first, second, *others = response.context["dates"]
    assert first.note == "You are busy 18:00–18:30"
    assert second.note == "You are busy 20:00–21:00"  # hours of mine, in another room
    assert first.is_open
    assert {other.note for other in others} == {""}
