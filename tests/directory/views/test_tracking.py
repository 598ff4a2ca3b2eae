"""What a mail provider reports, posted at its webhook: anybody may knock, and only the secret opens."""

import base64
import json

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from directory.domain.delivery import send_due, sweep_deliveries
from directory.domain.preference import set_frequency
from directory.enums import DeliveryState, Frequency, Priority, Topic
from directory.models import Delivery
from directory.registry import MessageKind, register_message
from tests.factories.directory import DeliveryFactory, TherapistFactory
from tests.mail import say
from tests.providers import BASIC, MAILGUN, SECRET, signed_by_mailgun

pytestmark = pytest.mark.django_db
SETTINGS = reverse("directory:settings")


@pytest.fixture
def row():
    person = TherapistFactory(quiet_from_minute=0, quiet_to_minute=0)
    return DeliveryFactory(
        kind="news_of_community",
        priority=Priority.DIGEST,
        recipient=person,
        state=DeliveryState.SENT,
        message_id="<delivery.1.1@localhost>",
        sent_at=timezone.now(),
    )


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setattr("directory.registry._kinds", {})
    register_message(
        MessageKind("news_of_community", Priority.DIGEST, Topic.COMMUNITY, say())
    )


def postmark(client, row, record, secret=SECRET, **more):
    body = {
        "RecordType": record,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"delivery": str(row.pk)},
        "DeliveredAt": "2026-11-22T19:17:00Z",
        "Email": row.recipient.address,
        **more,
    }
    basic = base64.b64encode(secret.encode()).decode()
    return client.post(
        "/anymail/postmark/tracking/",
        json.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Basic {basic}"},
    )


def mailgun(client, row, event, **more):
    signature = signed_by_mailgun()
    body = {
        "signature": signature,
        "event-data": {
            "event": event,
            "timestamp": float(signature["timestamp"]),
            "recipient": row.recipient.address,
            "message": {"headers": {"message-id": row.message_id.strip("<>")}},
            **more,
        },
    }
    return client.post(
        "/also/mailgun/tracking/",
        json.dumps(body),
        content_type="application/json",
        headers=BASIC,
    )


def told(row):
    row.refresh_from_db()
    row.recipient.refresh_from_db()
    off = list(row.recipient.preferences.values_list("topic", "frequency"))
    return row.fate, row.recipient.bounced_at is not None, off


OFF = [("community", "off")]


@pytest.mark.parametrize(
    ("record", "more", "expected"),
    [
        ("Delivery", {}, ("delivered", False, [])),
        ("Bounce", {"Type": "HardBounce"}, ("bounced", True, [])),
        ("Bounce", {"Type": "SoftBounce"}, ("bounced", False, [])),
        ("Bounce", {"Type": "Transient"}, ("", False, [])),
        ("Bounce", {"Type": "BadEmailAddress"}, ("rejected", True, [])),
        ("Bounce", {"Type": "Blocked"}, ("rejected", False, [])),
        ("SpamComplaint", {"Type": "SpamComplaint"}, ("complained", False, OFF)),
        (
            "SubscriptionChange",
            {"SuppressSending": True, "SuppressionReason": "ManualSuppression"},
            ("unsubscribed", False, OFF),
        ),
        ("Open", {}, ("", False, [])),
    ],
)
def test_what_postmark_reports(client, row, record, more, expected):
    for _again in range(2):
        assert postmark(client, row, record, **more).status_code == 200

    assert told(row) == expected


@pytest.mark.urls("tests.providers")
@pytest.mark.parametrize(
    ("event", "more", "expected"),
    [
        ("delivered", {}, ("delivered", False, [])),
        (
            "failed",
            {"severity": "permanent", "reason": "bounce"},
            ("bounced", True, []),
        ),
        ("failed", {"severity": "temporary", "reason": "generic"}, ("", False, [])),
        ("complained", {}, ("complained", False, OFF)),
    ],
)
def test_what_mailgun_reports(client, settings, row, event, more, expected):
    settings.ANYMAIL = MAILGUN
    Delivery.objects.update(message_id=f"<delivery.{row.pk}.1@localhost>")
    row.refresh_from_db()

    assert mailgun(client, row, event, **more).status_code == 200

    assert told(row) == expected


def test_who_calls_a_digest_spam_gets_nothing_once_a_day_or_week(client, row):
    register_message(
        MessageKind("digest", Priority.DIGEST, Topic.COMMUNITY, say(), is_digest=True)
    )
    row.kind = "digest"
    row.save()
    set_frequency(row.recipient, topic=Topic.BUILDINGS, frequency=Frequency.DAILY)

    postmark(client, row, "SpamComplaint", Type="SpamComplaint")

    assert sorted(told(row)[2]) == [("buildings", "off"), ("community", "off")]


def test_the_worse_report_stays_whichever_comes_first(client, row):
    postmark(client, row, "SpamComplaint", Type="SpamComplaint")
    postmark(client, row, "Delivery")

    assert told(row) == ("complained", False, OFF)


def test_nobody_else_is_believed_or_blamed(client, row):
    bounce = {"record": "Bounce", "Type": "HardBounce"}
    assert postmark(client, row, secret="postmark:wrong", **bounce).status_code == 400
    postmark(client, row, Email="old@example.org", **bounce)
    for number in ("", "0", "x", str(row.pk + 1), "9" * 30):
        answer = postmark(client, row, Metadata={"delivery": number}, **bounce)
        assert answer.status_code == 200

    assert told(row) == ("", False, [])


def test_an_uncertain_mail_that_arrived_is_not_sent_again(client, row):
    Delivery.objects.update(state=DeliveryState.UNCERTAIN, sent_at=None)

    postmark(client, row, "Delivery")
    sweep_deliveries()
    send_due()

    row.refresh_from_db()
    assert (row.state, mail.outbox) == (DeliveryState.SENT, [])


def test_a_mail_carries_its_number_to_the_provider(row):
    Delivery.objects.update(state=DeliveryState.PENDING)

    send_due()

    [message] = mail.outbox
    assert message.extra_headers["X-PM-Metadata-delivery"] == str(row.pk)


def test_person_and_moderator_see_it(client, row, moderator):
    postmark(client, row, "SpamComplaint", Type="SpamComplaint")

    desk = client.get(reverse("admin:directory_delivery_change", args=[row.pk]))
    assert "marked as spam" in desk.content.decode()
    client.force_login(row.recipient.user)
    assert "Since then we do not write to you about news of the" in page(client)
    row.recipient.preferences.all().delete()
    assert "Since then we do not write" not in page(client)


def page(client):
    return client.get(SETTINGS).content.decode()
