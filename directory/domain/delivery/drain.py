"""One drain: claims, asks, sends, for about two seconds."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from directory.domain.delivery.ledger import advance, doubt, give_back, settle, wait
from directory.domain.delivery.locks import DrainLock, drain_lock
from directory.domain.delivery.post import (
    Delayed,
    Lost,
    Outcome,
    PostOffice,
    Refused,
    Sent,
    message_id,
    write,
)
from directory.domain.delivery.review import Broken, Verdict, review
from directory.enums import DeliveryState
from directory.models import Delivery, Therapist
from directory.registry import Mail, Postpone, Skip, message_kind

logger = logging.getLogger(__name__)

S = DeliveryState
BATCH_SIZE = 10
MOST_ATTEMPTS = 10  # with the back-off below: about five hours
FIRST_BACK_OFF = timedelta(seconds=30)
LONGEST_BACK_OFF = timedelta(hours=1)
SERVER_AWAY = timedelta(seconds=20)


def send_due() -> bool:
    """Send what is due, for about ``OUTBOX_SECONDS``. Returns whether a worker should be woken again.

    Nothing is sent twice, unless the fate of a message is unknown: see the sweep.
    """
    with drain_lock() as lock:
        if lock is None:
            return False  # enough drains are at work; they find what we were woken for
        is_reachable = _drain(lock)
    # Asked only after the lock is free: whoever was woken meanwhile found no place and left.
    return is_reachable and Delivery.objects.due().exists()


def _drain(lock: DrainLock) -> bool:
    deadline = time.monotonic() + settings.OUTBOX_SECONDS
    with closing(PostOffice()) as post:
        while time.monotonic() < deadline:
            rows = Delivery.objects.claim(lock.key, BATCH_SIZE)
            if not rows:
                break
            try:
                # What is written is sent, also when the time is up: unless the mail server is slow, that is soon done.
                _send_batch(lock, post, rows, deadline + settings.OUTBOX_SECONDS)
            except ServerAwayError as error:
                logger.warning("The mail server does not answer: %s", error)
                give_back(lock.key, timezone.now() + SERVER_AWAY)
                return False
    give_back(lock.key, timezone.now())  # what the time did not suffice for
    return True


class ServerAwayError(Exception):
    """Nothing was sent, and nothing can be for a while."""


def _send_batch(
    lock: DrainLock, post: PostOffice, rows: list[Delivery], deadline: float
) -> None:
    before: Delivery | None = None
    for row, mail in _worth_sending(rows):
        if time.monotonic() > deadline:
            break
        _open(post)
        lock.prove()
        row.message_id = row.message_id or message_id(row)
        if not advance(lock.key, sent=before, attempting=row):
            before = None
            continue  # no longer ours: stopped, or swept
        before = None
        outcome = post.send(write(row, mail, message_kind(row.kind)))
        if isinstance(outcome, Sent):
            before = row
        else:
            _record(row, outcome)
    if before is not None:
        advance(lock.key, sent=before)


def _open(post: PostOffice) -> None:
    try:
        post.open()
    except OSError as error:
        raise ServerAwayError(repr(error)) from error


def _worth_sending(rows: list[Delivery]) -> Iterator[tuple[Delivery, Mail]]:
    verdicts = review(rows)
    for row in rows:
        verdict = verdicts[row.pk]
        if isinstance(verdict, Mail):
            yield row, verdict
        else:
            _set_aside(row, verdict)


def _set_aside(row: Delivery, verdict: Verdict) -> None:
    if isinstance(verdict, Skip):
        settle(row, S.SKIPPED, verdict.reason)
    elif isinstance(verdict, Postpone):
        wait(row, verdict.until, verdict.reason)
    elif isinstance(verdict, Broken):
        row.attempts += 1
        _later_or_never(row, str(verdict))


def _record(row: Delivery, outcome: Outcome) -> None:
    if isinstance(outcome, Refused):
        settle(row, S.FAILED, outcome.reason)
        if outcome.is_bounce and row.recipient_id:
            Therapist.objects.filter(pk=row.recipient_id, bounced_at=None).update(
                bounced_at=timezone.now()
            )
    elif isinstance(outcome, Delayed):
        _later_or_never(row, outcome.reason)
    elif isinstance(outcome, Lost):
        doubt(Delivery.objects.filter(pk=row.pk, drain=row.drain), outcome.reason)


def _later_or_never(row: Delivery, reason: str) -> None:
    if row.attempts >= MOST_ATTEMPTS:
        settle(row, S.FAILED, reason)
        return
    pause = min(FIRST_BACK_OFF * 2 ** (row.attempts - 1), LONGEST_BACK_OFF)
    wait(row, timezone.now() + pause, reason)
