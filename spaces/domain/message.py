"""What the parties of a booking write to each other about it."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue_to
from directory.errors import DomainError, NotAllowedError
from directory.models import Block, Therapist
from spaces.domain.dates import concerned_by
from spaces.enums import BookingStatus
from spaces.models import Booking, BookingMessage

HOUR = timedelta(hours=1)
MOST_AN_HOUR = 20  # of one person, about one booking
TWICE = timedelta(minutes=2)  # the same words again within it were a second tap
UNANSWERABLE = [
    BookingStatus.DECLINED,
    BookingStatus.WITHDRAWN,
    BookingStatus.EXPIRED,
]  # nobody owes an answer about what did not come about


@transaction.atomic
def write_message(booking: Booking, *, text: str, by: Therapist) -> BookingMessage:
    """Keep it with the booking and mail it to everybody else concerned. The same words twice in a row count once."""
    people = concerned_by(booking)
    if by not in people:
        raise NotAllowedError(_("Only the people of this booking write here."))
    if not text.strip():
        raise DomainError(_("Write a word or two first."))
    if not is_open(booking):
        raise NotAllowedError(_("No new messages can be written here."))
    Booking.objects.select_for_update(no_key=True, of=("self",)).get(pk=booking.pk)
    mine = BookingMessage.objects.filter(booking=booking, author=by)
    now = timezone.now()
    last = mine.order_by("-created_at", "-pk").first()
    if last and last.text == text and last.created_at > now - TWICE:
        return last
    if mine.filter(created_at__gt=now - HOUR).count() >= MOST_AN_HOUR:
        raise DomainError(
            _("That is a lot of messages for one hour. Wait a little, please.")
        )
    message = BookingMessage.objects.create(booking=booking, author=by, text=text)
    enqueue_to(
        "booking_message",
        people - {by},
        cause=f"booking:{booking.pk}:message:{message.pk}",
        payload={"message": message.pk},
    )
    return message


def is_open(booking: Booking) -> bool:
    """Whether new messages can be written: about what came about, while nobody of its people blocked another."""
    return is_answerable(booking) and not has_blocks(booking)


def is_answerable(booking: Booking) -> bool:
    return booking.status not in UNANSWERABLE


def has_blocks(booking: Booking) -> bool:
    ids = [person.pk for person in concerned_by(booking)]
    return Block.objects.filter(blocker__in=ids, blocked__in=ids).exists()
