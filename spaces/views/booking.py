from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required, render_part
from directory.models import Therapist
from spaces.busy import say_clashes
from spaces.domain.any_room import has_more_rooms, spread_over_rooms
from spaces.domain.approval import waits_for, who_approves
from spaces.domain.asking import request_booking
from spaces.domain.booking import (
    cancel_booking,
    confirm_booking,
    decline_booking,
    withdraw_booking,
)
from spaces.domain.dates import parties_of
from spaces.domain.planning import PlannedDate, plan_dates
from spaces.enums import BookingStatus, OccurrenceState, Party
from spaces.forms.booking import AnswerForm, BookingRequestForm, PatternForm, said_date
from spaces.hours import clock
from spaces.models import Booking, Office
from spaces.queries import offices_open_to
from spaces.summary import summary_of
from spaces.views.booking_detail import my_booking
from spaces.views.hand_on import offered_context
from spaces.views.rooms import chosen_room
from spaces.views.waitlist import wait_context, waiting_context
from spaces.week import DateChoice

PAGE = 20
RUNNING = [BookingStatus.REQUESTED, BookingStatus.AWAITING, BookingStatus.CONFIRMED]


# --- Asking --------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member_required
def booking_request(request: TherapistRequest, pk: int) -> HttpResponse:
    """First the pattern, then each date with its box; the pattern stays in the address."""
    me = request.therapist
    office = get_object_or_404(offices_open_to(me).with_place(), pk=pk)
    with timezone.override(office.building.timezone):
        form = BookingRequestForm(request.POST or None, initial=_asked_people(request))
        if form.is_valid():
            try:
                booking = request_booking(
                    office,
                    guest=me,
                    any_room=_wants_any_room(request),
                    **form.cleaned_data,
                )
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(
                    request,
                    _("Sent. You hear by mail as soon as there is an answer."),
                )
                return redirect(booking)
        context = {
            "office": office,
            "hosts": list(office.hosts.all()),
            **ask_context(request, office, form),
        }
        return render_part(request, "spaces/booking_request.html", "dates", context)


def ask_context(
    request: TherapistRequest, office: Office, form: BookingRequestForm | None = None
) -> dict[str, Any]:
    """What ``_ask.html`` shows: the pattern as the address has it, its dates one by one, the form to send."""
    form = form or BookingRequestForm(initial=_asked_people(request))
    is_asked = request.GET.get("hours") or "repaint" in request.GET
    asked = request.GET.copy()
    asked.setdefault("first_date", timezone.localdate().isoformat())
    pattern = PatternForm(asked if is_asked else None, initial=asked.dict())
    context: dict[str, Any] = {
        "pattern": pattern,
        "request_form": form,
        "dates": [],
        "approval_rule": None,
        "approver": None,
        "wait_dates": [],
        "waits_for": 0,
        "has_more_rooms": has_more_rooms(office),
        "query": request.GET.urlencode(),
    }
    if not pattern.is_valid():
        return context
    people = _asked_people(request)["people"]
    placed = [(office, item) for item in _plan(pattern, office, request.therapist)]
    if _wants_any_room(request):
        placed = spread_over_rooms(
            office,
            [item for _room, item in placed],
            guest=request.therapist,
            people=people,
        )
    planned = [item for _room, item in placed]
    clashes = say_clashes(
        request.therapist,
        [item.period for item in planned if item.period and item.is_free],
        office.building.zone,
    )
    named = request.POST if form.is_bound else request.GET  # a link may name its dates
    ticked = set(named.getlist("dates")) if "dates" in named or form.is_bound else None
    rule, approver = who_approves(request.therapist)
    return context | {
        "approval_rule": rule,
        "approver": approver,
        "spans": pattern.cleaned_data["hours"],
        "dates": [
            _choice(
                item,
                ticked,
                "" if room == office else str(room),
                clashes.get(item.period, "") if item.period else "",
            )
            for room, item in placed
        ],
        "free_count": sum(date.is_free for date in planned),
        "people": people,
        **wait_context(office, request.therapist, planned),
    }


def _plan(pattern: PatternForm, office: Office, me: Therapist) -> list[PlannedDate]:
    """The pattern's dates; none, and a word at the pattern, where the rules say no."""
    cleaned = pattern.cleaned_data
    try:
        return plan_dates(
            office,
            guest=me,
            spans=cleaned["hours"],
            first_date=cleaned["first_date"],
            last_date=cleaned["last_date"],
        )
    except DomainError as error:
        pattern.add_error(None, str(error))
        return []


def _wants_any_room(request: TherapistRequest) -> bool:
    return request.GET.get("any_room") == "on"


def _asked_people(request: TherapistRequest) -> dict[str, Any]:
    people = request.GET.get("people", "")
    return {
        "people": int(people)
        if people.isascii() and people.isdigit() and len(people) < 4
        else 2
    }


def _choice(
    date: PlannedDate, ticked: set[str] | None, elsewhere: str = "", clash: str = ""
) -> DateChoice:
    """``elsewhere`` is the other room that has it, ``clash`` what the guest's own calendar says."""
    value = said_date(date.day, date.span)
    note = _("in %(room)s") % {"room": elsewhere} if elsewhere else date.note
    note = " · ".join(part for part in (note, clash) if part)
    return DateChoice(
        value=value,
        day=date.day,
        hours=f"{clock(date.span.start)}–{clock(date.span.end)}",
        cents=date.price_cents,
        minutes=date.span.minutes,
        note=note[:1].upper() + note[1:],
        is_open=date.is_free,
        is_ticked=date.is_free if ticked is None else value in ticked,
    )


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
        "to_answer": [line for line in waiting if _waits_for_me(line)],
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
    booking = my_booking(request, pk)
    form = AnswerForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    try:
        _answer(request, booking, status, note)
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
        return confirm_booking(booking, by=by, room=room)
    if status == BookingStatus.DECLINED:
        return decline_booking(booking, by=by, note=note)
    if status == BookingStatus.WITHDRAWN:
        return withdraw_booking(booking, by=by)
    if status == BookingStatus.CANCELLED:
        return cancel_booking(booking, by=by, note=note)
    raise Http404
