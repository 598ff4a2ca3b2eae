"""Reads the messages that the demo's mail catcher keeps, one .eml file each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

MOST_LISTED = 200


@dataclass(frozen=True)
class Attachment:
    name: str
    kind: str


@dataclass(frozen=True)
class CaughtMail:
    name: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", ""))

    @property
    def sender(self) -> str:
        return str(self.message.get("From", ""))

    @property
    def recipient(self) -> str:
        return str(self.message.get("To", self.message.get("X-Envelope-To", "")))

    @property
    def caught_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.name.partition("-")[0]) / 1e9, tz=UTC)

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def attachments(self) -> list[Attachment]:
        return [
            Attachment(part.get_filename() or "", part.get_content_type())
            for part in self.message.iter_attachments()
        ]

    def _body(self, kind: str) -> str:
        part = self.message.get_body([kind])
        return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def caught_mails() -> list[CaughtMail]:
    """The newest first."""
    paths = sorted(_folder().glob("[0-9]*.eml"), reverse=True)[:MOST_LISTED]
    return [_read(path) for path in paths]


def caught_mail(name: str) -> CaughtMail | None:
    path = _folder() / f"{name}.eml"
    return _read(path) if path.is_file() else None


def _folder() -> Path:
    return Path(settings.DEMO_MAIL_DIR)


def _read(path: Path) -> CaughtMail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    return CaughtMail(path.stem, message)
