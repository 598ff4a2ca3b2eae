"""One booking, as each of its people may see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from directory.http import TherapistRequest, member_required
from directory.models import Therapist
from spaces.directions import directions_for_visitors
from spaces.domain.approval import waits_for
from spaces.domain.booking import next_statuses
from spaces.domain.code_view import log_code_view
from spaces.domain.dates import parties_of
from spaces.domain.host_entry import may_refuse
from spaces.domain.message import has_blocks, is_answerable
from spaces.enums import BookingStatus, OccurrenceState, Party
from spaces.forms.booking import AnswerForm, ApprovalForm
from spaces.forms.message import MessageForm
from spaces.history import history_of
from spaces.models import (
    Booking,
    BookingMessage,
    CodeView,
    Occurrence,
    Office,
)
from spaces.models.booking import OccurrenceQuerySet
from spaces.statement import owed_by
from spaces.summary import STANDS, summary_of
from spaces.views.hand_on import hand_on_context
from spaces.views.reopening import borrowed_context
from spaces.views.rooms import rooms_context
from spaces.views.waitlist import lost_context

CODE_BEFORE = timedelta(hours=24)  # from then on the guest sees the entry code
TOLD_PLACE = [BookingStatus.CONFIRMED, BookingStatus.ENDED]
PLACED = [OccurrenceState.BOOKED, OccurrenceState.HELD, OccurrenceState.DISPLACED]
USUAL_STATE = {  # what goes without saying of each date
    BookingStatus.REQUESTED: OccurrenceState.ASKED,
    BookingStatus.AWAITING: OccurrenceState.HELD,
    BookingStatus.CONFIRMED: OccurrenceState.BOOKED,
    BookingStatus.ENDED: OccurrenceState.BOOKED,
    BookingStatus.CANCELLED: OccurrenceState.CANCELLED,
    BookingStatus.DECLINED: OccurrenceState.DECLINED,
    BookingStatus.WITHDRAWN: OccurrenceState.DECLINED,
    BookingStatus.EXPIRED: OccurrenceState.DECLINED,
}
NEWEST_MESSAGES = 100
NEWEST_VIEWS = 5
MODERATORS = 3  # named where somebody may need one


@require_safe
@member_required
def booking_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    return show_booking(request, my_booking(request, pk))


def my_booking(request: TherapistRequest, pk: int) -> Booking:
    mine = Booking.objects.involving(request.therapist)
    return get_object_or_404(mine.with_parties(), pk=pk)


def show_booking(
    request: TherapistRequest,
    booking: Booking,
    *,
    message_form: MessageForm | None = None,
    answer_form: AnswerForm | None = None,
    approval_form: ApprovalForm | None = None,
) -> HttpResponse:
    """Whoever merely took dates on sees these dates, and where; the rest is its people's own."""
    me = request.therapist
    parties = parties_of(booking, me)
    dates = [d for d in dates_of(booking) if parties or d.guest_id == me.pk]
    places = _places(booking, me, parties, dates)
    if request.method != "HEAD" and Party.HOST not in parties and _has_code(places):
        log_code_view(booking, viewer=me)
    with timezone.override(booking.office.building.timezone):
        summary = summary_of(booking, dates)
        context: dict[str, Any] = {
            "booking": booking,
            "office": booking.office,
            "building": booking.office.building,
            "hosts": list(booking.office.hosts.all()),
            "is_host": Party.HOST in parties,
            "is_guest": Party.GUEST in parties,
            "is_taker": not parties,
            **_dates(booking, dates),
            "asked_dates": _to_leave_out(dates) if Party.GUEST in parties else [],
            "summary": summary,
            "price": summary.price(request.community.currency),
            **_sums(booking, me, parties, summary.dates, dates),
            "places": places,
            "has_several_places": len(places) > 1,
            "code_views": [],
            **_answers(booking, me, parties, dates),
            "answer_form": answer_form or AnswerForm(),
            "approval_form": approval_form or ApprovalForm(),
            **hand_on_context(booking, me, dates),
            **borrowed_context(booking, parties),
            **lost_context(booking, me, dates),
            **rooms_context(booking, parties, dates),
            **(_between_its_people(booking, parties, message_form) if parties else {}),
        }
        return render(request, "spaces/booking_detail.html", context)


# --- Dates ---------------------------------------------------------------------


def dates_of(booking: Booking) -> OccurrenceQuerySet:
    """With rooms and guests: single dates may have moved or been handed on."""
    return (
        booking.occurrences.select_related("guest", "payer", "office__building")
        .prefetch_related("office__attributes")
        .in_order()
    )


def _dates(booking: Booking, dates: Sequence[Occurrence]) -> dict[str, Any]:
    """What is over is folded away while the booking runs."""
    now = timezone.now()
    runs = booking.status == BookingStatus.CONFIRMED
    past = [date for date in dates if runs and date.period.upper <= now]
    return {
        "dates": [date for date in dates if date not in past],
        "past_dates": past,
        "usual_state": USUAL_STATE.get(BookingStatus(booking.status)),
    }


