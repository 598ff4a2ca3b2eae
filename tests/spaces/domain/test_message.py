from datetime import timedelta

import pytest
from django.utils import timezone

from directory.errors import DomainError, NotAllowedError
from directory.models import Delivery
from directory.registry import message_kind
from spaces.domain.message import MOST_AN_HOUR, write_message
from spaces.models import BookingMessage
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import BookingFactory, OfficeFactory

pytestmark = pytest.mark.django_db

NASTY = "<script>alert('x')</script>\n=1+1 & “hello” \u202e🌿\n" + "long" * 500


@pytest.fixture
def booking():
    """Of an institute, by somebody under supervision: four people."""
    office = OfficeFactory(hosts=TherapistFactory.create_batch(2))
    return BookingFactory(office=office, status="confirmed", party=TherapistFactory())


def test_everybody_else_gets_it_by_mail_as_it_was_written(booking):
    write_message(booking, text=NASTY, by=booking.guest)

    rows = list(Delivery.objects.filter(kind="booking_message"))
    hosts = booking.office.hosts.all()
    assert {row.recipient for row in rows} == {*hosts, booking.party}
    mail = message_kind("booking_message").render(rows[:1])[rows[0].pk]
    assert NASTY.splitlines()[0] in mail.text
    assert "&lt;script&gt;" in mail.html
    assert "<script" not in mail.html
    assert f"/spaces/bookings/{booking.pk}/#conversation" in mail.text
    assert message_kind("booking_message").is_essential


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_nothing_written_is_refused(booking, text):
    with pytest.raises(DomainError, match="a word or two"):
        write_message(booking, text=text, by=booking.guest)


@pytest.mark.parametrize("status", ["declined", "withdrawn", "expired"])
def test_about_what_did_not_come_about_nobody_writes(booking, status):
    booking.status = status

    with pytest.raises(NotAllowedError):
        write_message(booking, text="Why?", by=booking.guest)


def test_outsiders_and_blocked_pairs_write_nothing(booking):
    with pytest.raises(NotAllowedError):
        write_message(booking, text="Hello", by=TherapistFactory())
    BlockFactory(blocker=booking.office.hosts.first(), blocked=booking.guest)

    for person in (booking.guest, booking.office.hosts.first()):
        with pytest.raises(NotAllowedError, match="No new messages"):
            write_message(booking, text="Hello", by=person)
    assert not Delivery.objects.exists()


def test_a_second_tap_counts_once_and_a_flood_is_stopped(booking):
    for text in ("One", "One", "Two"):
        write_message(booking, text=text, by=booking.guest)
    mine = BookingMessage.objects.filter(author=booking.guest)
    assert list(mine.values_list("text", flat=True)) == ["One", "Two"]
    BookingMessage.objects.bulk_create(
        BookingMessage(booking=booking, author=booking.guest, text=str(number))
        for number in range(MOST_AN_HOUR - 2)
    )

    with pytest.raises(DomainError, match="a lot of messages"):
        write_message(booking, text="Stop", by=booking.guest)
    write_message(booking, text="I may", by=booking.party)
    mine.update(created_at=timezone.now() - timedelta(hours=1))
    write_message(booking, text="An hour later", by=booking.guest)
