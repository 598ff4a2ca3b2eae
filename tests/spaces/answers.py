"""A helper who was asked by mail, and what they answer."""

from datetime import timedelta

from django.utils import timezone

from directory.links import address_for
from directory.models import Delivery
from directory.registry import message_kind
from spaces.domain.need import publish_need
from spaces.hours import Span
from spaces.models import WaveRecipient
from tests.factories.spaces import NeedFactory, helper_with_hours

EARLY, LATE = Span(2, 17 * 60, 19 * 60), Span(2, 19 * 60, 21 * 60)
MORNING = Span(3, 9 * 60, 12 * 60)
EVENING = Span(2, 17 * 60, 21 * 60)
ADDRESS = "answer@rooms.example.org"


def rendered(kind):
    """What mails of this kind say, by recipient."""
    rows = list(Delivery.objects.filter(kind=kind).select_related("recipient__user"))
    mails = message_kind(kind).render(rows) if rows else {}
    return {row.recipient: mails[row.pk] for row in rows}


def told_by_mail(*free, wanted=(EVENING, MORNING), **fields):
    """Mara has a room; Dana needs hours; the mail that asks Mara is written. ``free`` are Mara's posted hours."""
    helper = helper_with_hours(
        *free, name="Garden room", helper_name="Mara Ellison", **fields
    )
    need = NeedFactory(
        therapist__name="Dana Whitlock",
        status="draft",
        published_at=None,
        spans=list(wanted),
        first_date=timezone.now().date() + timedelta(days=1),
    )
    publish_need(need, by=need.author)
    rendered("wave")
    return WaveRecipient.objects.get(recipient=helper)


def address_of(told):
    return address_for("help", told.pk)
