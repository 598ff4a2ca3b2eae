"""The calendar of an office: its keys, what htmx turns, what the printer gets."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from spaces.domain.availability import refresh_free
from spaces.enums import BookingStatus
from spaces.hours import local_period
from tests.browser.conftest import assert_accessible
from tests.factories.directory import CommunityFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)

LONG_NAME = "Maximiliana Featherstonehaugh-Villarreal"
SHOTS = os.environ.get("SHOTS")


@pytest.fixture
def office():
    CommunityFactory()
    host = TherapistFactory(name="Dana Whitlock")
    office = OfficeFactory(hosts=[host], name="The garden room")
    OfficeFactory(hosts=[host], name="The other room", building=office.building)
    zone = office.building.zone
    monday = monday_of(office)
    for day, start, end, name, status in [
        (0, 540, 660, "Joel Okafor", BookingStatus.CONFIRMED),
        (0, 1020, 1140, "Noor Haddad", BookingStatus.CONFIRMED),
        (2, 1020, 1200, "Ada Lindqvist", BookingStatus.REQUESTED),
        (3, 600, 720, LONG_NAME, BookingStatus.CONFIRMED),
    ]:
        booking = BookingFactory(
            office=office, guest=TherapistFactory(name=name), status=status
        )
        for week in range(3):
            OccurrenceFactory(
                booking=booking,
                period=local_period(
                    monday + timedelta(days=day, weeks=week), start, end, zone
                ),
            )
    OpeningFactory(office=office, weekday=4, start=540, end=780)
    closed = monday + timedelta(days=5)
    ClosureFactory(office=office, period=local_period(closed, 0, 1440, zone))
    refresh_free([office.pk])
    return office


def monday_of(office):
    """Of next week, so that nothing of it is past."""
    today = timezone.localdate(timezone=office.building.zone)
    return today + timedelta(days=7 - today.weekday())


def calendar(office, view, day):
    path = reverse("spaces:office_calendar", args=[office.pk])
    return f"{path}?view={view}&date={day}"


def focused(page):
    return page.evaluate("document.activeElement.innerText.trim()")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def turn(page, key, title):
    """A key that turns the page: once the new one is there, the focus is in it."""
    page.keyboard.press(key)
    page.get_by_role("heading", name=title).wait_for()
    page.locator("#calendar table :focus").wait_for()


def keep(page, name):
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_keys_move_turn_and_open(visit, office):
    monday = monday_of(office)
    page = visit(calendar(office, "week", monday), person=office.hosts.get())
    page.locator("#calendar thead a").first.focus()
    keep(page, "week")

    press(page, "ArrowDown", "ArrowDown")
    assert focused(page) == "Booked"
    assert "Noor Haddad" in page.evaluate(
        "document.activeElement.closest('.hours').innerText"
    )
    press(page, "ArrowRight", "ArrowRight")  # an empty Tuesday has its head alone
    press(page, "ArrowDown", "ArrowRight")
    assert "Maximiliana" in page.evaluate(
        "document.activeElement.closest('.hours').innerText"
    )
    press(page, "End")
    press(page, "ArrowUp", "ArrowUp", "Home")
    assert focused(page) == f"Mon {monday.day} {monday:%b}"
    assert page.locator("#calendar table [tabindex='0']").count() == 1

    later = monday + timedelta(weeks=1)
    turn(page, "PageDown", f"{later.day} {later:%b}")
    assert f"date={later}" in page.url
    assert focused(page) == f"Mon {later.day} {later:%b}"
    turn(page, "PageUp", f"{monday.day} {monday:%b}")
    today = timezone.localdate(timezone=office.building.zone)
    turn(page, "t", f"{(monday - timedelta(weeks=1)).day} ")
    assert focused(page).endswith(f"{today.day} {today:%b}")
    page.go_back()
    page.get_by_role("heading", name=f"{monday.day} {monday:%b}").wait_for()
    page.wait_for_load_state("networkidle")

    page.goto(calendar(office, "month", monday))
    page.locator(".month-day[tabindex='0']").focus()
    keep(page, "month")
    page.locator(f".month-day[aria-label*=' {monday.day} ']").first.focus()
    press(page, "ArrowRight", "ArrowLeft", "Tab")
    assert focused(page) == "09:00–11:00"
    press(page, "Shift+Tab", "Enter")
    page.get_by_role("heading", name=f"Monday {monday.day}").wait_for()
    assert f"view=day&date={monday}" in page.url
    keep(page, "day")
    assert "The other room" in page.locator("#calendar thead").inner_text()
    assert_accessible(page)


def test_prints_wide_in_black_and_without_names(visit, office):
    page = visit(calendar(office, "week", monday_of(office)), person=office.hosts.get())
    page.emulate_media(media="print", color_scheme="dark")

    look = page.locator("#calendar .is-booked").first.evaluate(
        "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    )
    assert look == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert not page.locator("#calendar nav").is_visible()
    assert page.locator("#calendar h2").inner_text().startswith("The garden room")
    if SHOTS:
        for view in ("week", "month", "day"):
            page.goto(calendar(office, view, monday_of(office)))
            page.pdf(path=Path(SHOTS) / f"{view}.pdf", prefer_css_page_size=True)
            page.set_viewport_size({"width": 980, "height": 740})
            keep(page, f"print-{view}")
    assert "Joel Okafor" in page.locator("#calendar").inner_text()

    page.emulate_media(media="screen")
    page.get_by_role("link", name="Without names").click()
    page.get_by_role("link", name="With names").wait_for()

    assert "Joel" not in page.locator("main").inner_text()


def test_free_hours_lead_to_entering_somebody_for_them(visit, office):
    TherapistFactory(name="Joel Ober")
    page = visit(calendar(office, "week", monday_of(office)), person=office.hosts.get())

    page.get_by_role("link", name="Free").click()
    page.get_by_label("Their name").fill("Joel")
    page.get_by_label("Price for an hour").fill("free")
    assert page.locator('input[name="hours"]:checked').count() == 8
    page.get_by_role("button", name="Show me each date").click()
    page.get_by_text("1 of 1 date can be entered").wait_for()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        keep(page, f"desk-{width}")
    assert_accessible(page)
    page.get_by_label("Joel Ober").check()
    page.get_by_role("button", name="Enter these dates").click()

    page.get_by_role("heading", name="Joel Ober in The garden room").wait_for()
