import pytest
from django.core.cache import cache, caches


@pytest.fixture(autouse=True)
def _empty_cache():
    """Rate limits and cached pages of one test are not met by the next; other keys in Redis are left alone."""
    client = cache._cache.get_client(write=True)
    if keys := list(client.scan_iter(cache.make_key("*"))):
        client.delete(*keys)
    yield
    caches.close_all()
