from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required, render_part
from directory.models import Therapist
from spaces.domain.approval import waits_for
from spaces.domain.booking import (
    cancel_booking,
    confirm_booking,
    decline_booking,
    withdraw_booking,
)
from spaces.domain.dates import parties_of
from spaces.enums import BookingStatus, OccurrenceState, Party
from spaces.forms.booking import AnswerForm
from spaces.models import Booking
from spaces.summary import summary_of
from spaces.views.booking_detail import my_booking, show_booking
from spaces.views.hand_on import offered_context
from spaces.views.rooms import chosen_room
from spaces.views.waitlist import waiting_context

PAGE = 20
RUNNING = [BookingStatus.REQUESTED, BookingStatus.AWAITING, BookingStatus.CONFIRMED]


# --- Reading -------------------------------------------------------------------


@require_safe
@member_required
def booking_list(request: TherapistRequest) -> HttpResponse:
    me = request.therapist
    bookings = Booking.objects.filter(
        pk__in=Booking.objects.involving(me).order_by().values("pk")
    )
    bookings = bookings.with_parties().with_dates()
    running = [_line(booking, me) for booking in bookings.filter(status__in=RUNNING)]
    waiting = [
        line for line in running if line["booking"].status != BookingStatus.CONFIRMED
    ]
    page = Paginator(bookings.exclude(status__in=RUNNING), PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "to_answer": sorted(
            (line for line in waiting if _waits_for_me(line)), key=_due
        ),
        "asked": [line for line in waiting if not _waits_for_me(line)],
        "confirmed": sorted(
            (line for line in running if line not in waiting), key=_soonest
        ),
        "past": [_line(booking, me) for booking in page],
        **waiting_context(request),
        **offered_context(me),
        "page": page,
    }
    return render_part(request, "spaces/booking_list.html", "past", context)


def _line(booking: Booking, me: Therapist) -> dict[str, Any]:
    parties = parties_of(booking, me)
    dates = booking.occurrences.all()
    mine = dates if parties else [date for date in dates if date.guest_id == me.pk]
    summary = summary_of(booking, mine)
    approver = waits_for(booking)
    return {
        "booking": booking,
        "summary": summary,
        "is_host": Party.HOST in parties,
        "is_guest": booking.guest_id == me.pk,
        "is_party": Party.SUPERVISOR in parties,
        "is_asked_to_approve": approver is not None and approver.pk == me.pk,
        "next": summary.next_after(timezone.now()),
        "displaced": any(
            date.state == OccurrenceState.DISPLACED for date in summary.dates
        ),
    }


def _waits_for_me(line: dict[str, Any]) -> bool:
    is_request = line["booking"].status == BookingStatus.REQUESTED
    return bool(line["is_asked_to_approve"] or (line["is_host"] and is_request))


def _due(line: dict[str, Any]) -> Any:
    return line["booking"].answer_by or line["booking"].created_at


def _soonest(line: dict[str, Any]) -> Any:
    coming = line["next"] or line["summary"].first
    return coming.period.lower if coming else line["booking"].created_at


# --- Answering -----------------------------------------------------------------

SAID = {
    BookingStatus.CONFIRMED: gettext_lazy(
        "Confirmed. You both get a mail with a calendar file."
    ),
    BookingStatus.DECLINED: gettext_lazy("Declined. Your colleague is told."),
    BookingStatus.WITHDRAWN: gettext_lazy("Withdrawn. The host is told."),
    BookingStatus.CANCELLED: gettext_lazy(
        "Cancelled, every date that was still to come. The other side is told."
    ),
}


@require_POST
@member_required
def booking_answer(request: TherapistRequest, pk: int, status: str) -> HttpResponse:
    """Refused words come back in their field, on the booking's page, and nothing is answered."""
    booking = my_booking(request, pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return show_booking(request, booking, answer_form=form)
    try:
        _answer(request, booking, status, form.cleaned_data["note"])
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, SAID[BookingStatus(status)])
    return redirect(booking)


def _answer(
    request: TherapistRequest, booking: Booking, status: str, note: str
) -> Booking:
    by = request.therapist
    if status == BookingStatus.CONFIRMED:
        room = chosen_room(request.POST, booking)
        return confirm_booking(booking, by=by, only=_only(request), room=room)
    if status == BookingStatus.DECLINED:
        return decline_booking(booking, by=by, note=note)
    if status == BookingStatus.WITHDRAWN:
        return withdraw_booking(booking, by=by)
    if status == BookingStatus.CANCELLED:
        return cancel_booking(booking, by=by, note=note)
    raise Http404


def _only(request: TherapistRequest) -> set[int] | None:
    """The ids of the dates a host ticked; None where the form named none to choose from."""
    if "some" not in request.POST:
        return None
    texts = request.POST.getlist("only")
    return {int(text) for text in texts if text.isdecimal() and len(text) < 19}
