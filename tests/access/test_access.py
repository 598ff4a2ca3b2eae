"""The access matrix: every address, asked for by everybody, gives what its row says. An address without a row fails."""

from dataclasses import dataclass
from http import HTTPStatus

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse

from directory import seeing
from directory.models import Delivery
from directory.registry import message_kind
from tests.access.rows import (
    ADMINISTRATORS_ONLY,
    FOR_STRANGERS,
    LINKS,
    OF_ONES_OWN,
    PAGES,
    ROLES,
    SAID,
    WEBHOOKS,
)
from tests.access.strict import assert_strict
from tests.access.world import PEOPLE, build
from tests.conftest import QuickClient
from tests.factories.directory import CommunityFactory

pytestmark = pytest.mark.django_db
WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture
def world():
    return build()


@dataclass(frozen=True)
class Answer:
    letter: str
    response: HttpResponse
    changed_something: bool


def ask(browser, url, data=None, *, method="get"):
    """By POST where nothing else is answered. What it did is taken back."""
    with transaction.atomic():
        response = getattr(browser, method)(url)
        with CaptureQueriesContext(connection) as queries:
            if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                response = browser.post(url, data)
        transaction.set_rollback(True)
    assert_strict(response)
    wrote = any(
        query["sql"].startswith(WRITES) and "django_session" not in query["sql"]
        for query in queries
    )
    return Answer(letter_of(response), response, wrote)


def letter_of(response):
    code = response.status_code
    if code == HTTPStatus.NOT_FOUND:
        return "n"
    if code == HTTPStatus.FOUND and response.url.startswith(
        (reverse("account_login"), reverse("admin:login"))
    ):
        return "s"
    if code == HTTPStatus.FOUND and response.url == reverse("home"):
        return "h"
    return "i" if code < HTTPStatus.BAD_REQUEST else str(code)


def browser_of(person):
    browser = QuickClient()
    if person is not None:
        browser.force_login(person.user)
    return browser


def addresses(resolver, namespaces=()):
    """The names of all that can be asked for, but the desk's: these are many and have a rule of their own."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join([*namespaces, pattern.name])
        elif pattern.namespace != "admin":
            inner = [*namespaces, pattern.namespace] if pattern.namespace else []
            yield from addresses(pattern, inner)


def desk():
    """The names of the desk's lists and forms, by model."""
    [site] = [
        pattern
        for pattern in get_resolver().url_patterns
        if getattr(pattern, "namespace", None) == "admin"
    ]
    found = {
        name.removesuffix("_changelist")
        for name in site.reverse_dict
        if isinstance(name, str) and name.endswith("_changelist")
    }
    assert found > ADMINISTRATORS_ONLY
    return sorted(found)


def test_every_address_has_a_row():
    known = {*PAGES, *LINKS, *FOR_STRANGERS, *OF_ONES_OWN, *WEBHOOKS}

    assert set(addresses(get_resolver())) == known


def test_every_page_lets_in_whom_its_row_names(world, subtests):
    browsers = {role: browser_of(getattr(world, role)) for role in ROLES}
    cells = [
        (name, role, expected, args)
        for name, (row, args) in PAGES.items()
        for role, expected in zip(ROLES, row, strict=True)
    ]
    for name, role, expected, args in cells:
        browser, url = browsers[role], reverse(name, args=args(world))
        with subtests.test(f"{name} {role}"):
            data = SAID[name](world) if name in SAID else None
            answer = ask(browser, url, data)
            assert answer.letter == ("i" if expected == "r" else expected), (
                answer.response
            )
            if expected != "i":
                assert not answer.changed_something
            elif name in SAID:
                assert answer.changed_something
            if expected == "n":
                posted = ask(browser, url, method="post")
                assert posted.letter in {"n", "405"}, posted.response


def test_signed_links_work_for_their_holder_and_for_nothing_else(world, subtests):
    for name, path in LINKS.items():
        url = path(world)
        for role in ("stranger", "suspended", "other"):
            with subtests.test(f"{role} {name}"):
                answer = ask(browser_of(getattr(world, role)), url)
                assert answer.letter == "i", answer.response
        with subtests.test(f"forged {name}"):
            forged = url.replace(url[-8:-5], "xyz")
            assert ask(browser_of(None), forged).letter in {"n", "410"}, forged


def test_accounts_are_their_own(world, subtests):
    for name in OF_ONES_OWN:
        with subtests.test(name):
            takes_key = name in {"mfa_remove_webauthn", "mfa_edit_webauthn"}
            url = reverse(name, args=[1] if takes_key else [])
            assert ask(browser_of(None), url).letter == "s"


@pytest.mark.parametrize("role", ROLES)
def test_the_desk_is_for_those_who_moderate(subtests, role):
    CommunityFactory()
    browser = browser_of(PEOPLE[role]())
    for model in desk():
        may = role == "administrator" or (
            role == "moderator" and model not in ADMINISTRATORS_ONLY
        )
        with subtests.test(model):
            answer = ask(browser, reverse(f"admin:{model}_changelist"))
            if role in {"moderator", "administrator"}:
                assert answer.letter == ("i" if may else "403")
            else:
                assert answer.letter == "s"
            if not may:
                for verb, args in [("add", []), ("change", [1]), ("delete", [1])]:
                    url = reverse(f"admin:{model}_{verb}", args=args)
                    assert ask(browser, url).letter in {"s", "403"}
                    assert ask(browser, url, method="post").letter in {"s", "403"}


def test_who_sees_as_a_member_sees_opens_only_what_is_listed(world, subtests):
    """The moderator in the owner's place: a new address is refused until it is listed, and nothing is written."""
    browser = browser_of(world.moderator)
    start = reverse("admin:directory_therapist_see", args=[world.owner.pk])
    browser.post(start, {"reason": "Their search finds nothing."})
    assert {*PAGES, *OF_ONES_OWN, *FOR_STRANGERS, *LINKS} >= seeing.OPEN
    for name, (_row, args) in PAGES.items():
        if name == seeing.STOP:
            continue
        url = reverse(name, args=args(world))
        with subtests.test(name):
            seen = ask(browser, url)
            is_open = name in seeing.OPEN and name != "directory:therapist_detail"
            assert seen.letter == ("i" if is_open else "403"), seen.response
            assert not seen.changed_something
            posted = ask(browser, url, method="post")
            assert posted.letter == "403"
            assert not posted.changed_something
    theirs = reverse("directory:therapist_detail", args=[world.other.pk])
    page = ask(browser, theirs).response.content.decode()
    assert f"You are seeing this as {world.owner.name} does" in page

    assert browser.post(reverse(seeing.STOP)).url == reverse(
        "admin:directory_therapist_change", args=[world.owner.pk]
    )
    assert ask(browser, reverse("directory:leave")).letter == "i"  # oneself again
    told = Delivery.objects.get(kind="seen_as")
    assert told.recipient == world.owner
    assert world.moderator.name in message_kind("seen_as").render([told])[told.pk].text
