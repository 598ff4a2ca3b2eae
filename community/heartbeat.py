"""Beat sends a task every ten seconds; the worker that runs it leaves this key, which fades after a minute.

So the key stands for beat, broker and worker at once. ``python -m community.heartbeat`` asks for it: exit 0 or 1.
"""

import os
import sys

from redis import Redis, RedisError

KEY = "community:heartbeat"
FADES_AFTER = 60  # seconds


def record_heartbeat(redis_url: str) -> None:
    with _connect(redis_url) as client:
        client.set(KEY, "alive", ex=FADES_AFTER)


def forget_heartbeat(redis_url: str) -> None:
    with _connect(redis_url) as client:
        client.delete(KEY)


def has_heartbeat(redis_url: str) -> bool:
    try:
        with _connect(redis_url) as client:
            return bool(client.exists(KEY))
    except RedisError:
        return False


def _connect(redis_url: str) -> Redis:
    return Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)


if __name__ == "__main__":
    sys.exit(not has_heartbeat(os.environ["REDIS_URL"]))
