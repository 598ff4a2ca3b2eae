"""What two members write to each other, on pages here: neither sees the other's address until both have written."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import DomainError, NotAllowedError
from directory.models import Block, Conversation, Message, Therapist

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_AN_HOUR = 20  # messages of one person
MOST_BEGUN = 10  # conversations that one person begins in a day
TWICE = timedelta(minutes=2)  # the same words again within it were a second tap


@transaction.atomic
def write_to(person: Therapist, *, text: str, by: Therapist) -> Message:
    """Keep it in the conversation of the two, and tell the other by mail."""
    text = text.replace("\x00", "").strip()
    if not text:
        raise DomainError(_("Write a word or two first."))
    if not can_write(person, by=by):
        raise NotAllowedError(_("No message can be written here."))
    Therapist.objects.select_for_update(no_key=True).get(pk=by.pk)
    now = timezone.now()
    mine = Message.objects.filter(author=by, created_at__gt=now - HOUR)
    conversation = Conversation.objects.between(person, by).first()
    if conversation:
        last = mine.filter(conversation=conversation).order_by("-pk").first()
        if last and last.text == text and last.created_at > now - TWICE:
            return last
    else:
        conversation = _begin(person, by)
    if mine.count() >= MOST_AN_HOUR:
        raise DomainError(
            _("That is a lot of messages for one hour. Wait a little, please.")
        )
    message = Message.objects.create(conversation=conversation, author=by, text=text)
    Conversation.objects.filter(pk=conversation.pk).update(written_at=now)
    enqueue(
        "member_message",
        to=person,
        cause=f"message:{message.pk}",
        payload={"message": message.pk},
    )
    return message


def can_write(person: Therapist, *, by: Therapist) -> bool:
    """Between two members of whom neither blocked the other."""
    pair = [person.pk, by.pk]
    return (
        person.pk != by.pk
        and person.is_member
        and by.is_member
        and not Block.objects.filter(blocker__in=pair, blocked__in=pair).exists()
    )


def have_both_written(conversation: Conversation) -> bool:
    return conversation.messages.values("author").distinct().count() > 1


def _begin(person: Therapist, by: Therapist) -> Conversation:
    begun = Conversation.objects.filter(
        begun_by=by, created_at__gt=timezone.now() - DAY
    )
    if begun.count() >= MOST_BEGUN:
        raise DomainError(
            _("You wrote to many people for the first time today. Wait until tomorrow.")
        )
    first, second = sorted([person, by], key=lambda one: one.pk)
    conversation, _is_new = Conversation.objects.get_or_create(
        first=first, second=second, defaults={"begun_by": by}
    )
    return conversation
