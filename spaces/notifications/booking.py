"""What mails about a booking say, at the moment they leave."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Attachment, Mail, MessageKind, Skip, register_message
from spaces.calendar import invitations
from spaces.enums import BookingStatus, ChangeKind, OccurrenceState
from spaces.history import say_change, say_details
from spaces.hours import local_day
from spaces.models import Booking, BookingEvent, Occurrence, Offer
from spaces.models.booking import TAKEN
from spaces.notifications.agreement import approval_path, because_of
from spaces.notifications.entry import booking_path
from spaces.notifications.links import need_path
from spaces.queries import Match, Wanted, match_offices
from spaces.summary import Summary, summary_of

KINDS = [
    "booking_requested",
    "booking_reminder",
    "booking_awaiting",
    "booking_confirmed",
    "booking_declined",
    "booking_withdrawn",
    "booking_cancelled",
    "booking_expired",
    "booking_lost",
    "booking_changed",
    "booking_unused",
]
INVITING = ["booking_confirmed", "booking_changed", "booking_cancelled"]
STANDING = [OccurrenceState.ASKED, *TAKEN]  # what a change leaves
ELSEWHERE = 3  # rooms named to someone whose hours went to a colleague
ELSEWHERE_METRES = 8000


def register() -> None:
    """Called once, at start."""
    for kind in KINDS:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, Topic.HOURS, renderer(kind))
        )


def renderer(kind: str) -> Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        bookings = _bookings(row.payload["booking"] for row in rows)
        community = Community.objects.current()
        return {
            row.pk: _mail(kind, row, bookings[row.payload["booking"]], community)
            for row in rows
            if row.payload["booking"] in bookings
        }

    return render


def _bookings(ids: Iterable[int]) -> dict[int, Booking]:
    events = BookingEvent.objects.select_related("actor").order_by("created_at", "pk")
    return (
        Booking.objects.with_parties()
        .select_related("offer__need")
        .with_dates()
        .prefetch_related(Prefetch("events", events))
        .in_bulk(list(set(ids)))
    )


def _mail(
    kind: str, row: Delivery, booking: Booking, community: Community
) -> Mail | Skip:
    if row.recipient is None:
        return Skip("nobody to tell")
    if kind == "booking_reminder" and booking.status != BookingStatus.REQUESTED:
        return Skip("answered meanwhile")
    if kind == "booking_awaiting" and booking.status != BookingStatus.AWAITING:
        return Skip("approved or declined meanwhile")
    if kind == "booking_unused" and booking.reconfirm_by is None:
        return Skip("kept meanwhile")
    summary = _summary(kind, row, booking)
    building = booking.office.building
    is_host = row.recipient in booking.office.hosts.all()
    context = {
        "booking": booking,
        "office": booking.office,
        "building": building,
        "recipient": row.recipient,
        "is_host": is_host,
        "is_party": row.recipient.pk == booking.party_id,
        "summary": summary,
        "dates": summary.dates,
        **_happened(kind, row, booking),
        "price": summary.price(community.currency),
        "action_url": absolute_url(_path(booking, row.recipient, is_host=is_host)),
        "reason": _because(booking, row.recipient, is_host=is_host),
        "community": community,
        "timezone": building.timezone,
        **_elsewhere(kind, booking, row.recipient, summary),
    }
    files = _attachments(kind, row, booking)
    return mail_from_templates(
        "spaces", kind, context | {"has_calendar": bool(files)}, files
    )


def _happened(kind: str, row: Delivery, booking: Booking) -> dict[str, Any]:
    """The event the mail is about, in words: what changed and by whom, what was left out of a yes, what is due."""
    events = list(booking.events.all())
    for each in events:
        each.booking = booking
    event = next(
        (e for e in events if e.pk == row.payload.get("event")),
        events[-1] if events else None,
    )
    about = [event] if event is not None else []
    zone = booking.office.building.zone
    partly = [e for e in events if e.change == ChangeKind.PARTLY]
    return {
        "event": event,
        "change": "".join(say_change(e) for e in about),
        "notes": [e.note for e in about if e.note],
        "left_out": say_details(partly[-1:], "before", zone),
        "due": say_details(about, "due", zone),
    }


def _path(booking: Booking, person: Therapist, *, is_host: bool) -> str:
    """Its page, or what is open to a guest who is no member. For a supervisor, or a guest without a sign-in, the page of
    the need it came from. While a yes is missing, where who answers for the guest says it in one tap.
    """
    if booking.status == BookingStatus.AWAITING and person.pk == booking.party_id:
        return approval_path(booking, person)
    offer: Offer | None = getattr(booking, "offer", None)
    is_guest = person.pk == booking.guest_id and person.user_id is not None
    if offer is None or is_host or is_guest:
        return booking_path(booking, person)
    return need_path(offer.need, person)


def _because(booking: Booking, person: Therapist, *, is_host: bool) -> str:
    if person.pk == booking.party_id:
        return because_of(booking)
    if is_host:
        return _("You get this because you host “%(office)s”.") % {
            "office": booking.office
        }
    return _(
        "You get this because you asked for these hours, or they are booked for you."
    )


def _summary(kind: str, row: Delivery, booking: Booking) -> Summary:
    """The dates the mail is about: those lost, those called off, else all that were not lost."""
    dates = _told_of(booking, row)
    if kind == "booking_lost":
        lost = set(row.payload.get("occurrences", []))
        chosen = [date for date in dates if date.pk in lost]
        return Summary(booking, booking.office.building.zone, chosen)
    if kind == "booking_cancelled":
        off = [date for date in dates if date.state == OccurrenceState.CANCELLED]
        last = list(booking.events.all())[-1:]
        said = {lower for event in last for lower, _ in event.details.get("before", [])}
        chosen = [d for d in off if not said or d.period.lower.isoformat() in said]
        return Summary(booking, booking.office.building.zone, chosen)
    if kind in ("booking_changed", "booking_unused"):
        dates = [date for date in dates if date.state in STANDING]
    return summary_of(booking, dates)


def _told_of(booking: Booking, row: Delivery) -> list[Occurrence]:
    """Its people read of all dates; anybody else of those they have or pay for: none, once they gave them on."""
    dates = list(booking.occurrences.all())
    offer: Offer | None = getattr(booking, "offer", None)
    people = {booking.guest_id, booking.party_id, offer and offer.need.author_id}
    people |= {host.pk for host in booking.office.hosts.all()}
    if row.recipient_id in people:
        return dates
    return [o for o in dates if row.recipient_id in (o.guest_id, o.payer_id)]


def _attachments(kind: str, row: Delivery, booking: Booking) -> list[Attachment]:
    """What the recipient's calendar should know now: of the whole booking, or of what a change touched."""
    if kind not in INVITING or row.recipient is None:
        return []
    event = next(
        (e for e in booking.events.all() if e.pk == row.payload.get("event")), None
    )
    return invitations(
        booking, row.recipient, about=_touched(booking, event) if event else None
    )


