"""The advisory locks that prove a drain alive, on a connection of their own.

Never Django's connection: there a lock outlives ``close()`` under a pool, and a dead drain would look alive.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

SLOTS = 0x0B0C  # the lock class of the few places for drains at once
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
SERVER_KEEPALIVE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
HELD = """
SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True)
class DrainLock:
    """Held as long as the connection lives. ``key`` is what the drain's rows carry."""

    key: int
    session: psycopg.Connection[Any]

    def prove(self) -> None:
        """Raises ``psycopg.OperationalError`` once the lock is lost: the drain must end."""
        self.session.execute("SELECT 1")


@contextmanager
def drain_lock() -> Iterator[DrainLock | None]:
    """A place among the drains, or None when ``OUTBOX_CONNECTIONS`` of them are at work."""
    parameters = connection.get_connection_params()
    for of_django in ("cursor_factory", "context", "prepare_threshold", "pool"):
        parameters.pop(of_django, None)
    session: psycopg.Connection[Any] = psycopg.connect(
        **(parameters | KEEPALIVE | {"autocommit": True, "application_name": "outbox"})
    )
    try:
        session.execute(SERVER_KEEPALIVE)
        if not _take_slot(session):
            yield None
            return
        key = secrets.randbits(62) + 1
        session.execute("SELECT pg_advisory_lock(%s)", [key])
        yield DrainLock(key, session)
    finally:
        with suppress(psycopg.Error):
            session.execute("SELECT pg_advisory_unlock_all()")
        session.close()


def _take_slot(session: psycopg.Connection[Any]) -> bool:
    for slot in range(settings.OUTBOX_CONNECTIONS):
        row = session.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", [SLOTS, slot]
        ).fetchone()
        if row is not None and row[0]:
            return True
    return False


def held_keys() -> set[int]:
    """The keys of the drains that live."""
    with connection.cursor() as cursor:
        cursor.execute(HELD)
        return {key for (key,) in cursor.fetchall()}
