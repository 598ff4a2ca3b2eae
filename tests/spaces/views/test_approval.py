import pytest
from django.test import Client
from django.urls import reverse

from directory.models import Delivery, Term
from directory.registry import message_kind
from spaces.domain.asking import request_booking
from spaces.domain.booking import confirm_booking
from spaces.enums import BookingStatus
from spaces.hours import Span
from spaces.notifications.agreement import approval_path
from tests.factories.directory import (
    LicenceFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.spaces.rooms import asked, open_office, thursday

pytestmark = pytest.mark.django_db


@pytest.fixture
def room():
    return open_office(name="The garden room", suite="Suite 7B")


@pytest.fixture
def link(therapist):
    """Who is signed in supervises Ada."""
    associate = TherapistFactory(name="Ada Associate")
    LicenceFactory(therapist=associate, kind=Term.objects.get(slug="amft"))
    return SupervisionFactory(trainee=associate, supervisor=therapist)


@pytest.fixture
def booking(room, link):
    return request_booking(
        room, guest=link.trainee, dates=[(thursday(), Span(3, 1080, 1260))]
    )


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_the_mail_says_all_and_is_not_sent_once_it_is_decided(booking, therapist):
    row = Delivery.objects.get(kind="booking_approval")
    render = message_kind("booking_approval").render
    mail = render([row])[row.pk]

    assert row.recipient == therapist
    assert mail.subject.startswith("For your approval: Ada Associate, Thu")
    for words in ("The garden room", "$54", "does not lease or rent space"):
        assert words in mail.text
    assert approval_path(booking, therapist).split("/")[3][:20] in mail.text

    booking.status = BookingStatus.WITHDRAWN
    booking.save()
    assert "decided" in render([row])[row.pk].reason


def test_the_link_works_without_a_sign_in_and_opening_it_changes_nothing(
    booking, therapist, room
):
    stranger = Client()
    address = approval_path(booking, therapist)
    for _each in range(2):
        text = text_of(stranger.get(address))
        assert "Ada asks for hours" in text
        for secret in ("Associate", room.building.street, "Suite 7B"):
            assert secret not in text
    booking.refresh_from_db()
    assert booking.approved_at is None

    assert "Approved." in text_of(stranger.post(address, {"answer": "yes"}))
    booking.refresh_from_db()
    assert booking.approved_at
    assert "nothing to approve any more" in text_of(stranger.get(address))
    assert "Approved." in text_of(stranger.post(address, {"answer": "yes"}))  # again


def test_a_no_on_the_link_needs_its_reason(booking, therapist):
    stranger = Client()
    address = approval_path(booking, therapist)

    assert "Say why, please" in text_of(stranger.post(address, {"answer": "no"}))
    long = "Too late. " * 60
    refused = text_of(stranger.post(address, {"answer": "no", "note": long}))
    assert long.strip() in refused
    assert "Say why, please" not in refused
    stranger.post(address, {"answer": "no", "note": "Too late in the evening."})

    booking.refresh_from_db()
    assert booking.status == BookingStatus.DECLINED
    assert "nothing to approve" in text_of(stranger.get(address))
    assert "now; " in text_of(stranger.post(address, {"answer": "yes"}))


@pytest.mark.parametrize("answer", [{}, {"answer": ""}, {"answer": "maybe"}])
def test_only_a_yes_or_a_no_answers(client, booking, therapist, answer):
    """By the mail's link and signed in: the page again, which says so."""
    pages = [
        approval_path(booking, therapist),
        reverse("spaces:booking_approve", args=[booking.pk]),
    ]
    for address in pages:
        text = text_of(client.post(address, answer | {"note": "Half a word"}))
        assert "Nothing is answered yet. Approve it or decline it" in text
        assert "Half a word" in text  # kept
    booking.refresh_from_db()
    assert booking.approved_at is None
    assert booking.status == BookingStatus.REQUESTED


def test_links_of_others_and_broken_ones_open_nothing(booking):
    stranger = Client()
    somebody = approval_path(booking, TherapistFactory())

    assert stranger.get(somebody).status_code == 404
    assert stranger.post(somebody, {"answer": "yes"}).status_code == 404
    broken = reverse("spaces:approval_link", args=["broken"])
    assert stranger.get(broken).status_code == 404


def test_signed_in_the_supervisor_finds_it_and_approves_in_one_tap(
    client, booking, room
):
    confirm_booking(booking, by=room.hosts.get())
    row = Delivery.objects.get(kind="booking_awaiting", recipient=booking.party)
    mail = message_kind("booking_awaiting").render([row])[row.pk]
    assert "/spaces/approvals/" in mail.text
    assert "answer for what Ada Associate books" in mail.text
    assert "Look and approve" in text_of(client.get(reverse("home")))
    assert "Look and answer" in text_of(client.get(reverse("spaces:booking_list")))
    assert "Your approval" in text_of(client.get(booking.get_absolute_url()))
    address = reverse("spaces:booking_approve", args=[booking.pk])
    assert client.get(address).status_code == 405

    client.post(address, {"answer": "yes"})

    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert message_kind("booking_awaiting").render([row])[row.pk].reason
    assert "Your approval" not in text_of(client.get(booking.get_absolute_url()))


def test_the_guest_and_the_host_see_who_has_to_approve_but_cannot(
    client, booking, room, therapist
):
    for person in (booking.guest, room.hosts.get()):
        client.force_login(person.user)
        text = text_of(client.get(booking.get_absolute_url()))
        assert "Dana Whitlock answers for it, and has to approve it" in text
        client.post(
            reverse("spaces:booking_approve", args=[booking.pk]), {"answer": "yes"}
        )
    booking.refresh_from_db()
    assert booking.approved_at is None


def test_asking_says_who_approves_and_the_rule(client, link, room):
    client.force_login(link.trainee.user)
    ask = reverse("spaces:booking_request", args=[room.pk])

    text = text_of(client.get(ask, asked()))
    assert "Dana Whitlock answers for what you book" in text
    assert "not legal advice" in text
    assert "Ask for these hours" in text

    link.accepted_at = None
    link.save()
    answer = client.get(ask, asked())
    assert "Name your supervisor" in text_of(answer)
    assert "Ask for these hours</button>" not in text_of(answer)
    dates = [date.value for date in answer.context["dates"]]
    query = answer.context["query"]
    answer = client.post(f"{ask}?{query}", {"dates": dates, "people": "2"})
    assert "nobody here has accepted that yet" in text_of(answer)
    assert not room.bookings.exists()
