"""What mails say once a place is open again: back or not, and what becomes of a borrowed room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.links import sign
from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Attachment, Mail, MessageKind, Skip, register_message
from spaces.calendar import invitations
from spaces.enums import BorrowedStatus, OccurrenceState, WayBackStatus
from spaces.models import Booking, BorrowedRoom, Occurrence, WayBack
from spaces.summary import say_proposal, summary_of

BORROWED, WAY_BACK = "borrowed", "way_back"  # purposes of signed links
LINK_LIFE = timedelta(days=30)
STILL = {  # a mail, and where the question stands when it is still worth sending
    "borrowed_asked": {BorrowedStatus.ASKED},
    "borrowed_proposed": {BorrowedStatus.PROPOSED},
    "borrowed_agreed": {BorrowedStatus.AGREED},
    "borrowed_kept": {BorrowedStatus.KEPT, BorrowedStatus.LAPSED},
}


def register() -> None:
    """Called once, at start."""
    kinds = {kind: render_borrowed(kind) for kind in STILL}
    for kind, render in [*kinds.items(), ("way_back", render_ways_back)]:
        register_message(MessageKind(kind, Priority.ESSENTIAL, Topic.HOURS, render))


def borrowed_path(borrowed: BorrowedRoom, person: Therapist) -> str:
    """From mail, signed in or not: theirs alone, their address is the proof."""
    token = sign(BORROWED, borrowed=borrowed.pk, to=person.pk)
    return reverse("spaces:borrowed_link", args=[token])


def way_back_path(way: WayBack) -> str:
    token = sign(WAY_BACK, way_back=way.pk, to=way.guest_id)
    return reverse("spaces:way_back_link", args=[token])


# --- A borrowed room ------------------------------------------------------------------


def render_borrowed(
    kind: str,
) -> Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        community = Community.objects.current()
        bookings = Booking.objects.with_parties().with_dates()
        found = (
            BorrowedRoom.objects.select_related("proposed_by")
            .prefetch_related(
                Prefetch("booking", bookings), Prefetch("sublet", bookings)
            )
            .in_bulk([row.payload["borrowed"] for row in rows])
        )
        return {
            row.pk: _borrowed(kind, found[row.payload["borrowed"]], row, community)
            for row in rows
            if row.payload["borrowed"] in found
        }

    return render


def _borrowed(
    kind: str, borrowed: BorrowedRoom, row: Delivery, community: Community
) -> Mail | Skip:
    person, booking = row.recipient, borrowed.booking
    if borrowed.status not in STILL[kind] or person is None:
        return Skip("answered meanwhile")
    if kind == "borrowed_proposed" and not row.cause.endswith(f":{borrowed.version}"):
        return Skip("another proposal replaced it")
    is_agreed = kind == "borrowed_agreed"
    shown = borrowed.sublet or booking if is_agreed else booking
    dates = [] if is_agreed and not borrowed.sublet else dates_to_come(shown)
    summary = summary_of(shown, dates)
    is_host = person in booking.office.hosts.all()
    return mail_from_templates(
        "spaces",
        kind,
        {
            "borrowed": borrowed,
            "booking": booking,
            "office": booking.office,
            "building": booking.office.building,
            "guest": booking.guest,
            "is_host": is_host,
            "is_lapsed": borrowed.status == BorrowedStatus.LAPSED,
            "proposal": say_proposal(borrowed, community.currency),
            "summary": summary,
            "dates": summary.dates,
            "recipient": person,
            "action_url": absolute_url(borrowed_path(borrowed, person)),
            "reason": _("You get this because you host “%(office)s”.")
            % {"office": booking.office}
            if is_host
            else _("You get this because these hours are booked for you."),
            "community": community,
            "timezone": booking.office.building.timezone,
        },
        _files(borrowed, person) if is_agreed else [],
    )


def _files(borrowed: BorrowedRoom, person: Therapist) -> list[Attachment]:
    """What goes leaves the calendar in the same mail that brings what comes."""
    if not person.is_member:
        return []
    bookings = [borrowed.booking, *([borrowed.sublet] if borrowed.sublet else [])]
    files = [file for booking in bookings for file in invitations(booking, person)]
    return [
        replace(file, name=f"{number}-{file.name}")
        for number, file in enumerate(files, start=1)
    ]


def dates_to_come(booking: Booking) -> list[Occurrence]:
    now = timezone.now()
    return [
        date
        for date in booking.occurrences.all()
        if date.state == OccurrenceState.BOOKED and date.period.lower > now
    ]


# --- Back to one's own room ------------------------------------------------------------


def render_ways_back(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    community = Community.objects.current()
    dates = Occurrence.objects.select_related("office__building").in_order()
    ways = WayBack.objects.prefetch_related(Prefetch("occurrences", dates)).in_bulk(
        [row.payload["way_back"] for row in rows]
    )
    return {
        row.pk: _way_back(way, row.recipient, community)
        for row in rows
        if row.recipient and (way := ways.get(row.payload["way_back"]))
    }


def _way_back(way: WayBack, person: Therapist, community: Community) -> Mail | Skip:
    dates: list[Any] = list(way.occurrences.all())
    if way.status != WayBackStatus.ASKED or not dates:
        return Skip("answered meanwhile")
    return mail_from_templates(
        "spaces",
        "way_back",
        {
            "way": way,
            "office": dates[0].office,
            "building": dates[0].office.building,
            "dates": dates,
            "recipient": person,
            "until": way.answer_by,
            "action_url": absolute_url(way_back_path(way)),
            "reason": _("You get this because your own hours are concerned."),
            "community": community,
            "timezone": dates[0].office.building.timezone,
        },
    )
