"""The outbox against a real mail server at its worst, and a database that goes away: by the mail server's own log."""

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager

import psycopg
import pytest
from aiosmtpd.controller import Controller
from django.db import DatabaseError, connection, connections
from django.utils import timezone
from services import free_port

from directory.domain.delivery import send_due, sweep_deliveries
from directory.enums import DeliveryState, Priority, Topic
from directory.models import Delivery
from directory.registry import MessageKind, register_message
from tests.factories.directory import (
    CommunityFactory,
    DeliveryFactory,
    TherapistFactory,
)
from tests.mail import say

pytestmark = pytest.mark.django_db(transaction=True)
S = DeliveryState
AT_RCPT = {"refused": "550 no such mailbox", "greylisted": "451 come back later"}
END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class PostOffice:
    """Does to a letter what the name it is addressed to says; once it is kind, it takes them all."""

    def __init__(self):
        self.taken, self.is_kind, self.on_third = [], False, None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 -- aiosmtpd's name
        envelope.rcpt_tos.append(address)
        name = address.partition("@")[0]
        return "250 OK" if self.is_kind else AT_RCPT.get(name, "250 OK")

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- aiosmtpd's name
        name = envelope.rcpt_tos[0].partition("@")[0]
        if name == "spam":
            return "554 this looks like spam"
        self.taken.append(name)
        if len(self.taken) == 3 and self.on_third:
            self.on_third()
        if name == "dropped" and not self.is_kind:
            server.transport.abort()
        if name == "silence" and not self.is_kind:
            await asyncio.Event().wait()
        return "250 OK"


@pytest.fixture
def post(settings, monkeypatch):
    monkeypatch.setattr("directory.registry._kinds", {})
    register_message(MessageKind("news", Priority.DIGEST, Topic.COMMUNITY, say()))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.EMAIL_TIMEOUT = 0.5
    settings.OUTBOX_CONNECTIONS = 4
    CommunityFactory()
    return PostOffice()


@contextmanager
def open_at(port, post):
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def promise(*names):
    people = [
        TherapistFactory(
            user__email=f"{name}@example.org", quiet_from_minute=0, quiet_to_minute=0
        )
        for name in names
    ]
    for person in people:
        DeliveryFactory(kind="news", priority=Priority.DIGEST, recipient=person)


def states():
    rows = Delivery.objects.order_by("pk").select_related("recipient__user")
    return {
        row.recipient.address.partition("@")[0]: (
            row.state,
            row.attempts,
            bool(row.recipient.bounced_at),
        )
        for row in rows
    }


def an_hour_later():
    Delivery.objects.exclude(next_attempt_at=None).update(
        next_attempt_at=timezone.now()
    )


def test_a_mail_server_that_refuses_defers_hangs_drops_and_closes(post, settings):
    promise("ada", "refused", "greylisted", "spam", "silence", "dropped", "zoe")

    with open_at(settings.EMAIL_PORT, post):
        send_due()
    assert states() == {
        "ada": (S.SENT, 1, False),
        "refused": (S.FAILED, 1, True),
        "greylisted": (S.PENDING, 1, False),
        "spam": (S.FAILED, 1, False),
        "silence": (S.UNCERTAIN, 1, False),
        "dropped": (S.UNCERTAIN, 1, False),
        "zoe": (S.SENT, 1, False),
    }
    an_hour_later()
    assert (
        send_due() is False
    )  # closed: nobody listens there now, and no attempt is lost
    assert states()["greylisted"] == (S.PENDING, 1, False)
    an_hour_later()
    post.is_kind = True
    with open_at(settings.EMAIL_PORT, post):
        while send_due():
            pass

    assert {state for state, _attempts, _bounced in states().values()} == {
        S.SENT,
        S.FAILED,
    }
    assert Counter(post.taken) == {
        "ada": 1,
        "greylisted": 1,
        "silence": 2,  # once more, with the same Message-ID
        "dropped": 2,
        "zoe": 1,
    }


def test_a_database_that_goes_away_in_the_middle_loses_and_doubles_nothing(
    post, settings
):
    names = [f"person{number}" for number in range(8)]
    promise(*names)
    parameters = connection.get_connection_params()
    for of_django in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(of_django, None)

    def end_sessions():
        with psycopg.connect(**parameters) as session:
            session.execute(END_SESSIONS)

    post.on_third = end_sessions
    with open_at(settings.EMAIL_PORT, post):
        with pytest.raises((DatabaseError, psycopg.Error)):
            send_due()
        connection.close()
        sweep_deliveries()
        while send_due():
            pass
        assert Counter(post.taken) == dict.fromkeys(names, 1)
        [doubted] = Delivery.objects.filter(state=S.UNCERTAIN)
        assert doubted.recipient.address == "person2@example.org"
        assert Delivery.objects.filter(state=S.SENT).count() == 7


def test_two_beats_by_mistake_send_each_mail_once(post, settings):
    names = [f"person{number}" for number in range(24)]
    promise(*names)
    start = threading.Barrier(4)

    def beat():
        start.wait()
        try:
            for _round in range(3):
                sweep_deliveries()
                send_due()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    with open_at(settings.EMAIL_PORT, post):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert Counter(post.taken) == dict.fromkeys(names, 1)
