import gc
import os
import shutil
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models.signals import post_migrate
from django.test import Client
from django.utils.crypto import get_random_string
from playwright.sync_api import sync_playwright
from redis import Redis

from tests.factories.directory import ModeratorFactory, TherapistFactory

# Playwright runs a loop in the tests' own thread
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
]


LONGEST = [
    "/story/test_smoke.py",  # before the story, in which the moderator adds a passkey and so needs it from then on
    "/story/",
    "test_every_page.py",
    "/browser/",
    "test_rivals.py",
    "test_load_demo.py",
    "/spaces/views/",
    "/spaces/domain/",
]


def pytest_configure(config):
    config.option.loadscopereorder = False  # xdist hands modules out as ordered below


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What takes longest begins first, whatever the seed, so that both workers end together; the story's town is
    built once, as no other tests come between its own."""

    def place(item):
        names = (n for n, name in enumerate(LONGEST) if name in str(item.path))
        return next(names, len(LONGEST))

    items.sort(key=place)


def pytest_collection_finish():
    """Modules and tests stay until the end: the search for what can go leaves them out, and is made less often."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests: Playwright's loop can be started once."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def redis():
    with Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_cache(redis):
    """Rate limits and cached pages of one test are not met by the next; other keys in Redis are left alone."""
    if keys := list(redis.scan_iter(cache.make_key("*"), count=1000)):
        redis.delete(*keys)


@pytest.fixture(scope="module")
def module_db(django_db_setup, django_db_blocker):
    """One transaction around a module's tests: what its fixtures of the same scope build is there for each of them, and
    what a test does to it is undone. Not for modules whose tests need transactions of their own."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def seed_what_migrating_seeds(**signal):
    for name in (
        "0002_seed_vocabularies",
        "0005_seed_supervision_rules",
        "0007_seed_office_vocabulary",
        "0012_search_by_words_and_more_vocabularies",
        "0014_seed_licence_registers",
        "0019_seed_more_vocabularies",
    ):
        import_module(f"directory.migrations.{name}").seed(apps, None)


# Tests with real transactions empty every table when they end; what migrating seeds must be there for the next.
post_migrate.connect(seed_what_migrating_seeds, sender=apps.get_app_config("directory"))


def delete_every_row(style, tables, *, reset_sequences=False, allow_cascade=False):
    """Instead of TRUNCATE, which makes every table and index anew, a third of a second for each test with real
    transactions: most tables are empty."""
    delete = style.SQL_KEYWORD("DELETE FROM")
    deletes = [f"{delete} {connection.ops.quote_name(name)}" for name in tables]
    setting = "SET session_replication_role = "  # keys are not looked at: all goes
    return [f"{setting}replica", *deletes, f"{setting}DEFAULT"]


connection.ops.sql_flush = delete_every_row


class QuickClient(Client):
    """Signs people in with one row, where Django's own asks a dozen questions; a quarter of all tests begin so."""

    def force_login(self, user, backend=None):
        session = SessionStore()
        known = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: backend or settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        row = Session(
            session_key=get_random_string(32),
            session_data=session.encode(known),
            expire_date=session.get_expiry_date(),
        )
        row.save(force_insert=True)
        self.cookies[settings.SESSION_COOKIE_NAME] = row.session_key


@pytest.fixture
def client():
    return QuickClient()


@pytest.fixture
def therapist(client):
    """A member, signed in with ``client``."""
    person = TherapistFactory(name="Dana Whitlock")
    client.force_login(person.user)
    return person


@pytest.fixture
def moderator(client):
    """A member who moderates, signed in with ``client``."""
    person = ModeratorFactory(name="Mo Derrick")
    client.force_login(person.user)
    return person
