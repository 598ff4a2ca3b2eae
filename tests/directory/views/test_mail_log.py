"""Why mail comes or does not, told to whom it was for."""

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.domain.preference import set_frequency
from directory.enums import Frequency, Topic
from directory.models.delivery import COLLECTED, ENOUGH, QUIET, UNWANTED
from directory.registry import message_kinds, subject_of
from tests.factories.directory import DeliveryFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("directory:mail_log")
NOW = timezone.now()


def test_every_message_is_named():
    assert [kind.name for kind in message_kinds() if not subject_of(kind.name)] == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "pending"}, "on its way"),
        ({"state": "pending", "reason": QUIET}, "waits for your quiet hours to end"),
        ({"state": "pending", "reason": ENOUGH}, "as many mails today as you want"),
        ({"state": "sent", "sent_at": NOW, "reason": QUIET}, ": sent"),
        (
            {"state": "sent", "sent_at": NOW, "fate": "bounced", "fate_at": NOW},
            "came back from your mail provider",
        ),
        ({"state": "skipped", "reason": COLLECTED}, "stands in your mail of the day"),
        ({"state": "skipped", "reason": UNWANTED}, "you want no mail about this"),
        ({"state": "skipped", "reason": "a block"}, "it was settled before"),
        ({"state": "failed", "reason": "550 no"}, "could not be delivered"),
        ({"state": "uncertain"}, "perhaps sent"),
    ],
)
def test_what_became_of_each_mail_is_said_but_nothing_about_others(
    client, therapist, fields, said
):
    DeliveryFactory(recipient=therapist, kind="building_post", priority=3, **fields)
    DeliveryFactory(kind="incident_over")  # somebody else's

    page = client.get(PAGE).content.decode()

    assert "A post about a building" in page
    assert said in page
    assert "a block" not in page
    assert "550" not in page
    assert "A place is open again" not in page


def test_what_one_gets_is_said(client, therapist, subtests):
    set_frequency(therapist, topic=Topic.HOURS, frequency=Frequency.WEEKLY)
    therapist.daily_cap, therapist.bounced_at = 3, NOW
    therapist.save()
    for kind, priority in [("building_post", 3), ("booking_lost", 1)]:
        DeliveryFactory(
            recipient=therapist,
            kind=kind,
            priority=priority,
            state="sent",
            sent_at=NOW,
        )

    page = client.get(PAGE)

    assert (page.context["cap"], page.context["today"]) == (3, 1)
    assert {"label": "Hours and rooms", "frequency": "once a week"} in page.context[
        "topics"
    ]
    assert "Your mail comes back" in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_a_constant_number_of_queries(
    client, therapist, django_assert_num_queries, count
):
    DeliveryFactory.create_batch(count, recipient=therapist)
    client.get(PAGE)

    with django_assert_num_queries(8):
        client.get(PAGE)
