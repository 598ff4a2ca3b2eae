"""Who still wants a claimed message, and what it says: asked at the last moment, so that stop means stop."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import TypeVar

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from directory.domain.delivery.limit import beyond_limit
from directory.enums import DeliveryState, Frequency, Priority, Standing
from directory.models import Community, Delivery, Preference, Therapist
from directory.models.delivery import (
    CAME_BACK,
    COLLECTED,
    ENOUGH,
    QUIET,
    TOO_LATE,
    UNWANTED,
)
from directory.registry import Mail, MessageKind, Postpone, Skip, message_kind

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
Answer = TypeVar("Answer")


class Broken(Exception):  # noqa: N818 -- a verdict, caught by the drain
    """A kind's own code failed: a bug there must not hold up the others' mail."""


Verdict = Mail | Skip | Postpone | Broken


def review(rows: Sequence[Delivery]) -> dict[int, Verdict]:
    """A verdict for every row, by primary key."""
    community = Community.objects.current()
    by_kind: dict[str, list[Delivery]] = defaultdict(list)
    verdicts: dict[int, Verdict] = {}
    for row in rows:
        by_kind[row.kind].append(row)
    for name, of_kind in by_kind.items():
        try:
            verdicts |= _review_kind(message_kind(name), of_kind, community)
        except KeyError:
            verdicts |= {
                row.pk: Broken(f"No app sends {name!r} any more.") for row in of_kind
            }
    verdicts = _within_cap(rows, verdicts, community)
    going = [row for row in rows if isinstance(verdicts[row.pk], Mail)]
    return verdicts | beyond_limit(going, community)


def _review_kind(
    kind: MessageKind, rows: list[Delivery], community: Community
) -> dict[int, Verdict]:
    verdicts: dict[int, Verdict] = {}
    try:
        verdicts |= _general(kind, rows, community)
        left = [row for row in rows if row.pk not in verdicts]
        verdicts |= _ask(kind.wanted, left)
        left = [row for row in left if row.pk not in verdicts]
        said = _ask(kind.render, left)
        verdicts |= {
            row.pk: said.get(row.pk, Skip("Nothing to say any more.")) for row in left
        }
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("The message %s could not be written", kind.name)
        verdicts |= {
            row.pk: Broken(repr(error)) for row in rows if row.pk not in verdicts
        }
    return verdicts


def _ask(
    hook: Callable[[Sequence[Delivery]], Mapping[int, Answer]], rows: list[Delivery]
) -> Mapping[int, Answer]:
    if not rows:
        return {}
    with transaction.atomic():
        return hook(rows)


def _general(
    kind: MessageKind, rows: list[Delivery], community: Community
) -> dict[int, Verdict]:
    """What holds for every message, whatever it says."""
    now = timezone.now()
    verdicts: dict[int, Verdict] = {
        row.pk: skip for row in rows if (skip := _impossible(row, now))
    }
    if kind.is_essential:
        return verdicts
    wanted = _wanted(kind, rows)
    for row in rows:
        if row.pk not in verdicts and (skip := _unwelcome(row, kind, wanted)):
            verdicts[row.pk] = skip
    quiet = {
        row.pk: Postpone(until, QUIET)
        for row in rows
        if row.pk not in verdicts
        and row.recipient
        and (until := quiet_until(row.recipient, community, now))
    }
    if quiet:
        urgent = _ask_urgent(kind, [row for row in rows if row.pk in quiet])
        verdicts |= {pk: postpone for pk, postpone in quiet.items() if pk not in urgent}
    return verdicts


def _ask_urgent(kind: MessageKind, rows: list[Delivery]) -> set[int]:
    with transaction.atomic():
        return kind.urgent(rows)


def _impossible(row: Delivery, now: datetime) -> Skip | None:
    if row.expires_at and row.expires_at <= now:
        return Skip(TOO_LATE)
    if not (row.recipient.address if row.recipient else row.address):
        return Skip("No address is known.")
    return None


def _unwelcome(
    row: Delivery, kind: MessageKind, wanted: Mapping[int, str]
) -> Skip | None:
    recipient = row.recipient
    if recipient is None:
        return Skip("Only essential messages go to strangers.")
    if recipient.standing != Standing.MEMBER:
        return Skip("No member.")
    if recipient.bounced_at:
        return Skip(CAME_BACK)
    frequency = wanted.get(recipient.pk, Frequency.AT_ONCE)
    if frequency == Frequency.OFF and not kind.is_digest:
        return Skip(UNWANTED)
    if kind.may_wait and frequency != Frequency.AT_ONCE:
        return Skip(COLLECTED)
    return None


def _wanted(kind: MessageKind, rows: list[Delivery]) -> dict[int, str]:
    """How often those who said so want this topic."""
    recipients = [row.recipient_id for row in rows if row.recipient_id]
    chosen = Preference.objects.filter(therapist__in=recipients, topic=kind.topic)
    return dict(chosen.values_list("therapist", "frequency")) if kind.topic else {}


def quiet_until(
    therapist: Therapist, community: Community, now: datetime
) -> datetime | None:
    """When the quiet hours end in which ``now`` lies; None outside of them."""
    start, end = therapist.quiet_from_minute, therapist.quiet_to_minute
    local = community.local(now)
    minute = local.hour * 60 + local.minute
    is_quiet = (
        start <= minute < end if start <= end else minute >= start or minute < end
    )
    if not is_quiet:
        return None
    day = local.date() if minute < end else local.date() + DAY
    if end == 1440:
        day, end = day + DAY, 0
    return datetime.combine(day, time(end // 60, end % 60), local.tzinfo)


def _within_cap(
    rows: Sequence[Delivery], verdicts: dict[int, Verdict], community: Community
) -> dict[int, Verdict]:
    """Postpones what would exceed the day's number for its recipient; essential messages do not count."""
    counted = [
        row
        for row in rows
        if row.priority > Priority.ESSENTIAL
        and row.recipient
        and isinstance(verdicts[row.pk], Mail)
    ]
    if not counted:
        return verdicts
    sent: Counter[int] = Counter()
    oldest: dict[int, datetime] = {}
    for recipient, moment in _sent_today(
        [row.recipient_id for row in counted if row.recipient_id]
    ):
        sent[recipient] += 1
        oldest.setdefault(recipient, moment)
    for row in counted:
        assert row.recipient is not None  # noqa: S101 -- chosen so above
        cap = row.recipient.daily_cap or community.daily_cap
        if sent[row.recipient.pk] >= cap:
            since = oldest.get(row.recipient.pk, timezone.now())
            verdicts[row.pk] = Postpone(since + DAY, ENOUGH)
        sent[row.recipient.pk] += 1
    return verdicts


def _sent_today(recipients: list[int]) -> list[tuple[int, datetime]]:
    """Who was sent something, and when, the oldest first. What may have left counts as sent."""
    since = timezone.now() - DAY
    left = Q(state=DeliveryState.SENT, sent_at__gt=since) | Q(
        state__in=[DeliveryState.UNCERTAIN, DeliveryState.ATTEMPTING],
        claimed_at__gt=since,
    )
    return [
        (recipient, moment)
        for recipient, moment in Delivery.objects.filter(
            left, recipient__in=recipients, priority__gt=Priority.ESSENTIAL
        )
        .order_by("claimed_at")
        .values_list("recipient", "claimed_at")
        if recipient and moment
    ]
