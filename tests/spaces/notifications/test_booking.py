import re
from datetime import timedelta
from http import HTTPStatus

import icalendar
import pytest
from django.template.loader import get_template
from django.utils import timezone

from directory.models import Delivery
from directory.registry import message_kind
from spaces.domain.asking import request_booking
from spaces.domain.booking import (
    cancel_booking,
    confirm_booking,
    decline_booking,
    expire_bookings,
    withdraw_booking,
)
from spaces.domain.changes import skip_dates
from spaces.domain.hand_on import accept_hand_on, offer_dates
from spaces.domain.offer import accept_offer
from spaces.domain.unused import keep_booking, say_unused
from spaces.hours import Span
from spaces.models import Booking
from spaces.notifications.booking import KINDS
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import OccurrenceFactory, OfferFactory
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db


@pytest.fixture
def host():
    return TherapistFactory(name="Mara O’Ellison & Co")


@pytest.fixture
def office(host):
    return open_office(
        hosts=[host],
        name="The garden room",
        suite="Suite 7B",
        entry_code="4711#",
        directions="Ring at the blue door.",
    )


@pytest.fixture
def guest():
    return TherapistFactory(name="Joel Okafor")


EVENING = Span(3, 1080, 1260)


def ask(office, guest, span=EVENING):
    return request_booking(
        office, guest=guest, dates=[(thursday(), span)], message="Quiet people."
    )


def mail(kind, person):
    """What the outbox would send now."""
    row = Delivery.objects.select_related("recipient__user").get(
        kind=kind, recipient=person
    )
    return message_kind(kind).render([row])[row.pk]


def events(found):
    [attachment] = found.attachments
    calendar = icalendar.Calendar.from_ical(attachment.content)
    method = str(calendar["METHOD"])
    assert attachment.alternative == f"text/calendar; method={method}"
    return method, calendar.walk("VEVENT")


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_has_its_templates(kind):
    for name in (f"{kind}_subject.txt", f"{kind}.txt", f"{kind}.html"):
        assert get_template(f"spaces/email/{name}")


def test_request_tells_the_host_who_when_and_until_when(office, host, guest):
    booking = ask(office, guest)

    found = mail("booking_requested", host)

    assert found.subject.startswith("Joel Okafor asks for The garden room: ")
    assert "18:00–21:00" in found.subject
    for part in (found.text, found.html):
        for said in (
            "Please answer by",
            "Quiet people.",
            "$54",
            f"http://localhost:8000/spaces/bookings/{booking.pk}/",
        ):
            assert said in part
    assert "Los Angeles time" in found.text
    assert not Delivery.objects.filter(recipient=guest).exists()


def test_confirmation_brings_both_a_calendar_file_and_the_guest_the_way(
    office, host, guest
):
    booking = ask(office, guest)
    confirm_booking(booking, by=host)

    for person in (host, guest):
        method, [event] = events(mail("booking_confirmed", person))
        assert method == "REQUEST"
        occurrence = booking.occurrences.get()
        assert event.decoded("DTSTART") == occurrence.period.lower
        assert event.decoded("DTEND") == occurrence.period.upper
        assert event["UID"] == f"occurrence-{occurrence.pk}@localhost"
        assert event["LOCATION"] == f"{office.building.street}, Suite 7B, Oakland"
        assert str(event["SUMMARY"]) == "Room booked"
    found = mail("booking_confirmed", guest)
    for said in (
        "Suite 7B",
        "Ring at the blue door.",
        "from 24 hours before each date",
    ):
        assert said in found.text
    assert "4711#" not in found.text + found.html + found.attachments[0].content


def test_a_name_with_an_ampersand_stays_itself_in_text(office, host, guest):
    ask(office, guest)
    office.name = "Couch & lamp"
    office.save()

    found = mail("booking_requested", host)

    assert "Couch & lamp" in found.subject
    assert "Couch & lamp" in found.text
    assert "Couch &amp; lamp" in found.html


