from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.domain.delivery import send_due
from directory.enums import Frequency, TermKind
from directory.models import ColleagueSearch, Delivery, Term
from directory.newcomers import look_for_newcomers
from tests.factories.directory import BlockFactory, TherapistFactory

pytestmark = pytest.mark.django_db
LIST = "/directory/searches/"
ASKED = "language=es&between=consults&sort=name&page=2"


@pytest.fixture
def spanish():
    return Term.objects.get(kind=TermKind.LANGUAGE, slug="es")


def joined(term, days=1, **fields):
    moment = timezone.now() - timedelta(days=days)
    person = TherapistFactory(joined_at=moment, **{"consults": True, **fields})
    person.terms.add(term)
    return person


def told():
    found = Delivery.objects.filter(kind="colleagues_found").order_by("pk")
    return [row.payload["people"] for row in found]


def test_a_newcomer_like_this_is_told_once(client, therapist, spanish):
    joined(spanish)  # there already: no news
    page = client.get(f"/directory/?{ASKED}").content.decode()
    assert "Tell me when a colleague like this joins" in page
    said = client.post(f"{LIST}new/", {"query": ASKED}, follow=True).content.decode()
    assert "We write as soon as such a colleague joins." in said
    search = ColleagueSearch.objects.get()
    assert search.name == "Offers consultation, Spanish"
    assert search.query == "language=es&between=consults"

    look_for_newcomers()
    assert told() == []
    fits = joined(spanish)
    later = joined(spanish, days=10, consults=False)  # writes the profile only later
    joined(spanish, days=60)
    BlockFactory(blocker=joined(spanish), blocked=therapist)
    look_for_newcomers()
    look_for_newcomers()
    assert told() == [[fits.pk]]
    later.consults = True
    later.save()
    look_for_newcomers()
    assert told() == [[fits.pk], [later.pk]]

    BlockFactory(blocker=fits, blocked=therapist)  # before the mail leaves
    therapist.quiet_from_minute = therapist.quiet_to_minute = 0
    therapist.save()
    send_due()
    states = Delivery.objects.filter(kind="colleagues_found").order_by("pk")
    assert states[0].state == "skipped"
    assert states[1].state != "skipped"


def test_the_list_changes_stops_and_forgets_ones_own_alone(client, therapist, spanish):
    client.post(f"{LIST}new/", {"query": ASKED, "frequency": "daily"})
    client.post(f"{LIST}new/", {"query": "page=2"})  # nothing is asked for
    [search] = ColleagueSearch.objects.all()
    change = reverse("directory:colleague_search_change", args=[search.pk])
    forget = reverse("directory:colleague_search_forget", args=[search.pk])
    assert "Offers consultation, Spanish" in client.get(LIST).content.decode()

    client.force_login(TherapistFactory().user)
    assert client.post(change, {"frequency": "off"}).status_code == 404
    assert client.post(forget).status_code == 404
    client.force_login(therapist.user)
    client.post(change, {"frequency": "off"})
    search.refresh_from_db()
    assert search.frequency == Frequency.OFF
    client.post(forget)
    assert not ColleagueSearch.objects.exists()


def test_daily_news_is_looked_for_once_a_morning(client, therapist, spanish):
    client.post(f"{LIST}new/", {"query": ASKED, "frequency": "daily"})
    joined(spanish)
    morning = (
        timezone.now().astimezone().replace(hour=16, minute=0)
    )  # UTC: past 7 there

    for moment, count in [
        (morning.replace(hour=10), 0),  # 2 or 3 in the night
        (morning, 1),
        (morning + timedelta(hours=1), 1),
    ]:
        if not count:
            ColleagueSearch.objects.update(looked_at=morning - timedelta(days=1))
        look_for_newcomers(moment)
        assert len(told()) == count, moment
        joined(spanish)
