"""The cache may be away: then nothing is cached, and every page still answers.

While Redis is down a read finds nothing and a write is forgotten. Rate limits, which count in the cache, pause with
it: a colleague who needs a room during an outage is worth more than a limit.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import ConnectionError as RedisConnectionError
from redis import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)


def forgiving(ask: Callable[..., Any], otherwise: Callable[..., Any]) -> Any:
    """``ask`` of the client, or, while Redis is away, what ``otherwise`` makes of the same arguments."""

    @wraps(ask)
    def method(client: RedisCacheClient, *arguments: Any) -> Any:
        try:
            return ask(client, *arguments)
        except (RedisConnectionError, RedisTimeoutError) as error:
            logger.warning("The cache is away: %s", error)
            return otherwise(*arguments)

    return method


class ForgivingClient(RedisCacheClient):
    add = forgiving(RedisCacheClient.add, lambda key, value, timeout: True)
    get = forgiving(RedisCacheClient.get, lambda key, default: default)
    set = forgiving(RedisCacheClient.set, lambda key, value, timeout: None)
    touch = forgiving(RedisCacheClient.touch, lambda key, timeout: False)
    delete = forgiving(RedisCacheClient.delete, lambda key: False)
    get_many = forgiving(RedisCacheClient.get_many, lambda keys: {})
    has_key = forgiving(RedisCacheClient.has_key, lambda key: False)
    incr = forgiving(RedisCacheClient.incr, lambda key, delta: delta)
    set_many = forgiving(RedisCacheClient.set_many, lambda data, timeout: None)
    delete_many = forgiving(RedisCacheClient.delete_many, lambda keys: None)
    clear = forgiving(RedisCacheClient.clear, lambda: False)


class ForgivingRedisCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = ForgivingClient
