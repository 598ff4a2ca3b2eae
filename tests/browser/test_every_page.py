"""Every page by day and by night, at the desk and on a phone. ``SHOTS=folder`` keeps pictures of all of them."""

import os
from pathlib import Path

import pytest

from tests.browser.conftest import assert_accessible, assert_fits, wait_for_parts
from tests.browser.pages import PAGES, REFUSED
from tests.browser.world import build

SHOTS = os.environ.get("SHOTS")


@pytest.mark.parametrize("role", PAGES)
def test_pages_are_accessible_and_fit(visit, subtests, role):
    world = build()
    page = visit("/healthz/", person=getattr(world, role))

    for name, address in PAGES[role].items():
        with subtests.test(name):
            answer = page.goto(address(world))
            assert answer.ok == (name not in REFUSED), answer.status
            wait_for_parts(page)
            for width in (1280, 320):
                page.set_viewport_size({"width": width, "height": 900})
                keep_picture(page, f"{role} {name}", width)
                assert_fits(page)
            assert_accessible(page)


def keep_picture(page, name, width):
    if not SHOTS:
        return
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        path = Path(SHOTS) / f"{name.replace(' ', '_')}-{width}-{scheme}.png"
        page.screenshot(path=path, full_page=True)
