"""Answers by mail, as a mail provider's webhook hands them over: the door to ``spaces.domain.reply``."""

import logging
from email.utils import parseaddr
from typing import Any

from django.conf import settings

from spaces.domain.reply import take_reply
from spaces.incoming import UnreadableMailError, read_mail

logger = logging.getLogger(__name__)


def our_addresses() -> frozenset[str]:
    """Mail from these is our own, come back."""
    own = [settings.DEFAULT_FROM_EMAIL, settings.SERVER_EMAIL, settings.INBOUND_ADDRESS]
    return frozenset(parseaddr(address)[1].casefold() for address in own if address)


def inbound_mail(sender: Any, event: Any, **details: Any) -> None:
    """Receives anymail's ``inbound`` signal. A mail that cannot be read is dropped: sent again it would be no better."""
    message = event.message
    recipient = message.envelope_recipient
    try:
        mail = read_mail(
            message,
            recipient=str(recipient) if recipient else None,
            envelope_sender=None
            if message.envelope_sender is None
            else str(message.envelope_sender),
            ours=our_addresses(),
        )
    except UnreadableMailError as error:
        logger.warning("A mail that came in cannot be read: %s", error)
        return
    take_reply(mail)
