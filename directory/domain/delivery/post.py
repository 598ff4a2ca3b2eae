"""The conversation with the mail server: one connection kept open, and what each answer means."""

import secrets
import smtplib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from directory.models import Delivery
from directory.notifications.templates import unsubscribe_url
from directory.registry import Mail, MessageKind
from directory.text import one_line


@dataclass(frozen=True)
class Sent:
    pass


@dataclass(frozen=True)
class Refused:
    """A definite no. ``is_bounce``: it is the address that is refused, for good."""

    reason: str
    is_bounce: bool = False


@dataclass(frozen=True)
class Delayed:
    """Not now; certainly not sent."""

    reason: str


@dataclass(frozen=True)
class Lost:
    """The connection broke within the conversation: nobody knows whether it was sent."""

    reason: str


Outcome = Sent | Refused | Delayed | Lost


class PostOffice:
    """One mail connection, opened when first needed and kept while it works."""

    def __init__(self) -> None:
        self.connection: Any = get_connection()
        self.is_open = False

    def open(self) -> None:
        """Raises ``OSError`` (``smtplib.SMTPException`` is one) when the server does not answer."""
        if not self.is_open:
            self.connection.open()
            self.is_open = True

    def close(self) -> None:
        self.is_open = False
        try:
            self.connection.close()
        except OSError:
            self.connection.connection = None

    def send(self, message: EmailMultiAlternatives) -> Outcome:
        try:
            self.connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            return _of_recipient(error)
        except smtplib.SMTPDataError as error:
            return _of_code(error.smtp_code, error.smtp_error)
        except (
            smtplib.SMTPResponseException
        ) as error:  # the sender, the greeting: ours to mend, not theirs
            return Delayed(_words(error.smtp_code, error.smtp_error))
        except OSError as error:
            self.close()
            return Lost(repr(error))
        except ValueError as error:  # a header or address that cannot be written
            return Refused(repr(error))
        return Sent()


def _of_recipient(error: smtplib.SMTPRecipientsRefused) -> Outcome:
    code, words = next(iter(error.recipients.values()))
    if 500 <= code < 600:
        return Refused(_words(code, words), is_bounce=True)
    return Delayed(_words(code, words))


def _of_code(code: int, words: bytes | str) -> Outcome:
    return (
        Refused(_words(code, words))
        if 500 <= code < 600
        else Delayed(_words(code, words))
    )


def _words(code: int, words: bytes | str) -> str:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {one_line(said)}"[:500]


def message_id(row: Delivery) -> str:
    """The same for the same row, whoever sends it, however often."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return f"<delivery.{row.pk}.{row.created_at.timestamp():.0f}@{host}>"


class Letter(EmailMultiAlternatives):
    """Brings the lines between its parts along: to find some that do not occur in them takes a third of the writing."""

    def message(self, **policy: Any) -> Any:
        message = super().message(**policy)
        for part in message.walk():
            if part.is_multipart():
                part.set_boundary(secrets.token_hex(16))
        return message


# How a provider is told, over SMTP, which of our mails this is; its reports say so again. Others know our Message-ID.
NUMBER_HEADERS = {
    "postmark": ("X-PM-Metadata-delivery", "{}"),
    "amazon_ses": ("X-Metadata", '{{"delivery": "{}"}}'),
}


def write(row: Delivery, mail: Mail, kind: MessageKind) -> EmailMultiAlternatives:
    headers = {
        "Message-ID": row.message_id,
        "Auto-Submitted": "auto-generated",
        **mail.headers,
    }
    if kind.topic and row.recipient and not kind.is_essential:
        headers.setdefault(
            "List-Unsubscribe", f"<{unsubscribe_url(row.recipient, kind.topic)}>"
        )
        headers.setdefault("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    if numbered := NUMBER_HEADERS.get(settings.WEBHOOK_PROVIDER):
        headers[numbered[0]] = numbered[1].format(row.pk)
    message = Letter(
        subject=one_line(mail.subject),
        body=mail.text,
        to=[row.recipient.address if row.recipient else row.address],
        headers=headers,
    )
    message.attach_alternative(mail.html, "text/html")
    for attachment in mail.attachments:
        if attachment.alternative:
            message.attach_alternative(attachment.content, attachment.alternative)
        message.attach(attachment.name, attachment.content, attachment.mimetype)
    return message
