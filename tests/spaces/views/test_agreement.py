"""The agreement, the conversation, directions and codes: what a booking's people read on its pages."""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse
from django.utils import timezone

from directory.enums import TermKind
from directory.models import Delivery, Term
from spaces.directions import directions_for_visitors
from spaces.domain.asking import request_booking
from spaces.domain.booking import cancel_booking, confirm_booking
from spaces.hours import Span
from spaces.models import BookingMessage, CodeView
from tests.factories.directory import BlockFactory, ModeratorFactory, TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db


@pytest.fixture
def room():
    return open_office(
        hosts=[TherapistFactory(name="Hope Hostetter", credentials="LMFT")],
        name="The garden room",
        suite="Suite 7B",
        entry_code="4711#",
        alarm="Star 99 within a minute",
        terms="No shoes.",
        notice_days=7,
    )


def visit(client, person, address):
    client.force_login(person.user)
    answer = client.get(address)
    return answer.status_code, " ".join(answer.content.decode().split())


def agreement(booking):
    return reverse("spaces:agreement", args=[booking.pk])


# --- The agreement -----------------------------------------------------------------


def test_the_agreement_says_all_that_was_agreed_and_when(client, room):
    guest = TherapistFactory(name="Joel Okafor", credentials="LCSW")
    dates = [(thursday() + timedelta(weeks=n), Span(3, 1080, 1260)) for n in (0, 1)]
    booking = request_booking(room, guest=guest, dates=dates)
    room.terms = "Shoes, please."
    room.save()

    _status, before = visit(client, guest, agreement(booking))
    assert "Hours in a room, not agreed" in before
    assert room.building.street not in before
    assert "The host: not yet" in before

    confirm_booking(booking, by=room.hosts.get())
    for person in (guest, room.hosts.get()):
        _status, text = visit(client, person, agreement(booking))
        for words in (
            "Agreement on hours in a room",
            "Joel Okafor, LCSW",
            "Hope Hostetter, LMFT",
            room.building.street,
            "Suite 7B",
            "$108",
            "No shoes.",
            "at least 7 days before cost nothing",
            "Joel Okafor, by asking, on",
            "Hope Hostetter, for the room, on",
            "Paid to the host, not through this site.",
        ):
            assert words in text, words
        assert text.count("18:00–21:00") == 2
        for words in ("Shoes, please.", "4711#", "Star 99"):
            assert words not in text


def test_the_agreement_names_who_answers_and_what_changed_since(client, room):
    party = TherapistFactory(name="Sue Pervisor")
    booking = BookingFactory(
        office=room, status="confirmed", party=party, approved_at=timezone.now()
    )
    OccurrenceFactory(booking=booking)
    booking.events.create(old_status="requested", new_status="confirmed")
    booking.events.create(
        old_status="confirmed", new_status="confirmed", change="unused", note="Twice"
    )

    _status, text = visit(client, party, agreement(booking))

    assert "nothing is due from the guest" in text
    assert "Sue Pervisor, who answers for the guest, on" in text
    assert "Changed since" in text
    assert "Twice" in text


def test_the_agreement_is_for_its_people_alone(client, room):
    taker = TherapistFactory()
    booking = BookingFactory(office=room, status="confirmed")
    OccurrenceFactory(booking=booking)
    handed_on = OccurrenceFactory(
        booking=booking,
        guest=taker,
        period=DateTimeTZRange(
            timezone.now() + timedelta(days=9), timezone.now() + timedelta(days=9.1)
        ),
    )

    for outsider in (taker, TherapistFactory()):
        assert visit(client, outsider, agreement(booking))[0] == 404
    status, text = visit(client, taker, booking.get_absolute_url())
    assert status == 200
    assert text.count('class="cluster booked-date"') == 1
    assert "Conversation" not in text
    assert handed_on.guest == taker


@pytest.mark.parametrize("count", [1, 3])
def test_agreement_query_count_is_constant(
    client, room, django_assert_num_queries, count
):
    booking = BookingFactory(office=room, status="confirmed")
    for day in range(count):
        OccurrenceFactory(booking=booking, period=hours(9, 10, day=day))
        booking.events.create(
            old_status="confirmed", new_status="confirmed", change="skipped"
        )
        room.hosts.add(TherapistFactory())
    client.force_login(booking.guest.user)

    with django_assert_num_queries(11):
        client.get(agreement(booking))


# --- The conversation ----------------------------------------------------------------


def test_people_write_to_each_other_on_the_page(client, room):
    booking = BookingFactory(office=room, status="confirmed")
    address = reverse("spaces:booking_message", args=[booking.pk])
    client.force_login(booking.guest.user)
    nasty = "<b>Bring</b> & borrow\n" + "w" * 300

    assert client.get(address).status_code == 405
    answer = client.post(address, {"text": nasty})
    assert answer.url == f"{booking.get_absolute_url()}#conversation"
    for text in ("", "   ", "x" * 4001, "\x00"):
        answer = client.post(address, {"text": text})
        assert answer.status_code == 200
        assert answer.context["message_form"].errors["text"]
        assert answer.context["message_form"]["text"].value() == text

    assert BookingMessage.objects.count() == 1
    assert Delivery.objects.filter(kind="booking_message").count() == 1
    _status, text = visit(client, room.hosts.get(), booking.get_absolute_url())
    assert "&lt;b&gt;Bring&lt;/b&gt; &amp; borrow<br>" in text
    assert "Nothing about clients" in text


