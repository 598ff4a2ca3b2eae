"""What somebody hears whose hours a host entered: a member, or a person who has no sign-in yet and is invited."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from directory.enums import DeliveryState, Priority, Standing, Topic
from directory.links import sign
from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.calendar import invitations
from spaces.enums import BookingSource, BookingStatus
from spaces.models import Booking, BookingEvent
from spaces.summary import summary_of

GUEST = "guest"  # the purpose of the signed link
LINK_LIFE = timedelta(days=60)
NO_SIGN_IN = [Standing.INVITED, Standing.APPLICANT]  # members' pages are closed to them
ON_ITS_WAY = [
    DeliveryState.CLAIMED,
    DeliveryState.ATTEMPTING,
    DeliveryState.SENT,
    DeliveryState.UNCERTAIN,
]


def register() -> None:
    """Called once, at start."""
    for kind, render in (
        ("invited_guest", render_invitations),
        ("booking_entered", render_entered),
    ):
        register_message(MessageKind(kind, Priority.ESSENTIAL, Topic.HOURS, render))


def guest_path(person: Therapist) -> str:
    """The page of somebody who is no member: what is booked for them. Theirs alone, their address is the proof."""
    return reverse("spaces:guest_link", args=[sign(GUEST, to=person.pk)])


def booking_path(booking: Booking, person: Therapist) -> str:
    """Where ``person`` sees it: its page, or what is open to somebody who is no member. Whoever had dates of it and has
    none now reads what they handed on, or lent."""
    is_guest = person.pk == booking.guest_id
    if is_guest and person.standing in NO_SIGN_IN:
        return guest_path(person)
    if is_guest or person.pk == booking.party_id or _has_dates(booking, person):
        return booking.get_absolute_url()
    given = booking.hand_ons.filter(giver=person).order_by("-pk").first()
    if given is None:
        return reverse("spaces:booking_list")
    return reverse("spaces:hand_on_detail", args=[given.pk])


def _has_dates(booking: Booking, person: Therapist) -> bool:
    """As its host, or as who took some of them on; with parties and dates loaded."""
    return person in booking.office.hosts.all() or any(
        date.guest_id == person.pk for date in booking.occurrences.all()
    )


def entered_bookings() -> Any:
    """What hosts entered and still stands, with who did it first among its events."""
    events = BookingEvent.objects.select_related("actor").order_by("created_at", "pk")
    return (
        Booking.objects.filter(
            source=BookingSource.HOST, status=BookingStatus.CONFIRMED
        )
        .with_parties()
        .with_dates()
        .prefetch_related(Prefetch("events", events))
        .order_by("pk")
    )


# --- The invitation ---------------------------------------------------------------


def render_invitations(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    """All that is entered for the person by then. Nothing, once they took it all off again or joined."""
    community = Community.objects.current()
    return {row.pk: _invitation(row, community) for row in rows}


def _invitation(row: Delivery, community: Community) -> Mail | Skip:
    person = row.recipient
    if person is None or person.standing != Standing.INVITED:
        return Skip("joined or left meanwhile")
    bookings = list(entered_bookings().filter(guest=person))
    if not bookings:
        return Skip("nothing is booked any more")
    return mail_from_templates(
        "spaces",
        "invited_guest",
        {
            "person": person,
            "lines": [line_of(booking, community) for booking in bookings],
            "host": entered_by(bookings[0]),
            "office": bookings[0].office,
            "action_url": absolute_url(guest_path(person)),
            "join_url": absolute_url(reverse("directory:join")),
            "address": person.address,
            "reason": _(
                "You get this once because %(host)s gave us your address. Until you join we write only when your hours change."
            )
            % {"host": entered_by(bookings[0])},
            "community": community,
            "timezone": bookings[0].office.building.timezone,
        },
    )


def line_of(booking: Booking, community: Community) -> dict[str, Any]:
    """One arrangement as its guest may see it: no street, no suite, no codes."""
    summary = summary_of(booking)
    return {
        "booking": booking,
        "office": booking.office,
        "building": booking.office.building,
        "host": entered_by(booking),
        "summary": summary,
        "dates": summary.dates,
        "price": summary.price(community.currency),
    }


def entered_by(booking: Booking) -> Therapist | None:
    """Who entered it; of a host who is gone, one of the office's."""
    actors = [event.actor for event in booking.events.all() if event.actor]
    return actors[0] if actors else next(iter(booking.office.hosts.all()), None)


# --- To members, and of what is entered later -----------------------------------------


def render_entered(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    bookings = entered_bookings().in_bulk([row.payload["booking"] for row in rows])
    community = Community.objects.current()
    invited = dict(
        Delivery.objects.filter(
            kind="invited_guest",
            recipient__in=[row.recipient_id for row in rows if row.recipient_id],
            state__in=ON_ITS_WAY,
        ).values_list("recipient", "claimed_at")
    )
    return {
        row.pk: _entered(row, booking, invited, community)
        for row in rows
        if (booking := bookings.get(row.payload["booking"]))
    }


def _entered(
    row: Delivery, booking: Booking, invited: dict[int, Any], community: Community
) -> Mail | Skip:
    person = row.recipient
    if person is None:
        return Skip("nobody to tell")
    if person.pk in invited and invited[person.pk] >= booking.created_at:
        return Skip("the invitation names these hours")
    is_member = person.is_member
    files = invitations(booking, person) if is_member else []
    line = line_of(booking, community)
    return mail_from_templates(
        "spaces",
        "booking_entered",
        {
            **line,
            "recipient": person,
            "is_member": is_member,
            "has_calendar": bool(files),
            "is_guest": person.pk == booking.guest_id,
            "action_url": absolute_url(booking_path(booking, person)),
            "reason": _("You get this because %(host)s entered these hours for you.")
            % {"host": line["host"]},
            "community": community,
            "timezone": booking.office.building.timezone,
        },
        files,
    )
