"""Everything real: PostgreSQL, Valkey, web, worker and beat as processes, an SMTP server, Chromium."""

import pytest

from tests.story.people import Person
from tests.story.post import PostOffice
from tests.story.town import Town


def pytest_collection_modifyitems(items):
    for item in items:
        if "/story/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A story that breaks off shows what everybody saw last, and what web and worker said."""
    report = yield
    if report.when == "call" and report.failed:
        for each in item.funcargs.get("met", []):
            report.sections.append((f"What {each.email} saw", each.last_sight))
        if town := item.funcargs.get("town"):
            for part in town.parts.values():
                report.sections.append(
                    (f"The last words of {part.name}", part.words[-3000:])
                )
            report.sections.append(("The outbox", town.outbox))
    return report


@pytest.fixture(scope="package")
def post():
    with PostOffice() as office:
        yield office


@pytest.fixture(scope="package")
def town(post, tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town"), post.port) as running:
        yield running


@pytest.fixture
def met():
    """Everybody in the test."""
    return []


@pytest.fixture
def person(chromium, town, post, met):
    """Makes people: ``person("host@demo.example.org")``. What their consoles complain of fails the test."""

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
