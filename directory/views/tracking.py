"""What the mail provider reports of our mails: anymail has checked the secret, and speaks one language for all."""

from typing import Any

from anymail.signals import EventType, RejectReason
from django.utils import timezone

from directory.domain.delivery import record_fate
from directory.enums import Fate

FATES = {
    EventType.DELIVERED: Fate.DELIVERED,
    EventType.BOUNCED: Fate.BOUNCED,
    EventType.REJECTED: Fate.REJECTED,
    EventType.FAILED: Fate.REJECTED,
    EventType.COMPLAINED: Fate.COMPLAINED,
    EventType.UNSUBSCRIBED: Fate.UNSUBSCRIBED,
}
FINAL = {RejectReason.BOUNCED, RejectReason.INVALID}


def mail_tracked(sender: Any, event: Any, **details: Any) -> None:
    """Receives anymail's ``tracking`` signal."""
    fate = FATES.get(event.event_type)
    if fate is None:
        return
    record_fate(
        fate=fate,
        at=event.timestamp or timezone.now(),
        message_id=event.message_id or "",
        delivery=str((event.metadata or {}).get("delivery", "")),
        recipient=event.recipient or "",
        reason=event.mta_response or event.description or "",
        is_final=event.reject_reason in FINAL and not _is_soft(event.esp_event),
    )


def _is_soft(report: Any) -> bool:
    """A full mailbox, say. Postmark's alone: of the others anymail tells them from those for good."""
    return isinstance(report, dict) and report.get("Type") == "SoftBounce"
