"""Links in mail: signed for one purpose, readable for a while, changing nothing on GET. Addresses to answer to, too."""

import re
from base64 import b32encode
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from directory.errors import LinkExpired, LinkInvalid


def sign(purpose: str, **ids: Any) -> str:
    return signing.dumps(ids, salt=f"directory.links:{purpose}")


def read(purpose: str, token: str, max_age: timedelta | int) -> dict[str, Any]:
    """What was signed. Raises ``LinkExpired`` or ``LinkInvalid``, with words for the person who followed it."""
    try:
        return cast(
            "dict[str, Any]",
            signing.loads(token, salt=f"directory.links:{purpose}", max_age=max_age),
        )
    except signing.SignatureExpired as error:
        raise LinkExpired(
            _("This link is too old. A newer mail has one that works.")
        ) from error
    except signing.BadSignature as error:
        raise LinkInvalid(
            _("This link is not whole. Open it from the mail again.")
        ) from error


# --- Addresses ------------------------------------------------------------------------
# A mailbox's name is short and loses its capitals on the way: a number, and a signature in small letters and digits.
SIGNED = re.compile(r"(\d{1,18})-([a-z2-7]{24})")


def address_for(purpose: str, number: int) -> str:
    """Where an answer by mail goes; empty where ``INBOUND_ADDRESS`` names none."""
    mailbox, _at, host = settings.INBOUND_ADDRESS.rpartition("@")
    if not host:
        return ""
    token = f"{number}-{_signature(purpose, number)}"
    return f"{token}@{host}" if mailbox == "*" else f"{mailbox}+{token}@{host}"


def number_in(purpose: str, address: str) -> int | None:
    """What ``address_for`` was given; None for an address that is not ours. Raises ``LinkInvalid`` for a forged one."""
    mailbox, _at, host = settings.INBOUND_ADDRESS.casefold().rpartition("@")
    named, _at, at_host = address.strip("<> ").casefold().rpartition("@")
    prefix = "" if mailbox == "*" else f"{mailbox}+"
    if not host or at_host != host or not f"{named}+".startswith(prefix):
        return None
    match = SIGNED.fullmatch(named.removeprefix(prefix))
    if match and constant_time_compare(match[2], _signature(purpose, int(match[1]))):
        return int(match[1])
    raise LinkInvalid(_("This address is not whole. Answer to the mail itself."))


def _signature(purpose: str, number: int) -> str:
    signed = salted_hmac(
        f"directory.addresses:{purpose}", str(number), algorithm="sha256"
    )
    return b32encode(signed.digest()[:15]).decode().lower()
