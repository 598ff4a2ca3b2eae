"""Writing messages into the outbox. Sending them is ``directory.domain.delivery``."""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, NotRequired, TypedDict

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from directory.models import Delivery, Therapist
from directory.registry import message_kind

logger = logging.getLogger(__name__)

BATCH = 1000
MESSAGES_PER_WORKER = 10
BROKER_REST = 5.0  # seconds in which a broker that refused is not asked again; the beat finds the rows


class Letter(TypedDict):
    """One message of many, for ``enqueue_all``: what ``enqueue`` takes."""

    cause: str
    to: NotRequired[Therapist | int | None]  # or their primary key, where many are told
    address: NotRequired[str]
    payload: NotRequired[dict[str, Any] | None]
    not_before: NotRequired[datetime | None]
    expires_at: NotRequired[datetime | None]


def enqueue(
    kind: str,
    *,
    to: Therapist | None = None,
    address: str = "",
    cause: str,
    payload: dict[str, Any] | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Promise one message, in the caller's transaction. The same kind, person and cause again is a no-op."""
    letter = Letter(
        to=to,
        address=address,
        cause=cause,
        payload=payload,
        not_before=not_before,
        expires_at=expires_at,
    )
    enqueue_all(kind, [letter])


def enqueue_to(
    kind: str,
    people: Iterable[Therapist],
    *,
    cause: str,
    payload: dict[str, Any] | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Promise the same message to each of them."""
    letters = (
        Letter(
            to=person,
            cause=cause,
            payload=payload,
            not_before=not_before,
            expires_at=expires_at,
        )
        for person in people
    )
    enqueue_all(kind, letters)


def enqueue_all(kind: str, letters: Iterable[Letter]) -> None:
    """Promise many messages of one kind, in the caller's transaction; those promised before stay as they are."""
    priority = message_kind(kind).priority
    now = timezone.now()
    rows = [_row(kind, priority, now, letter) for letter in letters]
    if not rows:
        return
    Delivery.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    wake_after_commit(len(rows))


def _row(kind: str, priority: int, now: datetime, letter: Letter) -> Delivery:
    to = letter.get("to")
    recipient = to.pk if isinstance(to, Therapist) else to
    not_before = letter.get("not_before")
    return Delivery(
        kind=kind,
        recipient_id=recipient,
        address="" if recipient else letter.get("address", ""),
        cause=letter["cause"],
        payload=letter.get("payload") or {},
        priority=priority,
        not_before=not_before,
        expires_at=letter.get("expires_at"),
        next_attempt_at=not_before or now,
    )


class _Broker(threading.local):
    rests_until = 0.0


_broker = _Broker()


@dataclass
class _WakeUp:
    """One for each commit, whatever called for it; more workers if it holds many messages."""

    workers: int = 0

    def __call__(self) -> None:
        """Best effort, and quick: a lost wake-up costs seconds, since the beat looks for due rows anyway."""
        from directory.tasks import send_due_deliveries  # noqa: PLC0415 -- the one upward call: wake a worker

        workers, self.workers = self.workers, 0
        if time.monotonic() < _broker.rests_until:
            return
        try:
            for _worker in range(workers):
                send_due_deliveries.apply_async(expires=60)
        except (OperationalError, RedisError, OSError) as error:
            _broker.rests_until = time.monotonic() + BROKER_REST
            logger.warning("No worker could be woken, the beat will: %s", error)


def wake_after_commit(messages: int = 1) -> None:
    wake_up = _promised() or _WakeUp()
    workers = min(settings.OUTBOX_CONNECTIONS, ceil(messages / MESSAGES_PER_WORKER))
    wake_up.workers = max(wake_up.workers, workers)
    # Once more, though it be promised: what promised it may be rolled back to a savepoint, and this not.
    transaction.on_commit(wake_up, robust=True)


def _promised() -> _WakeUp | None:
    """The wake-up that this transaction holds already. One that is rolled back takes its own along."""
    hooks = (entry[1] for entry in reversed(connection.run_on_commit))
    return next((hook for hook in hooks if isinstance(hook, _WakeUp)), None)
