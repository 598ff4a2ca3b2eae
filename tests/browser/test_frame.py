"""What is on every page: the menu, the switch to dark, sign-in with a passkey, errors said kindly."""

import gzip
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.conftest import assert_accessible, assert_fits
from tests.factories.directory import TherapistFactory
from tests.passkeys import give_authenticator

LIMIT = 100_000  # bytes a first page may cost, its styles, scripts and (where there is one) map with it


def test_dark_is_remembered_and_rendered_by_the_server(visit):
    page = visit("/")
    button = page.get_by_role("button", name="Dark appearance")
    expect(button).to_have_attribute("aria-pressed", "false")

    button.click()

    expect(button).to_have_attribute("aria-pressed", "true")
    assert 'data-theme="dark"' in page.request.get("/").text()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert_accessible(page)


def test_a_made_up_theme_is_ignored(visit):
    page = visit("/")

    answer = page.request.get("/", headers={"Cookie": 'theme="><script>'})

    assert "data-theme=" not in answer.text()


def test_skip_link_leads_to_the_content(visit):
    page = visit("/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()


def test_own_menu_opens_closes_and_signs_out(visit):
    person = TherapistFactory()
    page = visit("/", person=person)
    menu = page.locator("details.menu")

    menu.locator("summary").click()
    expect(menu.get_by_role("link", name="My offices and hours")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    menu.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_sign_out_works_without_javascript(visit):
    page = visit("/", person=TherapistFactory(), javascript=False)

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def test_a_passkey_is_made_and_signs_in(visit):
    person = TherapistFactory(name="Mara Ellison", user__is_confirmed=True)
    page = visit(reverse("mfa_add_webauthn"), person=person)
    give_authenticator(page)

    page.get_by_role("button", name="Make a passkey on this device").click()
    page.wait_for_url(re.compile("/accounts/2fa/"))
    page.context.clear_cookies()
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Use a passkey instead").click()

    expect(page.locator("details.menu")).to_be_visible()


def test_a_closed_passkey_window_is_no_mistake(visit):
    page = visit(reverse("account_login"))
    page.evaluate(
        "() => { navigator.credentials.get = async () => { throw new DOMException('', 'NotAllowedError'); }; }"
    )

    page.get_by_role("button", name="Use a passkey instead").click()

    expect(page.get_by_text("the passkey window was closed")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/403/", "This is not yours to do"),
        ("/404/", "Nothing here"),
        ("/429/", "A little slower, please"),
        ("/500/", "Something broke, on our side"),
    ],
)
def test_errors_are_said_kindly(visit, settings, address, words):
    settings.ROOT_URLCONF = "tests.browser.urls"

    page = visit(address, width=320)

    expect(page.get_by_role("heading", name=words)).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


def test_a_form_that_lay_too_long_is_explained(visit):
    page = visit(reverse("account_login"), javascript=False)
    page.context.clear_cookies()

    page.get_by_label("Your email address").fill("mara@example.org")
    page.get_by_role("button", name="Send me a code").click()

    expect(page.get_by_role("heading", name="Once more, please")).to_be_visible()


def test_going_back_says_what_is_painted(visit, settings):
    settings.ROOT_URLCONF = "tests.browser.urls"
    page = visit("/week/?hours=1-1080-1260")
    page.get_by_label("Mon 09:00").click()
    page.get_by_text("Mon 09:00–09:30, Tue 18:00–21:00").wait_for()

    page.goto("/")
    page.go_back()

    ticked = page.locator('input[name="hours"]:checked').count()
    says = "Mon 09:00–09:30" if ticked == 7 else "Tue 18:00–21:00 · 3 hours a week"
    expect(page.locator(".week-said output")).to_contain_text(says)


def test_sign_in_without_javascript_still_offers_the_code(visit):
    page = visit(reverse("account_login"), javascript=False)

    expect(page.get_by_role("button", name="Send me a code")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey instead")).to_be_hidden()


@pytest.mark.parametrize("name", ["home", "spaces:office_search"])
def test_first_pages_are_light_and_from_one_host(visit, live_server, name):
    page = visit("/healthz/", person=TherapistFactory())
    answers = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 -- Playwright wants a function of ours

    page.goto(reverse(name))
    page.wait_for_load_state("networkidle")

    assert {answer.url.startswith(live_server.url) for answer in answers} == {True}
    assert sum(transferred(answer) for answer in answers) < LIMIT


def transferred(answer):
    """As it travels: static files are compressed when they are collected, which tests do not do."""
    if "/static/" in answer.url:
        return len(gzip.compress(answer.body()))
    return answer.request.sizes()["responseBodySize"]
