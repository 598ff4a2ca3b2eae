"""Mails around the agreement: what somebody wrote about a booking, and the question to who answers for its guest."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from directory.domain.supervision import rule_for
from directory.enums import Priority, Topic
from directory.links import sign
from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.enums import BookingStatus
from spaces.models import Booking, BookingMessage
from spaces.notifications.entry import booking_path
from spaces.summary import summary_of

APPROVABLE_FOR = timedelta(days=60)  # longer than any request runs
OPEN = [BookingStatus.REQUESTED, BookingStatus.AWAITING]


def register() -> None:
    """Called once, at start."""
    for kind, render in (
        ("booking_message", render_messages),
        ("booking_approval", render_approvals),
    ):
        register_message(MessageKind(kind, Priority.ESSENTIAL, Topic.HOURS, render))


def approval_path(booking: Booking, person: Therapist) -> str:
    """Where ``person``, who answers for its guest, approves or declines without signing in."""
    token = sign("approval", booking=booking.pk, person=person.pk)
    return reverse("spaces:approval_link", args=[token])


def because_of(booking: Booking) -> str:
    return _("You get this because you answer for what %(name)s books.") % {
        "name": booking.guest
    }


def render_messages(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    """With the words themselves; the answer is written on the booking's page."""
    found = BookingMessage.objects.select_related(
        "author", "booking__office__building"
    ).in_bulk([row.payload["message"] for row in rows])
    community = Community.objects.current()
    return {
        row.pk: _message(found[row.payload["message"]], row, community)
        for row in rows
        if row.payload["message"] in found
    }


def _message(message: BookingMessage, row: Delivery, community: Community) -> Mail:
    booking = message.booking
    context = {
        "message": message,
        "booking": booking,
        "office": booking.office,
        "recipient": row.recipient,
        "action_url": absolute_url(_conversation_path(booking, row)),
        "can_answer": row.recipient is None or row.recipient.is_member,
        "reason": _("You get this because you are one of the people of this booking."),
        "community": community,
        "timezone": booking.office.building.timezone,
    }
    return mail_from_templates("spaces", "booking_message", context)


def _conversation_path(booking: Booking, row: Delivery) -> str:
    """Somebody who is no member yet reads on the page that is open to them; they answer once they have joined."""
    if row.recipient and not row.recipient.is_member:
        return booking_path(booking, row.recipient)
    return f"{booking.get_absolute_url()}#conversation"


def render_approvals(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    """Skipped once there is nothing left to approve."""
    bookings = (
        Booking.objects.with_parties()
        .with_dates()
        .in_bulk([row.payload["booking"] for row in rows])
    )
    community = Community.objects.current()
    return {
        row.pk: _approval(bookings[row.payload["booking"]], row, community)
        for row in rows
        if row.payload["booking"] in bookings
    }


def _approval(booking: Booking, row: Delivery, community: Community) -> Mail | Skip:
    person = row.recipient
    if person is None or person.pk != booking.party_id:
        return Skip("somebody else answers for it")
    if booking.approved_at is not None or booking.status not in OPEN:
        return Skip("decided already")
    summary = summary_of(booking)
    context = {
        "booking": booking,
        "office": booking.office,
        "building": booking.office.building,
        "recipient": person,
        "summary": summary,
        "dates": summary.dates,
        "price": summary.price(community.currency),
        "rule": rule_for(booking.guest),
        "action_url": absolute_url(approval_path(booking, person)),
        "reason": because_of(booking),
        "community": community,
        "timezone": booking.office.building.timezone,
    }
    return mail_from_templates("spaces", "booking_approval", context)
