"""One drain: claims, asks, sends, for about two seconds."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
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
FIRST_BATCH, BATCH = (
    5,
    20,
)  # rows claimed at once; the first few are soon written, so the first letter leaves soon
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
    """One letter is on its way at a time; the next is claimed, written and proved ours meanwhile."""
    deadline = time.monotonic() + settings.OUTBOX_SECONDS
    with closing(PostOffice()) as post, ThreadPoolExecutor(1) as postman:
        letters = _letters(lock, deadline)
        upcoming, before = next(letters, None), None
        # What is written is sent, also when the time is up: unless the mail server is slow, that is soon done.
        while upcoming and time.monotonic() < deadline + settings.OUTBOX_SECONDS:
            row, letter = upcoming
            try:
                post.open()
            except OSError as error:
                logger.warning("The mail server does not answer: %r", error)
                give_back(lock.key, timezone.now() + SERVER_AWAY)
                return False
            is_ours = advance(lock.key, sent=before, attempting=row)
            sending = postman.submit(post.send, letter) if is_ours else None
            lock.prove()
            upcoming, before = next(letters, None), None
            if sending is None:
                continue  # stopped, or swept
            outcome = sending.result()
            if isinstance(outcome, Sent):
                before = row
            else:
                _record(row, outcome)
        if before is not None:
            advance(lock.key, sent=before)
    give_back(lock.key, timezone.now())  # what the time did not suffice for
    return True


def _letters(
    lock: DrainLock, deadline: float
) -> Iterator[tuple[Delivery, EmailMultiAlternatives]]:
    """What is due and wanted, ready to be sent: claimed in batches until the time is up."""
    size = FIRST_BATCH
    while time.monotonic() < deadline:
        rows, size = Delivery.objects.claim(lock.key, size), BATCH
        if not rows:
            return
        verdicts = review(rows)
        for row in rows:
            verdict = verdicts[row.pk]
            if isinstance(verdict, Mail):
                row.message_id = row.message_id or message_id(row)
                yield row, write(row, verdict, message_kind(row.kind))
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
