"""Half a year of Thursdays, as guest and host live with it: asked, answered, and changed date by date."""

from datetime import timedelta

import pytest

from spaces.domain.availability import refresh_free
from spaces.hours import local_period
from spaces.models import Booking
from tests.browser.conftest import assert_accessible, assert_fits
from tests.factories.directory import CommunityFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OpeningFactory,
)
from tests.spaces.rooms import open_office, thursday

WEEKS = 26


@pytest.fixture
def office():
    """Thursdays 17 to 21, Wednesdays 18 to 21; ten days of notice. The 3rd Thursday is closed, on the 5th somebody has 18 to 19."""
    CommunityFactory()
    office = open_office(name="The garden room", notice_days=10)
    OpeningFactory(office=office, weekday=2, start=1080, end=1260)
    zone = office.building.zone
    ClosureFactory(office=office, period=local_period(week(3), 0, 1440, zone))
    OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed"),
        period=local_period(week(5), 1080, 1140, zone),
    )
    refresh_free([office.pk])
    return office


def week(number):
    return thursday() + timedelta(weeks=number - 1)


def row(page, day):
    """The line of a date, in the first list it stands in."""
    return page.locator(f'li:has(time[datetime^="{day.isoformat()}"])').first


def choose_time(page, day, starts, ends):
    line = row(page, day)
    line.locator("summary", has_text="another time").click()
    line.get_by_label("from", exact=True).fill(starts)
    line.get_by_label("to", exact=True).fill(ends)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        line.get_by_role("button", name="Look").click()
    page.get_by_text("Not sent yet").wait_for()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def states():
    booking = Booking.objects.get(guest__name="Gia")
    return {
        o.day(booking.office.building.zone): o.state for o in booking.occurrences.all()
    }


def test_a_series_is_asked_for_answered_and_changed(visit, office):
    guest, host = TherapistFactory(name="Gia"), office.hosts.get()
    pattern = f"?hours=3-1080-1260&first_date={week(1)}&weeks={WEEKS}"
    page = visit(f"/spaces/offices/{office.pk}/ask/{pattern}", person=guest, width=390)

    assert "24 to be had" in page.locator("#dates").inner_text()
    page.get_by_text("2 dates are not to be had").click()
    assert "Closed: Holiday" in row(page, week(3)).inner_text()
    assert "Taken 18:00–19:00" in row(page, week(5)).inner_text()
    choose_time(page, week(5), "19:00", "21:00")
    assert "19:00–21:00" in row(page, week(5)).inner_text()
    assert "$36" in row(page, week(5)).inner_text()
    row(page, week(7)).get_by_role("checkbox").uncheck()
    assert (
        page.locator(".dates-sum").first.inner_text().startswith("24 dates, 71 hours")
    )
    assert_fits(page)
    assert_accessible(page)
    press(page, "Ask for these hours")
    assert "answer by" in page.locator("main").inner_text()

    booking = Booking.objects.get(guest=guest)
    page = visit(booking.get_absolute_url(), person=host)
    page.get_by_text("Not all of the dates").click()
    page.locator("label", has_text=said(week(9))).get_by_role("checkbox").uncheck()
    press(page, "Confirm these hours")
    assert "without" in page.locator("main").text_content()
    assert states()[week(9)] == "declined"
    assert list(states().values()).count("booked") == 23

    dates = f"{booking.get_absolute_url()}dates/"
    page = visit(dates, person=guest, width=390)
    for day in (week(1), week(10), week(11)):
        row(page, day).get_by_role("checkbox").check()
    assert "stays due" in row(page, week(1)).inner_text()
    assert "costs nothing until" in row(page, week(10)).inner_text()
    press(page, "Give up the ticked dates")
    assert states()[week(1)] == "given_back"
    assert states()[week(10)] == states()[week(11)] == "skipped"

    row(page, week(10)).get_by_role("checkbox").check()
    press(page, "Book the ticked dates again")
    assert states()[week(10)] == "booked"
    assert states()[week(11)] == "skipped"
    assert_fits(page)
    assert_accessible(page)

    wednesday = week(12) - timedelta(days=1)
    row(page, week(12)).get_by_role("link").click()
    offered = page.locator("a", has_text=said(wednesday))
    offered.filter(has_text="18:00–21:00").click()
    assert_fits(page)
    assert_accessible(page)
    press(page, "Move it there")
    assert states()[wednesday] == "booked"
    assert week(12) not in states()

    page = visit(booking.get_absolute_url(), person=host, width=390)
    history = page.locator("main").text_content().casefold()
    for words in ("given back", "taken up again", "moved to", "without"):
        assert words in history


def said(day):
    return f"{day:%a} {day.day} {day:%b}"
