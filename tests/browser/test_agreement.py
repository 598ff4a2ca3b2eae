"""What only a browser knows of the agreement: how it prints, and what the copy button copies."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.factories.directory import CommunityFactory, TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours


@pytest.fixture
def booking():
    CommunityFactory()
    office = OfficeFactory(directions="The blue door.\nRing twice.")
    booking = BookingFactory(
        office=office, guest=TherapistFactory(name="Joel Okafor"), status="confirmed"
    )
    for day in range(2, 30):
        OccurrenceFactory(booking=booking, period=hours(17, 20, day=day))
    return booking


def test_the_agreement_prints_black_on_white_without_the_site_around_it(visit, booking):
    page = visit(reverse("spaces:agreement", args=[booking.pk]), person=booking.guest)
    page.emulate_media(media="print", color_scheme="dark")

    back = f"main a[href='{booking.get_absolute_url()}']"
    for gone in (".site-nav", ".site-foot", back):
        expect(page.locator(gone).first).to_be_hidden()
    style = (
        "(part) => [getComputedStyle(part).color, getComputedStyle(part).breakInside]"
    )
    rows = page.locator(".sums tbody tr")
    assert rows.count() == 28
    assert rows.last.evaluate(style) == ["rgb(0, 0, 0)", "avoid"]
    ground = "(part) => getComputedStyle(part).backgroundColor"
    assert page.locator("main").evaluate(ground) == "rgb(255, 255, 255)"


def test_the_button_copies_the_directions(visit, booking):
    page = visit(booking.get_absolute_url(), person=booking.guest)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    directions = page.get_by_label("Directions to paste to your visitors")

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.replace("\r", "") == directions.input_value()
    assert "The blue door.\nRing twice." in copied
