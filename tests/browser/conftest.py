"""Chromium against the running application: light and dark, phone and desk, with and without JavaScript."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import expect

ONLY_WHAT_IS_WRONG = {"resultTypes": ["violations"]}  # not every node that is right
EVERYTHING = ONLY_WHAT_IS_WRONG | {
    "rules": {"target-size": {"enabled": True}}  # WCAG 2.2 AA, off by default
}
COLOURS = ONLY_WHAT_IS_WRONG | {"runOnly": ["color-contrast", "link-in-text-block"]}
UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-settling"


def pytest_collection_modifyitems(items):
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def visit(chromium, live_server, client):
    """Opens an address as ``person`` (or a stranger). What the console complains of fails the test."""
    complaints = []
    contexts = []

    def open_page(address, *, person=None, width=1280, javascript=True, touch=False):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=javascript,
            has_touch=touch,
            base_url=live_server.url,
            reduced_motion="reduce",  # nothing is half-way between two colours when axe looks
        )
        contexts.append(context)
        if person:
            client.force_login(person.user)
            cookie = {
                "name": "sessionid",
                "value": client.cookies["sessionid"].value,
                "url": live_server.url,
            }
            context.add_cookies([cookie])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console",
            lambda message: _is_bad(message) and complaints.append(message.text),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _is_bad(message):
    """The security policy's complaints above all; a 404 page that was asked for is none."""
    return (
        message.type in ("error", "warning")
        and "Failed to load resource" not in message.text
    )


def wait_for_parts(page):
    """What the page fetches once it is loaded, and begins to before its ``load`` event, is in it."""
    expect(page.locator(UNDER_WAY)).to_have_count(0)


def assert_accessible(page):
    """axe finds nothing, by day and by night; the night differs in its colours only."""
    page.evaluate(AXE_SCRIPT)
    for scheme, options in (("light", EVERYTHING), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme)
        found = AxeResults(page.evaluate("options => axe.run(options)", options))
        assert found.violations_count == 0, (
            f"{page.url} in {scheme}:\n{found.generate_report()}"
        )


def assert_fits(page):
    """Nothing has to be scrolled sideways."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
