"""The bad day from end to end, without a browser: reported, confirmed, asked for, offered by link, accepted, booked."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.domain.delivery import review
from directory.models import Delivery
from spaces.hours import Span
from spaces.models import Booking, Incident, Need, Offer
from tests.factories.directory import CommunityFactory, ModeratorFactory
from tests.factories.spaces import (
    OfficeFactory,
    UsualHoursFactory,
    helper_with_hours,
)

pytestmark = pytest.mark.django_db

WEDNESDAY = Span(2, 17 * 60, 19 * 60)


def letter(kind, person):
    """What the outbox would send this person now."""
    rows = Delivery.objects.with_recipient().filter(kind=kind, recipient=person)
    [said] = review.review(list(rows)).values()
    return said


def link(text, part):
    found = next(word for word in text.split() if part in word)
    return found.removeprefix("http://localhost:8000")


def signed_in(person):
    client = Client()
    client.force_login(person.user)
    return client


def test_from_the_report_to_the_booked_hour():
    CommunityFactory()
    office = OfficeFactory(building__neighbourhood="Rockridge")
    dana = office.hosts.get()
    dana.name = "Dana Whitlock"
    dana.save()
    UsualHoursFactory(office=office, weekday=2, start=17 * 60, end=21 * 60)
    helper = helper_with_hours(
        WEDNESDAY,
        name="Garden room",
        helper_name="Mara Ellison",
        helper_quiet_from_minute=0,
        helper_quiet_to_minute=0,
    )
    moderator = ModeratorFactory()

    signed_in(dana).post(
        reverse("spaces:incident_report"),
        {"building": office.building.pk, "kind": "fire"},
    )
    anybody = Client()
    url = link(letter("incident_reported", moderator).text, "/incidents/word/")
    anybody.post(url, {"word": "true"})
    assert Incident.objects.get().status == "confirmed"

    need = Need.objects.get(therapist=dana)
    url = link(letter("displaced", dana).text, "/spaces/needs/")
    page = signed_in(dana).get(url).content.decode()
    assert "Wed 17:00–21:00" in page
    start = timezone.localdate() + timedelta(days=2)
    signed_in(dana).post(
        reverse("spaces:need_edit", args=[need.pk]),
        {
            "hours": ["2-1020-1260"],
            "first_date": start.isoformat(),
            "until": (start + timedelta(days=27)).isoformat(),
            "radius": "5",
            "people": "2",
            "publish": "1",
        },
    )
    call = letter("wave", helper)
    assert call.subject == ("Needed: Wed 17–21 near Rockridge, 4 weeks – can you help?")

    url = link(call.text, "/spaces/help/")
    ticked = [
        card["value"] for card in anybody.get(url).context["cards"] if card["is_ticked"]
    ]
    assert ticked == ["2-1020-1140"]
    room = helper.offices.get().pk
    anybody.post(url, {"hours": ticked, "office": room, "answer": "offer"})

    url = link(letter("offer_received", dana).text, "/spaces/needs/")
    offer = Offer.objects.get()
    assert "Mara Ellison" in signed_in(dana).get(url).content.decode()
    signed_in(dana).post(reverse("spaces:offer_accept", args=[need.pk, offer.pk]))

    booking = Booking.objects.get()
    assert (booking.guest, booking.status) == (dana, "confirmed")
    assert booking.occurrences.count() == 4
    assert letter("offer_accepted", helper).attachments
    page = signed_in(dana).get(need.get_absolute_url())
    blocks = [(block.hours, block.state) for block in page.context["blocks"]]
    assert blocks == [("17:00–19:00", "booked"), ("19:00–21:00", "open")]
    assert mail.outbox == [], "only the outbox sends"
