"""Finding hours: the map beside the rooms, other hours that come by themselves, a search that is watched."""

from playwright.sync_api import expect

from directory.models import Community
from spaces.models import SavedSearch
from tests.browser.conftest import assert_accessible, assert_fits
from tests.browser.world import build
from tests.factories.spaces import BuildingFactory
from tests.spaces.rooms import open_office

SEARCH = "/spaces/?hours=3-1080-1260&weeks=4&near=94618&radius=8"


def rooms():
    """Two in one house, one in another, one that only comes close."""
    house = BuildingFactory(latitude=37.8247, longitude=-122.2519)
    other = BuildingFactory(latitude=37.87, longitude=-122.27)
    return [
        open_office(building=house, name="Attic"),
        open_office(building=house, name="Cellar <b>"),
        open_office(building=other, name="Bay window", opening={"end": 1230}),
    ]


def test_map_shows_the_rooms_of_the_list_and_follows_it(visit):
    world = build()
    rooms()
    page = visit(SEARCH, person=world.member)
    pins = page.locator(".map-pin")

    expect(pins).to_have_count(2)  # open by itself at the desk
    pin = page.get_by_role("button", name="rooms: 1. ")
    pin.focus()
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup")
    expect(popup.get_by_role("link", name="1. Cellar <b>")).to_be_focused()
    expect(popup).to_contain_text("All 4 dates")
    expect(popup).to_contain_text("$18 an hour")
    expect(popup.get_by_role("link", name="2. Attic")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    expect(pin).to_be_focused()

    page.get_by_label("At most, in km").fill("3")
    page.get_by_label("At most, in km").blur()

    expect(pins).to_have_count(1)
    assert "radius=3" in page.url
    page.get_by_label("At most, in km").fill("0.5")
    page.get_by_label("At most, in km").blur()
    expect(page.locator(".map-frame")).to_be_hidden()  # nothing to show
    assert page.evaluate(
        "performance.getEntriesByType('resource').every((e) => e.name.startsWith(location.origin))"
    )


def test_map_waits_for_a_tap_on_a_phone(visit):
    world = build()
    rooms()
    Community.objects.update(distance_unit="mi")
    page = visit(SEARCH, person=world.member, width=390, touch=True)
    page.wait_for_load_state("networkidle")
    assert "leaflet" not in page.evaluate(
        "performance.getEntriesByType('resource').map((e) => e.name).join()"
    )

    page.get_by_text("Map", exact=True).tap()

    expect(page.locator(".map-pin")).to_have_count(2)
    expect(page.locator(".leaflet-control-scale-line")).to_contain_text("mi")
    assert_fits(page)


def test_without_javascript_the_list_has_it_all(visit):
    world = build()
    rooms()
    page = visit(SEARCH, person=world.member, javascript=False)

    expect(page.get_by_text("Map", exact=True)).to_be_hidden()
    expect(page.get_by_role("link", name="Bay window")).to_be_visible()
    page.get_by_role("link", name="Half an hour earlier").click()
    expect(page.get_by_role("heading", name="Other hours, other rooms")).to_be_visible()
    page.get_by_role("link", name="Back to the rooms").click()
    page.get_by_role("button", name="Once a day").click()
    expect(page.get_by_text("We write in the morning")).to_be_visible()
    assert SavedSearch.objects.exclude(pk=world.search.pk).get().frequency == "daily"


def test_suggestions_come_by_themselves_and_a_tap_saves_the_search(visit):
    world = build()
    rooms()
    page = visit(SEARCH, person=world.member)

    suggestions = page.locator("#suggestions")
    expect(suggestions.get_by_text("Half an hour’s shift").first).to_be_visible()
    expect(
        suggestions.get_by_role("link", name="Ask for these hours Bay window")
    ).to_be_visible()
    page.get_by_role("button", name="Tell me at once").click()

    expect(page.get_by_text("We write as soon as another room")).to_be_visible()
    page.get_by_role("link", name="Searches we watch for you").click()
    saved = SavedSearch.objects.exclude(pk=world.search.pk).get()
    expect(page.get_by_role("link", name=saved.name)).to_be_visible()
