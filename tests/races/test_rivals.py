"""A hundred colleagues want the same hour at once, through the pages as they do."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse

from community import celery_app
from directory.models import Delivery
from spaces.enums import BookingStatus, OccurrenceState
from spaces.models import Booking, Occurrence
from tests.conftest import QuickClient
from tests.factories.directory import TherapistFactory
from tests.spaces.rooms import asked, open_office, thursday

RIVALS = 100
AT_ONCE = 10  # connections; more of them only wait for the same lock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _mail_goes_out_later(monkeypatch):
    """By a worker, as in life: here nobody sends it."""
    monkeypatch.setitem(celery_app.conf, "task_always_eager", False)


def signed_in(person):
    client = QuickClient(raise_request_exception=False)
    client.force_login(person.user)
    return client


def also(client):
    """The same person, in one more tab that has not been told anything yet."""
    other = Client(raise_request_exception=False)
    other.cookies["sessionid"] = client.cookies["sessionid"].value
    return other


def wanted(until):
    return {"dates": [f"{thursday().isoformat()}-1080-{until}"], "people": "2"}


def all_at_once(calls):
    """Answers in any order: the status, and what the person is told. Each connection serves one call after another."""

    def some(number):
        try:
            return [answer(call) for call in calls[number::AT_ONCE]]
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(chain.from_iterable(pool.map(some, range(AT_ONCE))))


def answer(call):
    response = call()
    said = [str(message) for message in get_messages(response.wsgi_request)]
    return response.status_code, " ".join(said)


def test_a_hundred_rivals_for_one_hour():
    """Some want the hour after it, too: one of them is confirmed, all others are refused kindly."""
    office = open_office()
    query = "&".join(f"{key}={value}" for key, value in asked(weeks=1).items())
    url = f"{reverse('spaces:booking_request', args=[office.pk])}?{query}"
    answers = all_at_once(
        [
            partial(signed_in(guest).post, url, wanted(until=1140 + number % 2 * 60))
            for number, guest in enumerate(TherapistFactory.create_batch(RIVALS))
        ]
    )
    assert {status for status, _said in answers} == {302}
    requests = list(Booking.objects.all())
    assert len(requests) == RIVALS
    assert {request.status for request in requests} == {BookingStatus.REQUESTED}

    hosting = signed_in(office.hosts.get())
    answers = all_at_once(
        [
            partial(
                also(hosting).post,
                reverse("spaces:booking_answer", args=[request.pk, "confirmed"]),
            )
            for request in requests
        ]
    )
    assert {status for status, _said in answers} == {302}
    said = [words for _status, words in answers]
    assert sum("Confirmed." in words for words in said) == 1
    assert sum("it cannot become “Confirmed”" in words for words in said) == RIVALS - 1
    [winner] = Occurrence.objects.taking()
    assert winner.state == OccurrenceState.BOOKED
    lost = Occurrence.objects.filter(state=OccurrenceState.LOST)
    assert lost.count() == RIVALS - 1
    told = Delivery.objects.filter(kind="booking_lost")
    assert told.values("recipient").distinct().count() == RIVALS - 1
