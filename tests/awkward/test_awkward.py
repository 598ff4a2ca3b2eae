"""Whatever is typed into a text field shows again exactly as typed, or is refused in words and stays where it was typed.

One form of every view that tests/browser has a page for. Each string goes into every field that takes 200 characters, and by
turns into the narrower ones.
"""

from http import HTTPStatus
from itertools import cycle, islice

import pytest
from django.db import transaction
from django.urls import resolve

from directory.text import one_line
from tests.awkward.page import Page
from tests.awkward.strings import EVERY
from tests.browser.pages import PAGES
from tests.browser.world import build
from tests.conftest import QuickClient

pytestmark = pytest.mark.django_db

BETWEEN = " ¦ "
WIDE, WIDEST = 200, 4000
# Not free: what is typed here has a form of its own, tested where it is read.
READ = {
    "zip_code": "94618",
    "near": "94618",
    "price": "20",
    "most": "20",
    "url": "https://calendar.example.org/x.ics",
    "code": "123456",
    "phone": "+1 510 555 0100",
    "schools": "Wright Institute",
}

ONE_LINE = {  # see directory.text
    "name",
    "credentials",
    "pronouns",
    "headline",
    "supervises",
    "neighbourhood",
    "alt",
}
OFFICE = [
    "street",
    "city",
    "neighbourhood",
    "building_name",
    "name",
    "description",
    "terms",
    "suite",
    "directions",
    "entry_code",
    "alarm",
]
NOT_SHOWN = {  # to whoever typed it, once it is kept
    "spaces:office_new": set(
        OFFICE
    ),  # on the page it goes on to; spaces:office_edit shows it
    "directory:therapist_report": {"text"},  # the moderators'
    "spaces:post_report": {"text"},
}


def portions(length):
    """All strings, as many at once as the field takes."""
    found = [""]
    for text in EVERY:
        if len(found[-1] + BETWEEN + text) > length:
            found.append("")
        found[-1] += BETWEEN * bool(found[-1]) + text
    return [portion[:length].strip() for portion in found if portion.strip()]


def rounds(fields):
    """What is typed into all fields, turn by turn."""
    lengths = {field.name: min(field.longest or WIDEST, WIDEST) for field in fields}
    count = max(len(portions(max(length, WIDE))) for length in lengths.values())
    turns = {
        name: islice(cycle(portions(length)), count * place, count * (place + 1))
        for place, (name, length) in enumerate(lengths.items())
    }
    for _turn in range(count):
        yield {name: next(texts) for name, texts in turns.items()}


def forms(world):
    """Of each view that takes words one form, with somebody who may send it."""
    seen = set()
    for role in ("member", "moderator"):
        client = QuickClient()
        client.force_login(getattr(world, role).user)
        for address in PAGES[role].values():
            url = address(world)
            for form in Page(client.get(url).text).forms:
                target = form.action.partition("#")[0] or url
                view = resolve(target.partition("?")[0]).view_name
                fields = [field for field in form.free if field.name not in READ]
                if form.method == "post" and fields and view not in seen:
                    seen.add(view)
                    yield view, client, url, target, form, fields


def test_what_is_typed_shows_again(subtests):
    for view, client, url, target, form, fields in forms(build()):
        for turn, typed in enumerate(rounds(fields)):
            with subtests.test(f"{view} {turn}"), transaction.atomic():
                response = client.post(target, form.sent(**{**READ, **typed}))
                if response.status_code == HTTPStatus.FOUND:
                    hidden = NOT_SHOWN.get(view, set())
                    text = client.get(response.url).text + client.get(url).text
                else:
                    assert response.status_code == HTTPStatus.OK
                    hidden = set()
                    text = response.text
                words = Page(text).text
                transaction.set_rollback(True)
                for name, said in typed.items():
                    kept = (
                        one_line(said) if name.rpartition("-")[2] in ONE_LINE else said
                    )
                    assert said in words or kept in words or name in hidden, name
