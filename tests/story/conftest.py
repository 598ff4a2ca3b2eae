"""Everything real: PostgreSQL, Valkey, web, worker and beat as processes, an SMTP server, Chromium."""

import pytest

from tests.story.people import Person
from tests.story.post import PostOffice
from tests.story.town import Town


def pytest_collection_modifyitems(items):
    for item in items:
        if "/story/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def post():
    with PostOffice() as office:
        yield office


@pytest.fixture(scope="package")
def town(post, tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town"), post.port) as running:
        yield running


@pytest.fixture
def person(chromium, town, post):
    """Makes people: ``person("host@demo.example.org")``. What their consoles complain of fails the test."""
    met = []

    def make(email, **how):
        met.append(Person(chromium, town, post, email, **how))
        return met[-1]

    yield make
    for each in met:
        each.close()
    assert [line for each in met for line in each.complaints] == []


@pytest.fixture(autouse=True)
def _empty_cache():
    """The processes have a Redis of their own; the tests' one is left alone."""
