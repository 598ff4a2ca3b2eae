"""The cache may be away: then nothing is cached, and every page still answers.

While Redis is down a read finds nothing and a write is forgotten. Rate limits, which count in the cache, pause with
it: a colleague who needs a room during an outage is worth more than a limit.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import ConnectionError as RedisConnectionError
from redis import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)


class ForgivingClient(RedisCacheClient):
    def add(self, key: str, value: Any, timeout: float | None) -> bool:
        return _unless_away(True, super().add, key, value, timeout)

    def get(self, key: str, default: Any) -> Any:
        return _unless_away(default, super().get, key, default)

    def set(self, key: str, value: Any, timeout: float | None) -> None:
        _unless_away(None, super().set, key, value, timeout)

    def touch(self, key: str, timeout: float | None) -> bool:
        return _unless_away(False, super().touch, key, timeout)

    def delete(self, key: str) -> bool:
        return _unless_away(False, super().delete, key)

    def get_many(self, keys: Any) -> dict[str, Any]:
        return _unless_away({}, super().get_many, keys)

    def has_key(self, key: str) -> bool:
        return _unless_away(False, super().has_key, key)

    def incr(self, key: str, delta: int) -> int:
        return _unless_away(delta, super().incr, key, delta)

    def set_many(self, data: dict[str, Any], timeout: float | None) -> None:
        _unless_away(None, super().set_many, data, timeout)

    def delete_many(self, keys: Any) -> None:
        _unless_away(None, super().delete_many, keys)

    def clear(self) -> bool:
        return _unless_away(False, super().clear)


class ForgivingRedisCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = ForgivingClient


def _unless_away(answer: Any, ask: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return ask(*arguments)
    except (RedisConnectionError, RedisTimeoutError) as error:
        logger.warning("The cache is away: %s", error)
        return answer
