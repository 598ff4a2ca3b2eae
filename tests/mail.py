"""Mail servers that misbehave, and messages that only tests send."""

import smtplib
import threading

from django.core.mail.backends.base import BaseEmailBackend

from directory.registry import Mail


def say(subject="News"):
    """A ``render`` that says the same to everybody."""
    return lambda rows: {
        row.pk: Mail(
            subject, f"For {row.recipient_id}\n", f"<p>For {row.recipient_id}</p>"
        )
        for row in rows
    }


class RecordingBackend(BaseEmailBackend):
    """Accepts everything; remembers what it got, over all connections and threads."""

    received = []
    connections = 0
    lock = threading.Lock()

    @classmethod
    def reset(cls):
        cls.received.clear()
        cls.connections = 0

    def open(self):
        with self.lock:
            RecordingBackend.connections += 1
        return True

    def send_messages(self, messages):
        with self.lock:
            self.received.extend(messages)
        return len(messages)


class AwayBackend(BaseEmailBackend):
    """Nobody answers there."""

    def open(self):
        raise ConnectionRefusedError("nobody listens")


class RefusingBackend(RecordingBackend):
    """550: no such mailbox."""

    code, words = 550, b"no such mailbox"

    def send_messages(self, messages):
        raise smtplib.SMTPRecipientsRefused(
            {messages[0].to[0]: (self.code, self.words)}
        )


class GreylistingBackend(RefusingBackend):
    code, words = 451, b"come back later"


class SilentBackend(RecordingBackend):
    """Takes the message, then hangs up before it says whether it will deliver it."""

    def send_messages(self, messages):
        super().send_messages(messages)
        raise smtplib.SMTPServerDisconnected("connection unexpectedly closed")


class PowerCutBackend(RecordingBackend):
    """The machine goes down in the middle of the second message: nothing after it runs, no ``except`` either."""

    def send_messages(self, messages):
        if len(self.received) == 1:
            raise PowerCut
        return super().send_messages(messages)


class PowerCut(BaseException):
    pass