def _to_leave_out(dates: Iterable[Occurrence]) -> list[Occurrence]:
    """Of a request: dates that nobody answered yet, where one can go and another stay."""
    asked = [date for date in dates if date.state == OccurrenceState.ASKED]
    return asked if len(asked) > 1 else []


def _sums(
    booking: Booking,
    me: Therapist,
    parties: set[Party],
    kept: Iterable[Occurrence],
    dates: Iterable[Occurrence],
) -> dict[str, Any]:
    """What all of it comes to while it stands, and who owes it where that is somebody else; then what stays due."""
    owing = {owed_by(date) for date in kept} - {me}
    if parties:  # of its guest it goes without saying
        owing.discard(booking.guest)
    return {
        "is_standing": booking.status in STANDS,
        "owed_by": owing.pop() if len(owing) == 1 else None,
        "due_cents": sum(date.price_cents for date in dates if date.is_due),
    }


# --- Where ---------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """One of a booking's rooms; nearly always there is one."""

    office: Office
    directions: str
    shows_code: bool

    @property
    def has_code(self) -> bool:
        return bool(self.office.entry_code or self.office.alarm)


def _places(
    booking: Booking,
    me: Therapist,
    parties: set[Party],
    dates: Sequence[Occurrence],
) -> list[Place]:
    """The rooms of the dates that stand, once confirmed; to their hosts at any time."""
    is_host = Party.HOST in parties
    if booking.status not in TOLD_PLACE and not is_host:
        return []
    rooms = {date.office_id: date.office for date in dates if date.state in PLACED}
    if not rooms:
        rooms = {booking.office_id: booking.office}
    return [
        Place(
            office,
            directions_for_visitors(office),
            is_host or _is_told_code(booking, me, office, dates),
        )
        for office in rooms.values()
    ]


def _is_told_code(
    booking: Booking, me: Therapist, office: Office, dates: Iterable[Occurrence]
) -> bool:
    """The guest of a date: from 24 hours before it until its end, and not once the booking is cancelled."""
    now = timezone.now()
    return booking.status == BookingStatus.CONFIRMED and any(
        date.guest_id == me.pk and date.office_id == office.pk and _is_near(date, now)
        for date in dates
    )


def _is_near(date: Occurrence, now: datetime) -> bool:
    return (
        date.state == OccurrenceState.BOOKED
        and date.period.lower - CODE_BEFORE <= now < date.period.upper
    )


def _has_code(places: Iterable[Place]) -> bool:
    return any(place.shows_code and place.has_code for place in places)


# --- What can be done ----------------------------------------------------------


def _answers(
    booking: Booking, me: Therapist, parties: set[Party], dates: Sequence[Occurrence]
) -> dict[str, Any]:
    """Approving is a button of its own: it comes before or after the host's answer."""
    party = waits_for(booking)
    is_asked = party is not None and party.pk == me.pk and Party.HOST not in parties
    own_way = set()  # of answering: the section about the approval
    if booking.status == BookingStatus.AWAITING:
        own_way.add(BookingStatus.CONFIRMED)
    if is_asked:
        own_way.add(BookingStatus.DECLINED)
    statuses = [s for s in next_statuses(booking, me) if s not in own_way]
    return {
        "answers": statuses,
        "may_change": booking.status == BookingStatus.CONFIRMED
        and (not parties or bool(parties & {Party.GUEST, Party.HOST})),
        "approver": party,
        "may_refuse": may_refuse(booking, me),
        "is_asked_to_approve": is_asked,
        "rivals": _rivals(booking, dates)
        if booking.status == BookingStatus.REQUESTED
        else 0,
    }


def _rivals(booking: Booking, dates: Iterable[Occurrence]) -> int:
    """How many others asked for some of the same hours."""
    overlap = Q()
    for date in dates:
        if date.state == OccurrenceState.ASKED:
            overlap |= Q(period__overlap=date.period)
    if not overlap:
        return 0
    asked = (
        Occurrence.objects.asked()
        .filter(overlap, office=booking.office_id)
        .exclude(booking=booking)
    )
    return asked.order_by().values("guest").distinct().count()


# --- Between its people --------------------------------------------------------


def _between_its_people(
    booking: Booking, parties: set[Party], form: MessageForm | None
) -> dict[str, Any]:
    """What was written, what happened, and to hosts who has seen the code."""
    newest = BookingMessage.objects.filter(booking=booking).select_related("author")
    answerable = is_answerable(booking)
    blocked = answerable and has_blocks(booking)
    views = CodeView.objects.filter(booking=booking).select_related("viewer")
    return {
        "conversation": list(newest.order_by("-created_at", "-pk")[:NEWEST_MESSAGES])[
            ::-1
        ],
        "message_form": (form or MessageForm()) if answerable and not blocked else None,
        "moderators": Therapist.objects.moderators()[:MODERATORS] if blocked else [],
        "is_blocked": blocked,
        "history": history_of(booking),
        "code_views": views[:NEWEST_VIEWS] if Party.HOST in parties else [],
    }
