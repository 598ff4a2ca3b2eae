"""What a host does on a phone: the pages that only a form sent makes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from spaces import hours
from spaces.models import Closure, OfficePhoto
from tests.browser.conftest import assert_accessible, assert_fits
from tests.browser.test_every_page import keep_picture
from tests.factories.directory import CommunityFactory, TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory
from tests.spaces.pictures import SVG, picture
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db


def evening(week=0):
    day = thursday() + timedelta(weeks=week)
    return hours.local_period(day, 1080, 1200, ZoneInfo("America/Los_Angeles"))


def looked_at(page, name):
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        keep_picture(page, name, width)
        assert_fits(page)
    assert_accessible(page)


@pytest.fixture
def host():
    CommunityFactory()
    return TherapistFactory(name="Dana Whitlock")


def test_closing_shows_whose_dates_lie_in_it_and_one_tap_calls_them_off(visit, host):
    office = open_office(hosts=[host])
    joel = TherapistFactory(name="Joel Okafor")
    booking = BookingFactory(office=office, guest=joel, status="confirmed")
    date = OccurrenceFactory(booking=booking, period=evening())
    asked = OccurrenceFactory(booking__office=office, period=evening(1))
    page = visit(office.get_absolute_url(), person=host, width=390)

    page.get_by_role("link", name="Close for a while").click()
    page.get_by_label("Closed from").fill(thursday().isoformat())
    page.get_by_label("Until, that day included").fill(
        (thursday() + timedelta(weeks=1)).isoformat()
    )
    page.get_by_label("Why").fill("Painters")
    page.get_by_role("button", name="Close it").click()

    alert = page.get_by_role("alert")
    assert "1 date is booked then" in alert.inner_text()
    assert "Joel Okafor" in alert.inner_text()
    assert not Closure.objects.exists()
    looked_at(page, "host closing")
    page.get_by_label("Cancel these dates").check()
    page.get_by_role("button", name="Close it now").click()

    assert "1 date is cancelled. Its guest is told." in page.content()
    looked_at(page, "host closed")
    date.refresh_from_db()
    asked.refresh_from_db()
    assert (date.state, asked.state) == ("cancelled", "asked")

    page.get_by_role("button", name="Open it again").click()
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Thu 18:00").focus()
    for _half_hour in range(4):
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Save these hours").click()
    assert (
        "1 request asks for hours you take away"
        in page.get_by_role("alert").inner_text()
    )
    looked_at(page, "host shortening")
    page.get_by_role("button", name="Save it all the same").click()
    assert "Offered now: Thu 17:00–18:00, Thu 20:00–21:00." in page.content()


def test_photos_are_sent_and_shown_and_what_is_none_is_said(visit, host):
    office = open_office(hosts=[host])
    page = visit(office.get_absolute_url(), person=host, width=390)
    page.get_by_text("More for you as a host").click()
    page.get_by_role("link", name="Photos").click()

    files, words = page.get_by_label("Picture"), page.get_by_label("What it shows")
    for number, (name, content) in enumerate(
        [("room.jpg", picture()), ("room.svg", SVG)]
    ):
        files.nth(number).set_input_files(
            [{"name": name, "mimeType": "image/jpeg", "buffer": content}]
        )
        words.nth(number).fill(f"Armchairs {number}")
    page.get_by_role("button", name="Add these photos").click()

    assert "1 photo is here." in page.content()
    assert "no picture we can read" in page.content()
    looked_at(page, "host photos")
    assert OfficePhoto.objects.get().alt == "Armchairs 0"
    page.goto(office.get_absolute_url())
    shown = page.get_by_role("img", name="Armchairs 0")
    assert (
        shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    )
    looked_at(page, "host office")
