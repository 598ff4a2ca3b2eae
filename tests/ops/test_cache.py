import logging

import pytest
from django.core.cache import caches

BACKEND = "community.cache.ForgivingRedisCache"
AWAY = {"BACKEND": BACKEND, "LOCATION": "redis://127.0.0.1:9/0"}


@pytest.fixture
def away(settings, caplog):
    """A cache whose Redis is not there."""
    settings.CACHES = {"default": AWAY}
    caplog.set_level(logging.CRITICAL, logger="community.cache")
    return caches["default"]


def test_reads_find_nothing_while_redis_is_away(away):
    assert away.get("key", "otherwise") == "otherwise"
    assert away.get_many(["a", "b"]) == {}
    assert away.has_key("key") is False
    assert away.get_or_set("key", 3) == 3


def test_writes_are_forgotten_while_redis_is_away(away):
    away.set("key", 1)
    away.set_many({"a": 1})
    away.delete_many(["a"])

    assert away.add("key", 1) is True
    assert away.touch("key") is False
    assert away.delete("key") is False
    assert away.incr("key", 2) == 2
    assert away.clear() is False


def test_it_is_a_cache_while_redis_is_there():
    cache = caches["default"]

    cache.set("key", {"a": [1]})
    cache.set("count", 4)

    assert cache.get("key") == {"a": [1]}
    assert cache.incr("count") == 5
    assert cache.add("count", 0) is False
