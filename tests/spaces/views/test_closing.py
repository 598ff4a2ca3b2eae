from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Delivery
from directory.registry import message_kind
from spaces.closing import closing_of
from spaces.domain.incident import end_incident
from spaces.hours import Span, local_period
from spaces.models import Answer, Incident
from tests.factories.directory import (
    BlockFactory,
    DeliveryFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    IncidentFactory,
    LoanFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    WaveFactory,
    WaveRecipientFactory,
)

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
DAY = TODAY - timedelta(days=10)
HOURS = Span(DAY.weekday(), 9 * 60, 11 * 60)


def lent(need, helper, *, after, to=11 * 60, **fields):
    """An accepted offer, so long after the report, of the need's first date, which is past."""
    booking = BookingFactory(guest=need.therapist, status="ended", source="offer")
    OccurrenceFactory(
        booking=booking,
        period=local_period(need.first_date, 9 * 60, to, need.zone),
        state="booked",
    )
    offer = OfferFactory(need=need, helper=helper, status="accepted", booking=booking)
    offer.decided_at = need.incident.created_at + after
    offer.save()
    return offer


@pytest.fixture
def fire():
    """Two needs of four hours each, the second date of both after the end: two hours each count; three of four lent."""
    fire = IncidentFactory(status="over")
    began = timezone.now() - timedelta(days=12)
    Incident.objects.filter(pk=fire.pk).update(
        began_at=began, created_at=began, decided_at=timezone.now() - timedelta(days=7)
    )
    fire.refresh_from_db()
    fields = {
        "incident": fire,
        "status": "closed",
        "spans": [HOURS],
        "first_date": DAY,
        "last_date": DAY + timedelta(days=7),
    }
    needs = [NeedFactory(**fields) for _number in range(2)]
    NeedFactory(incident=fire, status="closed", published_at=None)  # never asked
    named = TherapistFactory(name="Mara Ellison", agrees_to_be_named=True)
    shy = TherapistFactory(name="Shy Person")
    lent(needs[0], named, after=timedelta(minutes=50))
    lent(needs[1], shy, after=timedelta(hours=3), to=10 * 60)
    wave = WaveFactory(need=None, incident=fire, state="done")
    for person in (named, shy, TherapistFactory()):
        WaveRecipientFactory(wave=wave, recipient=person)
        Answer.objects.create(wave=wave, recipient=person, choice="offers")
    Answer.objects.filter(recipient=person).update(choice="not_now")
    for kind, cause in (
        ("wave", f"wave:{wave.pk}"),
        ("displaced", f"incident:{fire.pk}"),
        ("wave", f"wave:{wave.pk}9"),
        ("displaced", f"incident:{fire.pk}9"),
    ):
        DeliveryFactory(kind=kind, cause=cause, state="sent")
    LoanFactory(incident=fire, status="returned", partner=TherapistFactory())
    LoanFactory(incident=fire)
    return fire


def closing_page(client, incident):
    return client.get(reverse("spaces:incident_closing", args=[incident.pk]))


def test_it_counts_what_was_needed_and_lent_until_it_was_over(fire):
    closing = closing_of(fire)

    assert (closing.needed, closing.covered, closing.lent, closing.otherwise) == (
        240,
        180,
        180,
        0,
    )
    assert (closing.people, closing.share) == (3, 75)
    assert {helper.name: minutes for helper, minutes in closing.lent_by.items()} == {
        "Mara Ellison": 120,
        "Shy Person": 60,
    }
    assert closing.first_room_after == timedelta(minutes=50)
    assert closing.last_room_after == timedelta(hours=3)
    waves = closing.waves
    assert (waves.count, waves.people, waves.offered, waves.said_no) == (1, 3, 2, 1)
    assert (closing.mails.to_concerned, closing.mails.in_waves) == (1, 1)
    assert (closing.things, closing.things_back) == (1, 1)


def test_only_those_who_agreed_are_named(client, therapist, fire):
    page = closing_page(client, fire).content.decode()

    assert "Mara Ellison" in page
    assert "Shy Person" not in page
    assert "And 1 colleague who would rather not be named" in page
    assert "Of 4 hours needed, 3 had a room: 75 %" in page
    assert "50 min" in page
    assert "3 h 0 min" in page
    named = next(helper for helper in closing_of(fire).lent_by if "Mara" in helper.name)
    BlockFactory(blocker=named, blocked=therapist)
    assert "Mara Ellison" not in closing_page(client, fire).content.decode()


@pytest.mark.parametrize(
    ("status", "code"),
    [("confirmed", 200), ("over", 200), ("reported", 404), ("dismissed", 404)],
)
def test_there_is_a_report_of_what_was_true(client, therapist, status, code):
    incident = IncidentFactory(status=status)

    assert closing_page(client, incident).status_code == code


@pytest.mark.parametrize("count", [1, 3])
def test_query_count_is_constant(
    client, therapist, fire, django_assert_num_queries, count
):
    for number in range(count):
        need = NeedFactory(
            incident=fire, status="closed", spans=[HOURS], first_date=DAY
        )
        lent(need, TherapistFactory(), after=timedelta(hours=number + 1))

    with django_assert_num_queries(19):
        closing_page(client, fire)


def test_whoever_helped_is_thanked_once_when_it_is_over(client):
    fire = IncidentFactory(status="confirmed")
    need = NeedFactory(incident=fire, therapist__name="Dana Whitlock")
    helper, lender = TherapistFactory(), TherapistFactory()
    OfferFactory(need=need, helper=helper, status="accepted")
    OfferFactory(need=need, helper=helper, status="accepted")
    OfferFactory(need=need, status="declined")
    LoanFactory(
        incident=fire, author=lender, status="claimed", partner=TherapistFactory()
    )

    end_incident(fire, by=ModeratorFactory())

    rows = Delivery.objects.filter(kind="incident_thanks")
    assert {row.recipient for row in rows} == {helper, lender}
    assert len(rows) == 2
    mail = message_kind("incident_thanks").render(list(rows))[rows[0].pk]
    assert f"/incidents/{fire.pk}/closing/" in mail.text
    client.force_login(helper.user)
    page = client.get(fire.get_absolute_url())
    assert reverse("spaces:incident_closing", args=[fire.pk]) in page.content.decode()


def test_moderators_find_reports_at_the_desk(client, fire):
    moderator = ModeratorFactory(user__is_superuser=True)
    client.force_login(moderator.user)

    for name in ("incident", "pledge", "drill"):
        url = reverse(f"admin:spaces_{name}_changelist")
        page = client.get(url)
        assert page.status_code == 200
        assert name != "incident" or b"/closing/" in page.content
