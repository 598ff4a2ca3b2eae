from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Delivery
from directory.registry import message_kind
from spaces.models import Loan
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import IncidentFactory, LoanFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident():
    return IncidentFactory(status="confirmed")


def test_somebody_lends_chairs_and_another_claims_them(client, therapist, incident):
    giver = TherapistFactory()
    client.force_login(giver.user)
    until = timezone.localdate() + timedelta(days=30)
    posted = client.post(
        reverse("spaces:loan_new", args=[incident.pk]),
        {"kind": "lends", "thing": "Two chairs and a lamp", "until": until},
    )
    loan = Loan.objects.get()
    assert posted.url == loan.get_absolute_url()

    client.force_login(therapist.user)
    page = client.get(incident.get_absolute_url())
    assert "Two chairs and a lamp" in page.text
    client.post(reverse("spaces:loan_answer", args=[loan.pk, "claimed"]))
    client.post(
        reverse("spaces:loan_write", args=[loan.pk]), {"note": "Friday at <six>?"}
    )

    loan.refresh_from_db()
    assert (loan.status, loan.partner) == ("claimed", therapist)
    assert "Friday at &lt;six&gt;?" in client.get(loan.get_absolute_url()).text
    mails = [
        message_kind(row.kind).render([row])[row.pk]
        for row in Delivery.objects.order_by("pk")
    ]
    assert [row.recipient for row in Delivery.objects.all()] == [giver, giver]
    assert "would like “Two chairs and a lamp”" in mails[0].text
    assert "Friday at <six>?" in mails[1].text


def test_a_mistake_is_kept_and_told_where_it_is(client, therapist, incident):
    page = client.post(
        reverse("spaces:loan_new", args=[incident.pk]),
        {"kind": "lends", "thing": "Sand tray", "until": "2020-02-29"},
    )

    assert "That date is past." in page.text
    assert "Sand tray" in page.text
    assert not Loan.objects.exists()


def test_outsiders_and_blocked_people_find_nothing(client, therapist):
    taken = LoanFactory(status="claimed", partner=TherapistFactory())
    blocked = LoanFactory()
    BlockFactory(blocker=therapist, blocked=blocked.author)

    for loan in (taken, blocked):
        for url in (
            loan.get_absolute_url(),
            reverse("spaces:loan_answer", args=[loan.pk, "claimed"]),
            reverse("spaces:loan_write", args=[loan.pk]),
        ):
            answer = (
                client.get(url)
                if url == loan.get_absolute_url()
                else client.post(url, {"note": "x"})
            )
            assert answer.status_code == 404


def test_too_late_is_said_kindly(client, therapist):
    loan = LoanFactory(author=therapist)
    page = client.post(
        reverse("spaces:loan_answer", args=[loan.pk, "picked_up"]), follow=True
    )

    assert "it cannot become" in page.text
