"""How a row moves. A drain moves only rows that still carry its key."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from directory.enums import DeliveryState
from directory.models import Delivery, DeliveryQuerySet
from directory.registry import message_kinds

S = DeliveryState

# The mark before each attempt and the one after the attempt before it, in one statement. A row that the sweep
# doubted while its drain lived is set right here.
ADVANCE = """
UPDATE directory_delivery SET
  state = CASE WHEN id = %(sent)s THEN 'sent' ELSE 'attempting' END,
  sent_at = CASE WHEN id = %(sent)s THEN %(now)s ELSE sent_at END,
  drain = CASE WHEN id = %(sent)s THEN NULL ELSE drain END,
  attempts = CASE WHEN id = %(sent)s THEN attempts ELSE attempts + 1 END,
  message_id = CASE WHEN id = %(sent)s THEN message_id ELSE %(message_id)s END,
  payload = CASE WHEN id = %(sent)s AND kind = ANY(%(secret)s) THEN '{}'::jsonb ELSE payload END,
  reason = ''
WHERE drain = %(drain)s AND (
  (id = %(sent)s AND state IN ('attempting', 'uncertain')) OR (id = %(attempting)s AND state = 'claimed'))
RETURNING id
"""


def secret_kinds() -> list[str]:
    return [kind.name for kind in message_kinds() if kind.is_secret]


def advance(
    drain: int, *, sent: Delivery | None = None, attempting: Delivery | None = None
) -> bool:
    """Mark one row as sent and the next as attempted. False: the next is no longer this drain's."""
    parameters: dict[str, Any] = {
        "drain": drain,
        "now": timezone.now(),
        "sent": sent and sent.pk,
        "attempting": attempting and attempting.pk,
        "message_id": attempting.message_id if attempting else "",
        "secret": secret_kinds(),
    }
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, parameters)
        moved = {pk for (pk,) in cursor.fetchall()}
    if attempting is None or attempting.pk not in moved:
        return False
    attempting.attempts += 1
    return True


def give_back(drain: int, due: datetime) -> None:
    """What was claimed and not tried waits again."""
    Delivery.objects.filter(drain=drain, state=S.CLAIMED).update(
        state=S.PENDING, drain=None, next_attempt_at=due
    )


def settle(row: Delivery, state: DeliveryState, reason: str) -> None:
    """Nothing more is tried with it. What it carried is wiped if it was secret."""
    payload = {} if row.kind in secret_kinds() else row.payload
    _own(row).update(state=state, reason=reason, drain=None, payload=payload)


def wait(row: Delivery, until: datetime, reason: str) -> None:
    _own(row).update(
        state=S.PENDING,
        drain=None,
        next_attempt_at=until,
        reason=reason,
        attempts=row.attempts,
    )


def doubt(rows: DeliveryQuerySet, reason: str) -> None:
    """The fate of these attempts is unknown: sent again once, after a pause; or held for a person to decide.

    ``drain`` stays, for a drain that lives after all.
    """
    now = timezone.now()
    again = (
        now + timedelta(seconds=settings.OUTBOX_RESEND_SECONDS)
        if settings.OUTBOX_RESENDS
        else None
    )
    attempted = rows.filter(state=S.ATTEMPTING)
    attempted.exclude(uncertain_at=None).update(
        state=S.UNCERTAIN, reason=reason, next_attempt_at=None
    )
    attempted.filter(uncertain_at=None).update(
        state=S.UNCERTAIN, reason=reason, next_attempt_at=again, uncertain_at=now
    )


def _own(row: Delivery) -> DeliveryQuerySet:
    return Delivery.objects.filter(pk=row.pk, drain=row.drain).under_way()
