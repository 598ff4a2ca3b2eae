"""What became of a sent message, as the mail provider reports it."""

import re
from datetime import datetime

from django.db import transaction

from directory.domain.preference import set_frequency
from directory.enums import DeliveryState, Fate, Frequency, Topic
from directory.models import Delivery, Therapist
from directory.queries import frequencies_of
from directory.registry import message_kinds

# Of two reports the later in this order stays, whichever comes first: a mail is delivered, then complained about.
ORDER = [
    Fate.DELIVERED,
    Fate.REJECTED,
    Fate.BOUNCED,
    Fate.UNSUBSCRIBED,
    Fate.COMPLAINED,
]
OURS = re.compile(r"^<delivery\.(\d+)\.\d+@")


@transaction.atomic
def record_fate(
    *,
    fate: Fate,
    at: datetime,
    message_id: str = "",
    delivery: str = "",
    recipient: str = "",
    reason: str = "",
    is_final: bool = False,
) -> Delivery | None:
    """A report about one of our mails, found by its Message-ID or the number we gave the provider; else None.

    The same report again changes nothing. ``is_final``: the address takes no mail, now and later.
    """
    row = _row(message_id, delivery)
    if row is None or not _is_to(row, recipient):
        return None
    if row.fate and ORDER.index(Fate(row.fate)) >= ORDER.index(fate):
        return row
    row.fate, row.fate_at = fate, at
    if row.state == DeliveryState.UNCERTAIN:  # now we know, and it is not sent again
        row.state, row.sent_at, row.drain = DeliveryState.SENT, at, None
        row.next_attempt_at = None
    row.reason = reason[:500] or row.reason
    row.save()
    if row.recipient:
        _heed(row, row.recipient, fate, at, is_final)
    return row


def _row(message_id: str, delivery: str) -> Delivery | None:
    found = OURS.match(message_id)
    number = found[1] if found else delivery
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    rows = Delivery.objects.with_recipient().select_for_update(of=("self",))
    row = rows.filter(pk=number).exclude(message_id="").first()
    return row if row and (not found or row.message_id == message_id) else None


def _is_to(row: Delivery, recipient: str) -> bool:
    """Who has another address since then is not blamed for the old one."""
    address = row.recipient.address if row.recipient else row.address
    return not recipient or recipient.casefold() == address.casefold()


def _heed(
    row: Delivery, person: Therapist, fate: Fate, at: datetime, is_final: bool
) -> None:
    if fate in {Fate.BOUNCED, Fate.REJECTED} and is_final:
        Therapist.objects.filter(pk=person.pk, bounced_at=None).update(bounced_at=at)
    if fate in {Fate.COMPLAINED, Fate.UNSUBSCRIBED}:
        for topic in _topics_of(row, person):
            set_frequency(person, topic=topic, frequency=Frequency.OFF)


def _topics_of(row: Delivery, person: Therapist) -> list[Topic]:
    """What the person has told their provider they do not want; of a digest, all that comes in one."""
    kind = {kind.name: kind for kind in message_kinds()}.get(row.kind)
    if kind is None or kind.topic is None:
        return []
    if not kind.is_digest:
        return [kind.topic]
    wanted = frequencies_of([person.pk])[person.pk]
    return [
        topic
        for topic, frequency in wanted.items()
        if frequency not in {Frequency.AT_ONCE, Frequency.OFF}
    ]