def test_cancelling_strikes_the_dates_out_again(office, host, guest):
    booking = confirm_booking(ask(office, guest), by=host)
    cancel_booking(booking, by=guest, note="Moved away.")

    found = mail("booking_cancelled", host)

    method, [event] = events(found)
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    assert "Moved away." in found.text
    assert found.subject.startswith("Cancelled: The garden room")


def test_declining_tells_the_guest_why(office, host, guest):
    decline_booking(ask(office, guest), by=host, note="Painters.")

    found = mail("booking_declined", guest)

    assert "Painters." in found.text
    assert not found.attachments


def test_withdrawing_tells_the_host(office, host, guest):
    withdraw_booking(ask(office, guest), by=guest)

    assert "Joel Okafor no longer asks" in mail("booking_withdrawn", host).subject


def test_an_unanswered_request_tells_both(office, host, guest):
    Booking.objects.filter(pk=ask(office, guest).pk).update(
        answer_by="2020-01-01T00:00Z"
    )
    expire_bookings()

    for person in (host, guest):
        assert mail("booking_expired", person).subject.startswith("No answer in time")


def test_who_lost_is_told_what_else_fits(office, host, guest):
    other = open_office(name="Attic practice", building=office.building)
    rival = TherapistFactory()
    ask(office, rival)

    confirm_booking(ask(office, guest, Span(3, 1080, 1140)), by=host)

    found = mail("booking_lost", rival)
    assert found.subject.startswith("Went to a colleague: The garden room")
    assert "Attic practice" in found.text
    assert f"/spaces/offices/{other.pk}/" in found.html
    assert "/spaces/?hours=3-1080-1260&" in found.text
    assert "Joel" not in found.text


def test_a_booking_that_is_gone_is_left_out(office, host, guest):
    booking = ask(office, guest)
    row = Delivery.objects.get(kind="booking_requested")
    row.payload = {"booking": booking.pk + 1000}

    assert message_kind("booking_requested").render([row]) == {}


@pytest.mark.parametrize("row_count", [1, 3])
def test_rendering_needs_a_constant_number_of_queries(
    office, host, guest, django_assert_num_queries, row_count
):
    for number in range(row_count):
        booking = request_booking(
            office,
            guest=guest,
            dates=[(thursday(), Span(3, 1020 + 60 * number, 1080 + 60 * number))],
        )
        confirm_booking(booking, by=host)
    rows = list(
        Delivery.objects.filter(
            kind="booking_confirmed", recipient=guest
        ).select_related("recipient__user")
    )

    with django_assert_num_queries(6):
        found = message_kind("booking_confirmed").render(rows)

    assert len(found) == row_count


def test_who_gave_on_what_they_had_is_led_to_a_page_of_theirs(
    office, host, guest, client
):
    """They read what they handed on; the booking's page is for those who have dates of it."""
    office.allows_hand_on = True
    office.save()
    booking = confirm_booking(ask(office, guest), by=host)
    between, last = TherapistFactory.create_batch(2)
    [date] = booking.occurrences.all()
    for giver, taker in [(guest, between), (between, last)]:
        accept_hand_on(
            offer_dates(booking, occurrences=[date.pk], to=taker, by=giver), by=taker
        )

    rows = Delivery.objects.exclude(kind="hand_on_offered").filter(recipient=between)
    client.force_login(between.user)
    for row in rows.select_related("recipient__user"):
        found = message_kind(row.kind).render([row])[row.pk]
        [path] = re.findall(r"http://localhost:8000(/spaces/[bh]\S+)", found.text)
        assert client.get(path).status_code == HTTPStatus.OK, row.kind


def test_lost_dates_of_the_past_find_nothing_else(office, host):
    rival = TherapistFactory()
    occurrence = OccurrenceFactory(
        booking__office=office, booking__guest=rival, state="lost"
    )
    Delivery.objects.create(
        kind="booking_lost",
        recipient=rival,
        cause="test",
        priority=1,
        payload={"booking": occurrence.booking_id, "occurrences": [occurrence.pk]},
    )

    assert "These hours went to a colleague" in mail("booking_lost", rival).html


