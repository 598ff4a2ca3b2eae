"""The provider's daily limit: essential first, calls for help before news, the rest tomorrow."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from directory.domain.delivery import send_due
from directory.enums import DeliveryState, Priority, Topic
from directory.models import Delivery
from directory.notifications.delivery import render_mail_limit
from directory.registry import MessageKind, register_message
from tests.factories.directory import (
    CommunityFactory,
    DeliveryFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.mail import RecordingBackend, say

pytestmark = pytest.mark.django_db
S = DeliveryState
PRIORITIES = {
    "code": Priority.CODE,
    "moved": Priority.ESSENTIAL,
    "call": Priority.WAVE,
    "news": Priority.DIGEST,
}


@pytest.fixture(autouse=True)
def ten_a_day(monkeypatch, settings):
    monkeypatch.setattr("directory.registry._kinds", {})
    for kind, priority in PRIORITIES.items():
        topic = Topic.EMERGENCIES if priority > Priority.ESSENTIAL else None
        register_message(MessageKind(kind, priority, topic, say(kind)))
    register_message(MessageKind("mail_limit", Priority.CODE, None, render_mail_limit))
    settings.OUTBOX_DAILY_LIMIT = 10
    settings.EMAIL_BACKEND = "tests.mail.RecordingBackend"
    RecordingBackend.reset()


def promise(kind, count, **fields):
    return [
        DeliveryFactory(
            kind=kind,
            priority=PRIORITIES[kind],
            recipient=TherapistFactory(quiet_from_minute=0, quiet_to_minute=0),
            **fields,
        )
        for _each in range(count)
    ]


def drain():
    while send_due():
        pass


def sent():
    return [message.subject for message in RecordingBackend.received]


def test_what_matters_goes_first_and_each_kind_leaves_room_for_what_matters_more():
    """Of ten: news stop after six, calls for help after nine, what is essential after nine, a code is the tenth."""
    news, calls = promise("news", 8), promise("call", 2)

    drain()
    assert sent() == ["call"] * 2 + ["news"] * 4
    assert len(news) == len(sent()) + 2

    more = promise("call", 5)
    drain()
    assert sent().count("call") == 5

    moved, codes = promise("moved", 1), promise("code", 2)
    drain()
    assert [sent().count(kind) for kind in ("moved", "code")] == [0, 1]
    assert len(sent()) == 10
    waiting = Delivery.objects.filter(state=S.PENDING).exclude(kind="mail_limit")
    assert waiting.count() == len([*news, *calls, *more, *moved, *codes]) - 10
    assert {row.reason for row in waiting} == {"The mail provider takes no more today."}


def test_the_rest_waits_until_tomorrow_and_goes_then():
    community = CommunityFactory(timezone="America/Los_Angeles")
    promise("news", 7)
    drain()
    [waiting] = Delivery.objects.filter(state=S.PENDING)

    local = waiting.next_attempt_at.astimezone(ZoneInfo(community.timezone))
    today = timezone.now().astimezone(local.tzinfo).date()
    assert (local.date(), local.hour) == (today + timedelta(days=1), 0)

    day = timedelta(days=1)
    for row in Delivery.objects.filter(state=S.SENT):
        Delivery.objects.filter(pk=row.pk).update(sent_at=row.sent_at - day)
    Delivery.objects.filter(pk=waiting.pk).update(next_attempt_at=timezone.now())
    drain()
    waiting.refresh_from_db()
    assert waiting.state == S.SENT


def test_moderators_are_told_once():
    moderators = [ModeratorFactory(), ModeratorFactory()]
    promise("news", 9)

    drain()
    promise("news", 9)
    drain()

    told = Delivery.objects.filter(kind="mail_limit")
    assert {row.recipient for row in told} == set(moderators)
    assert {row.state for row in told} == {S.SENT}
    assert sent().count("The mail provider takes no more today") == 2
    [message] = [
        m for m in RecordingBackend.received if m.to == [moderators[0].address]
    ]
    assert "takes 10 mails a day" in message.body


def test_what_may_have_left_counts_and_what_others_hold_is_waited_for():
    now = timezone.now()
    promise("call", 4, state=S.UNCERTAIN, claimed_at=now, next_attempt_at=None)
    promise("call", 3, state=S.CLAIMED, claimed_at=now, drain=7)
    [first, second, third] = promise("call", 3)

    drain()

    assert [
        row.state for row in Delivery.objects.filter(pk__in=[first.pk, second.pk])
    ] == [S.SENT] * 2
    third.refresh_from_db()
    assert third.state == S.PENDING
    assert third.next_attempt_at < now + timedelta(minutes=2), "they may be skipped yet"


def test_without_a_limit_nothing_is_counted(settings):
    settings.OUTBOX_DAILY_LIMIT = 0
    promise("news", 12)

    drain()

    assert len(sent()) == 12
