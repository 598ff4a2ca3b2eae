import pytest
from django.core.cache import cache

from tests.factories.directory import ModeratorFactory, TherapistFactory


@pytest.fixture(autouse=True)
def _empty_cache():
    """Rate limits and cached pages of one test are not met by the next; other keys in Redis are left alone."""
    client = cache._cache.get_client(write=True)
    if keys := list(client.scan_iter(cache.make_key("*"))):
        client.delete(*keys)


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
