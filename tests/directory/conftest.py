import pytest
from django.core.cache import cache

from directory.registry import EMERGENCY_KEY


@pytest.fixture(autouse=True)
def _calm(_empty_cache):
    """No emergency is open, and no page asks whether one is: counts of queries are of people alone."""
    cache.set(EMERGENCY_KEY, False, 600)