def test_a_blocked_pair_reads_and_is_told_of_a_moderator(client, room):
    ModeratorFactory(name="Mo Derrick", contact_email="mo@example.org")
    booking = BookingFactory(office=room, status="confirmed")
    BookingMessage.objects.create(
        booking=booking, author=booking.guest, text="Good morning"
    )
    BlockFactory(blocker=room.hosts.get(), blocked=booking.guest)

    _status, text = visit(client, booking.guest, booking.get_absolute_url())
    client.post(
        reverse("spaces:booking_message", args=[booking.pk]), {"text": "Hello?"}
    )

    assert "Good morning" in text
    assert "Either of you can ask a moderator to end the booking safely." in text
    assert "mailto:mo@example.org" in text
    assert BookingMessage.objects.count() == 1


def test_others_neither_read_nor_write(client, therapist, room):
    booking = BookingFactory(office=room, status="confirmed")

    address = reverse("spaces:booking_message", args=[booking.pk])
    assert client.post(address, {"text": "Hello"}).status_code == 404


# --- Directions and codes --------------------------------------------------------------


def test_directions_hold_door_parking_and_access_and_never_a_code():
    office = OfficeFactory(
        suite="Suite 7",
        is_step_free=True,
        entry_code="4711#",
        alarm="99",
        directions="The blue door. Type 4711# and wait.",
    )
    office.building.access = "Ring twice. Lift on the left."
    for slug in ("parking", "white-noise"):
        office.attributes.add(
            Term.objects.get(kind=TermKind.OFFICE_ATTRIBUTE, slug=slug)
        )

    text = directions_for_visitors(office)

    assert text.splitlines() == [
        office.building.name
        if office.building.name not in office.building.street
        else "",
        f"{office.building.street}, Suite 7, Oakland",
        "Step-free from the street to the room.",
        "Ring twice. Lift on the left.",
        "There is: Parking for visitors.",
        "The blue door. Type … and wait.",
    ]
    assert directions_for_visitors(OfficeFactory()).count("\n") < 2


@pytest.fixture
def tomorrow(room):
    """A booking whose first date begins within a day."""
    booking = BookingFactory(
        office=room, guest=TherapistFactory(name="Joel Okafor"), status="confirmed"
    )
    lower = timezone.now() + timedelta(hours=23)
    OccurrenceFactory(
        booking=booking, period=DateTimeTZRange(lower, lower + timedelta(hours=2))
    )
    return booking


def test_each_view_of_the_code_by_a_guest_is_logged_and_told_to_hosts(
    client, room, tomorrow
):
    address = tomorrow.get_absolute_url()
    for _each in range(2):
        _status, text = visit(client, tomorrow.guest, address)
        assert "4711#" in text
        assert "Code seen by" not in text
    client.head(address)
    refused = client.post(f"{address}messages/", {"text": ""})
    assert "4711#" in refused.content.decode()
    _status, text = visit(client, room.hosts.get(), address)

    assert "4711#" in text
    assert text.count("Code seen by Joel Okafor,") == 3
    assert set(CodeView.objects.values_list("viewer", flat=True)) == {tomorrow.guest.pk}
    assert CodeView.objects.count() == 3


def test_no_code_before_a_day_before_nor_after_cancelling_nor_for_the_party(
    client, room, tomorrow
):
    address = tomorrow.get_absolute_url()
    tomorrow.party = TherapistFactory()
    tomorrow.save()
    _status, text = visit(client, tomorrow.party, address)
    assert "Suite 7B" in text
    assert "4711#" not in text

    date = tomorrow.occurrences.get()
    later = date.period.lower + timedelta(hours=2)
    tomorrow.occurrences.update(
        period=DateTimeTZRange(later, later + timedelta(hours=2))
    )
    _status, text = visit(client, tomorrow.guest, address)
    assert "shown here from 24 hours before" in text
    assert "4711#" not in text

    tomorrow.occurrences.update(period=date.period)
    assert "4711#" in visit(client, tomorrow.guest, address)[1]
    cancel_booking(tomorrow, by=tomorrow.guest)
    _status, text = visit(client, tomorrow.guest, address)
    for secret in ("4711#", "Star 99", "Suite 7B", room.building.street):
        assert secret not in text
    assert CodeView.objects.count() == 1


def test_a_taker_sees_the_code_for_their_own_date_only(client, room, tomorrow):
    taker = TherapistFactory()
    later = timezone.now() + timedelta(days=9)
    OccurrenceFactory(
        booking=tomorrow,
        guest=taker,
        period=DateTimeTZRange(later, later + timedelta(hours=1)),
    )
    address = tomorrow.get_absolute_url()
    assert "4711#" not in visit(client, taker, address)[1]

    tomorrow.occurrences.exclude(guest=taker).update(guest=taker)
    assert "4711#" in visit(client, taker, address)[1]
    assert "4711#" not in visit(client, tomorrow.guest, address)[1]
