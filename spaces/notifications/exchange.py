"""What mails say of hours that are held for who waited, and of dates that go from hand to hand."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.models import Community, Delivery
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.calendar import invitations
from spaces.enums import BookingStatus, HandOnKind, HandOnStatus, OccurrenceState
from spaces.models import Booking, HandOn, Occurrence
from spaces.notifications.entry import booking_path
from spaces.summary import Summary, summary_of

WAITLIST = ["waitlist_held", "waitlist_asked"]
HAND_ON = {  # a mail, and where the offer stands when it is still worth sending
    "hand_on_offered": HandOnStatus.OFFERED,
    "hand_on_accepted": HandOnStatus.ACCEPTED,
    "hand_on_declined": HandOnStatus.DECLINED,
    "hand_on_withdrawn": HandOnStatus.WITHDRAWN,
    "hand_on_lapsed": HandOnStatus.LAPSED,
}
Render = Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]


def register() -> None:
    """Called once, at start."""
    kinds = {kind: render_hold(kind) for kind in WAITLIST}
    kinds |= {kind: render_hand_on(kind) for kind in HAND_ON}
    for kind, render in kinds.items():
        register_message(MessageKind(kind, Priority.ESSENTIAL, Topic.HOURS, render))


def render_hold(kind: str) -> Render:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        community = Community.objects.current()
        bookings = (
            Booking.objects.with_parties()
            .with_dates()
            .in_bulk([row.payload["booking"] for row in rows])
        )
        return {
            row.pk: _hold(kind, bookings[row.payload["booking"]], row, community)
            for row in rows
            if row.payload["booking"] in bookings
        }

    return render


def _hold(
    kind: str, booking: Booking, row: Delivery, community: Community
) -> Mail | Skip:
    if booking.status != BookingStatus.REQUESTED or row.recipient is None:
        return Skip("answered meanwhile")
    return mail_from_templates(
        "spaces",
        kind,
        {
            **_about(booking, summary_of(booking), community),
            "recipient": row.recipient,
            "until": booking.answer_by,
            "action_url": absolute_url(booking.get_absolute_url()),
            "reason": _("You get this because you host “%(office)s”.")
            % {"office": booking.office}
            if kind == "waitlist_asked"
            else _("You get this because you wait for hours of “%(office)s”.")
            % {"office": booking.office},
        },
    )


def render_hand_on(kind: str) -> Render:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        community = Community.objects.current()
        dates = Occurrence.objects.select_related("office__building").in_order()
        found = (
            HandOn.objects.select_related(
                "giver__user", "taker__user", "booking__office__building"
            )
            .prefetch_related(Prefetch("occurrences", dates))
            .in_bulk([row.payload["hand_on"] for row in rows])
        )
        return {
            row.pk: _hand_on(kind, found[row.payload["hand_on"]], row, community)
            for row in rows
            if row.payload["hand_on"] in found
        }

    return render


def _hand_on(
    kind: str, hand_on: HandOn, row: Delivery, community: Community
) -> Mail | Skip:
    if hand_on.status != HAND_ON[kind] or row.recipient is None:
        return Skip("answered meanwhile")
    booking = hand_on.booking
    dates = list(hand_on.occurrences.all())
    if kind == "hand_on_accepted":
        dates = [
            date
            for date in dates
            if date.guest_id == hand_on.taker_id
            and date.state == OccurrenceState.BOOKED
        ]
    is_taker = row.recipient.pk == hand_on.taker_id
    attachments = (
        invitations(
            Booking.objects.with_parties().with_dates().get(pk=booking.pk),
            row.recipient,
            about=dates,
        )
        if kind == "hand_on_accepted"
        else []
    )
    path = (
        booking_path(booking, row.recipient)
        if kind == "hand_on_accepted" or not is_taker
        else reverse("spaces:hand_on_detail", args=[hand_on.pk])
    )
    return mail_from_templates(
        "spaces",
        kind,
        {
            **_about(booking, summary_of(booking, dates), community),
            "hand_on": hand_on,
            "is_lent": hand_on.kind == HandOnKind.LEND,
            "is_taker": is_taker,
            "recipient": row.recipient,
            "action_url": absolute_url(path),
            "reason": _(
                "You get this because a colleague offers you hours they have booked."
            )
            if is_taker
            else _("You get this because you offered hours you have booked."),
        },
        attachments,
    )


def _about(booking: Booking, summary: Summary, community: Community) -> dict[str, Any]:
    return {
        "booking": booking,
        "office": booking.office,
        "building": booking.office.building,
        "summary": summary,
        "dates": summary.dates,
        "price": summary.price(community.currency),
        "community": community,
        "timezone": booking.office.building.timezone,
    }
