from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from directory.enums import Standing
from directory.errors import DomainError
from spaces.busy import busy_intervals
from spaces.domain.busy import (
    AGAIN_AFTER,
    LOCKS,
    MOST_CALENDARS,
    add_calendar,
    due_calendars,
    read_again,
    read_calendar,
)
from spaces.fetch import Problem
from spaces.models import BusyCalendar
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BusyCalendarFactory
from tests.periods import TOMORROW, hours
from tests.spaces.elsewhere import serving

pytestmark = pytest.mark.django_db
BUSY = hours(18, 19)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("tls")) as running:
        yield running


def page(text, etag='"1"'):
    return 200, {"ETag": etag}, text.encode()


def calendar_text(period, summary="Dentist"):
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        f"SUMMARY:{summary}\r\nDTSTART:{period.lower:%Y%m%dT%H%M%SZ}\r\n"
        f"DTEND:{period.upper:%Y%m%dT%H%M%SZ}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


@pytest.fixture
def calendar(server):
    server.pages = {"/own.ics": page(calendar_text(BUSY))}
    server.asked.clear()
    return BusyCalendarFactory(url=server.url("/own.ics"))


def read(calendar, server, **door):
    read_calendar(calendar.pk, door=server.door(**door))
    calendar.refresh_from_db()


def later_again(calendar):
    BusyCalendar.objects.update(tried_at=timezone.now() - AGAIN_AFTER)
    read_again(calendar)


def test_a_calendar_becomes_busy_hours_and_nothing_else(calendar, server):
    read(calendar, server)

    assert calendar.busy == [(BUSY.lower, BUSY.upper)]
    assert (calendar.problem, calendar.etag) == ("", '"1"')
    assert calendar.good_at
    assert timedelta() < calendar.check_at - timezone.now() <= timedelta(hours=1)
    row = BusyCalendar.objects.filter(pk=calendar.pk).values().get()
    assert "Dentist" not in str(row)


def test_what_breaks_keeps_the_last_good_state_and_waits_longer_each_time(
    calendar, server
):
    read(calendar, server)
    good_at = calendar.good_at
    pauses = []
    for answer in [(500, {}, b""), page("<!doctype html>"), (404, {}, b"")]:
        server.pages["/own.ics"] = answer
        later_again(calendar)
        read(calendar, server)
        pauses.append(calendar.check_at - timezone.now())

    assert calendar.busy == [(BUSY.lower, BUSY.upper)]
    assert (calendar.good_at, calendar.failures) == (good_at, 3)
    assert calendar.problem == Problem.GONE
    assert calendar.because == "there is nothing at its address"
    assert pauses == sorted(pauses)
    assert pauses[-1] > 3 * pauses[0]

    server.pages["/own.ics"] = page(calendar_text(hours(8, 9)))
    later_again(calendar)
    read(calendar, server)
    assert (calendar.problem, calendar.failures) == ("", 0)
    assert calendar.busy == [(TOMORROW + timedelta(hours=8), hours(8, 9).upper)]


def test_it_is_read_whole_once_a_day_and_else_only_if_it_changed(calendar, server):
    def unchanged(asked):
        asked.send_response(304 if asked.headers["If-None-Match"] == '"1"' else 500)
        asked.end_headers()

    read(calendar, server)
    server.pages["/own.ics"] = unchanged
    later_again(calendar)
    read(calendar, server)
    assert calendar.problem == ""
    assert calendar.busy == [(BUSY.lower, BUSY.upper)]

    BusyCalendar.objects.update(good_at=timezone.now() - timedelta(days=1))
    later_again(calendar)
    read(calendar, server)
    assert calendar.problem == Problem.SERVER  # it was asked without the tag


def test_the_door_in_use_leads_to_no_private_network(calendar, server):
    BusyCalendar.objects.update(url="https://127.0.0.1/own.ics")

    read_calendar(calendar.pk)

    calendar.refresh_from_db()
    assert calendar.problem == Problem.NOT_PUBLIC
    assert server.asked == []


def test_it_is_read_when_due_and_not_before(calendar, server):
    BusyCalendar.objects.update(check_at=timezone.now() + timedelta(minutes=1))

    assert due_calendars() == []
    read(calendar, server)
    assert server.asked == []

    read_again(calendar)
    assert due_calendars() == [calendar.pk]


def test_it_is_read_by_one_reader_at_a_time(calendar, server):
    with psycopg.connect(**_parameters()) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [LOCKS, calendar.pk])
        read(calendar, server)
        assert server.asked == []
        other.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, calendar.pk])

    read(calendar, server)
    assert len(server.asked) == 1


def _parameters():
    known = connection.get_connection_params()
    return {
        name: known[name]
        for name in ("dbname", "user", "host", "port", "password")
        if name in known
    }


@pytest.mark.parametrize(
    ("standing", "is_kept"), [(Standing.SUSPENDED, True), (Standing.LEFT, False)]
)
def test_only_members_calendars_are_read_and_leaving_forgets_them(
    calendar, server, standing, is_kept
):
    calendar.therapist.standing = standing
    calendar.therapist.save()

    assert due_calendars() == []
    read_calendar(calendar.pk, door=server.door())

    assert server.asked == []
    assert BusyCalendar.objects.filter(pk=calendar.pk).exists() == is_kept


def test_five_calendars_each_once():
    me = TherapistFactory()
    for number in range(MOST_CALENDARS):
        add_calendar(me, name="Mine", url=f"webcal://example.org/{number}.ics")

    with pytest.raises(DomainError, match="Five"):
        add_calendar(me, name="Sixth", url="https://example.org/6.ics")
    with pytest.raises(DomainError, match="already"):
        add_calendar(me, name="Again", url="https://example.org/1.ics")
    with pytest.raises(DomainError, match="https"):
        add_calendar(me, name="Open", url="http://example.org/7.ics")
    assert set(me.busy_calendars.values_list("url", flat=True)) == {
        f"https://example.org/{number}.ics" for number in range(MOST_CALENDARS)
    }


def test_busy_hours_of_all_calendars_are_one(django_assert_num_queries):
    me = TherapistFactory()
    for period in (hours(8, 10), hours(9, 12), hours(20, 30)):
        BusyCalendarFactory(therapist=me, busy=[(period.lower, period.upper)])
    BusyCalendarFactory(busy=[(hours(14, 15).lower, hours(14, 15).upper)])

    with django_assert_num_queries(1):
        found = busy_intervals(me, hours(9, 24).lower, hours(9, 24).upper)

    assert found == [
        (hours(9, 12).lower, hours(9, 12).upper),
        (hours(20, 24).lower, hours(20, 24).upper),
    ]