def test_a_supervisor_is_told_as_who_asked_not_as_the_host():
    offer = OfferFactory(
        need__author=TherapistFactory(),
        need__first_date=timezone.now().date() + timedelta(days=1),
    )
    accept_offer(offer, by=offer.need.author)

    found = mail("booking_confirmed", offer.need.author)

    assert "has your room" not in found.text
    assert not found.attachments  # they are not their hours
    assert "calendar file" not in found.text + found.html
    assert offer.need.get_absolute_url() in found.text
    assert (
        offer.need.get_absolute_url()
        not in mail("booking_confirmed", offer.need.therapist).text
    )


# --- While it runs ------------------------------------------------------------------


@pytest.fixture
def running(office, guest, host):
    """Three Thursdays, the first later than the notice allows."""
    dates = [(thursday() + timedelta(weeks=week), EVENING) for week in range(3)]
    office.notice_days = 10
    office.save()
    booking = request_booking(office, guest=guest, dates=dates)
    confirm_booking(booking, by=host)
    return Booking.objects.get(pk=booking.pk)


def test_a_change_says_all_in_its_subject_and_goes_to_the_other_side(
    running, host, guest
):
    first, second, _third = running.occurrences.all()
    skip_dates(running, [first, second], by=guest, note="Away & ill.")

    found = mail("booking_changed", host)
    assert found.subject.startswith("Skipped: Thu ")
    assert found.subject.endswith("the hours – The garden room")
    for part in (found.text, found.html):
        assert "Joel Okafor changed the booking of The garden room" in part
        assert "It stands now: " in part
    assert "“Away & ill.”" in found.text
    assert not Delivery.objects.filter(kind="booking_changed", recipient=guest)


def test_who_gave_a_date_on_reads_nothing_of_the_others(running, office, guest):
    office.allows_hand_on = True
    office.save()
    date = running.occurrences.in_order()[0]
    there, back = TherapistFactory(), TherapistFactory()
    for giver, taker in ((guest, there), (there, back)):
        given = offer_dates(running, occurrences=[date.pk], to=taker, by=giver)
        accept_hand_on(given, by=taker)

    assert "It stands now: no dates left." in mail("booking_changed", there).text


def test_unused_hours_are_asked_about_until_somebody_keeps_them(running, host, guest):
    say_unused(running, by=host)

    found = mail("booking_unused", guest)
    assert found.subject.startswith("Still needed? Say so by ")
    assert (
        "Mara O’Ellison & Co says that these hours were not used lately" in found.text
    )
    keep_booking(running, by=guest)
    assert mail("booking_unused", guest).reason == "kept meanwhile"
    assert mail("booking_changed", host).subject == "Kept – The garden room"


def test_cancelling_late_says_what_stays_due(running, host, guest):
    cancel_booking(running, by=guest)

    assert "due unless somebody else takes the hours: Thu " in (
        mail("booking_cancelled", host).text
    )


def test_a_host_is_reminded_a_day_before_and_not_once_it_is_answered(
    office, host, guest
):
    booking = ask(office, guest)

    row = Delivery.objects.get(kind="booking_reminder")
    left = booking.answer_by - booking.created_at
    assert row.recipient == host
    assert abs(
        booking.answer_by - row.not_before - min(timedelta(days=1), left / 2)
    ) < timedelta(minutes=1)
    assert mail("booking_reminder", host).subject.startswith("Answer by ")
    confirm_booking(booking, by=host)
    assert mail("booking_reminder", host).reason == "answered meanwhile"


def test_the_confirmation_names_what_was_left_out(office, host, guest):
    dates = [(thursday() + timedelta(weeks=week), EVENING) for week in range(2)]
    booking = request_booking(office, guest=guest, dates=dates)
    confirm_booking(booking, by=host, only=[booking.occurrences.first().pk])

    found = mail("booking_confirmed", guest)
    assert "Left out of what was asked for: Thu " in found.text
    assert "Left out of what was asked for: Thu " in found.html
