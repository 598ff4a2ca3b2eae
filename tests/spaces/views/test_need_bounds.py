"""Needs and answers out of all bounds: nothing, everything, the past, the far future, links opened by machines."""

from datetime import timedelta
from time import monotonic

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from spaces.domain.need import publish_need, settle_needs
from spaces.domain.offer import accept_offer, offer_hours
from spaces.hours import Span
from spaces.models import Answer, Need, Occurrence, Offer, Wave, WaveRecipient
from spaces.notifications.links import help_path, need_path
from tests.factories.directory import InvitedFactory
from tests.factories.spaces import (
    ClosureFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    WaveRecipientFactory,
    helper_with_hours,
)
from tests.periods import hours, today

pytestmark = pytest.mark.django_db

NEW = "spaces:need_new"
WHOLE_WEEK = [Span(day, 0, 1440) for day in range(7)]
WRITES = ("INSERT", "UPDATE", "DELETE")


def form(**changes):
    return {
        "hours": ["2-1020-1260"],
        "first_date": today(1).isoformat(),
        "until": today(28).isoformat(),
        "radius": "5",
        "people": "2",
        "publish": "1",
    } | changes


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hours": []}, "hours"),
        ({"hours": [], "nice": ["2-1020-1260"]}, "hours"),
        ({"first_date": today(-1).isoformat()}, "first_date"),
        ({"first_date": today(9).isoformat(), "until": today(8).isoformat()}, "until"),
        ({"until": today(-2).isoformat()}, "until"),
        ({"until": today(53 * 7 + 1).isoformat()}, "until"),
        (
            {"first_date": today(999).isoformat(), "until": "9999-12-31"},
            "first_date",
        ),
        ({"hours": ["2-1020-1440", "7-0-30"]}, "hours"),
        ({"hours": ["2-1020-1500"]}, "hours"),
        ({"hours": ["2-1020-1021"]}, "hours"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client, therapist, changes, field):
    response = client.post(reverse(NEW), form(**changes))

    assert field in response.context["form"].errors
    assert not Need.objects.exists()


def test_every_hour_of_53_weeks(client, therapist):
    """Published, asked for, offered, looked at, accepted: each in good time, and booked day by day."""
    helper = helper_with_hours(*WHOLE_WEEK)
    began = monotonic()
    data = form(
        hours=[f"{day}-0-1440" for day in range(7)], until=today(53 * 7).isoformat()
    )
    client.post(reverse(NEW), data)
    need = Need.objects.get()
    row = WaveRecipient.objects.get()
    assert "meets Mon 00:00–24:00, Tue 00:00–24:00" in row.reason

    assert client.get(help_path(row.wave, helper)).status_code == 200
    [offer] = offer_hours(
        row.wave, by=helper, office=helper.offices.get(), spans=WHOLE_WEEK
    )
    assert client.get(need.get_absolute_url()).status_code == 200
    offer = accept_offer(offer, by=therapist)

    dates = offer.booking.occurrences.all()
    assert {date.period.upper - date.period.lower for date in dates} <= {
        timedelta(hours=hours) for hours in (23, 24, 25)
    }
    assert dates.count() == 53 * 7
    need.refresh_from_db()
    assert need.status == "covered"
    assert client.get(need.get_absolute_url()).status_code == 200
    assert monotonic() - began < 20


def test_a_need_lapses_after_its_last_date_and_its_offers_with_it():
    need = NeedFactory(first_date=today(-9), last_date=today(-1))
    offer = OfferFactory(need=need)

    settle_needs()

    for row in (need, offer):
        row.refresh_from_db()
    assert (need.status, offer.status) == ("expired", "lapsed")


def test_hours_that_the_room_has_not_or_has_no_more(client):
    """Closed, or booked a moment ago while the page stood open: said kindly, nothing offered."""
    helper = helper_with_hours(Span(2, 1020, 1260))
    need = NeedFactory(status="draft", published_at=None, last_date=today(20))
    publish_need(need, by=need.author)
    wave, office = need.waves.get(), helper.offices.get()
    answer = {"office": str(office.pk), "price": "0", "answer": "offer"}

    def said(**data):
        response = client.post(help_path(wave, helper), answer | data, follow=True)
        return " ".join(response.content.decode().split())

    assert "None of these hours is still needed" in said(hours=["4-540-600"])
    ClosureFactory(office=office, period=hours(-24, 24 * 14))
    OccurrenceFactory(
        booking__office=office,
        booking__status="confirmed",
        period=hours(24 * 14, 24 * 23),
    )
    assert "booked or closed in all of these hours" in said(hours=["2-1020-1260"])
    assert not Offer.objects.exists()
    assert not Answer.objects.exists()


# --- Links opened by machines ---------------------------------------------------------------


def test_however_often_links_are_opened_nothing_is_written(client):
    """Scanners open every link, at once and often. Neither is anybody kept out for it."""
    helper = helper_with_hours(Span(2, 1020, 1260))
    invited = InvitedFactory()
    need = NeedFactory(therapist=invited)
    wave = WaveRecipientFactory(recipient=helper, wave__need=need).wave
    links = [help_path(wave, helper), need_path(need, invited)]
    cache.clear()

    with CaptureQueriesContext(connection) as queries:
        seen = [
            getattr(client, method)(link).status_code
            for _each in range(8)
            for link in links
            for method in ("get", "head")
        ]

    assert set(seen) == {200}
    assert [q for q in queries if q["sql"].lstrip().startswith(WRITES)] == []
    assert not Offer.objects.exists()
    assert not Occurrence.objects.exists()
    assert Wave.objects.get().state == "running"