def _touched(booking: Booking, event: BookingEvent) -> list[Occurrence]:
    """Every date that stands, or stood first, where the change was; all, if it does not say."""
    said = [*event.details.get("before", []), *event.details.get("after", [])]
    starts = {datetime.fromisoformat(lower) for lower, _upper in said}
    return [
        o
        for o in booking.occurrences.all()
        if not starts
        or o.period.lower in starts
        or (o.moved_from and o.moved_from.lower in starts)
    ]


def _elsewhere(
    kind: str, booking: Booking, person: Therapist, summary: Summary
) -> dict[str, Any]:
    """Other rooms for hours that went to a colleague, and the search that finds more: for who asked."""
    is_guest = person.pk == booking.guest_id
    if kind != "booking_lost" or not is_guest or not summary.dates:
        return {"matches": [], "search_url": ""}
    wanted = _wanted(booking, summary)
    return {
        "matches": _matches(wanted, booking.guest, booking.office_id),
        "search_url": absolute_url(
            f"{reverse('spaces:office_search')}?{_query(wanted, booking)}"
        ),
    }


def _wanted(booking: Booking, summary: Summary) -> Wanted:
    building = booking.office.building
    return Wanted(
        spans=summary.spans,
        first_date=max(
            summary.dates[0].day(summary.zone), local_day(timezone.now(), summary.zone)
        ),
        last_date=summary.dates[-1].day(summary.zone),
        latitude=building.latitude,
        longitude=building.longitude,
        radius_metres=ELSEWHERE_METRES,
        people=booking.people,
    )


def _matches(wanted: Wanted, guest: Therapist, office_id: int) -> list[Match]:
    found = match_offices(wanted, guest=guest, limit=ELSEWHERE + 1)
    return [match for match in found if match.office.pk != office_id][:ELSEWHERE]


def _query(wanted: Wanted, booking: Booking) -> str:
    query = QueryDict(mutable=True)
    query.setlist(
        "hours", ["-".join(str(part) for part in span) for span in wanted.spans]
    )
    query["first_date"] = wanted.first_date.isoformat()
    query["until"] = wanted.last_date.isoformat()
    query["near"] = booking.office.building.zip_code
    query["people"] = str(booking.people)
    return query.urlencode()
