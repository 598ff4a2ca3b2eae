"""Changing dates of a running booking. Each page says what an act costs before it is done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.models import Therapist
from spaces import hours
from spaces.domain.changes import (
    GIVEN_UP,
    STANDING,
    change_from,
    dates_ended,
    dates_to_come,
    end_from,
    move_date,
    plan_again,
    plan_change,
    plan_move,
    readd_dates,
    skip_dates,
)
from spaces.domain.dates import free_until, is_late, parties_of
from spaces.domain.planning import PlannedDate, refused_hours
from spaces.domain.rooms import may_move
from spaces.enums import BookingStatus, OccurrenceState, Party
from spaces.forms.changes import (
    ChosenDatesForm,
    DateMoveForm,
    DatesChangeForm,
    DatesEndForm,
)
from spaces.hours import Span
from spaces.models import Booking, Occurrence
from spaces.queries import openings_open_to
from spaces.summary import summary_of
from spaces.views.booking_detail import dates_of
from spaces.views.proposal import proposals_context
from spaces.week import say_spans

AROUND = timedelta(days=10)  # how far from its date other hours are shown for one


@dataclass(frozen=True)
class Line:
    """A date, and what giving it up costs, or whether it is to be had again."""

    date: Occurrence
    free_until: datetime
    is_late: bool
    is_mine: bool  # to move: not for its host
    planned: PlannedDate | None = None

    @property
    def is_due(self) -> bool:
        return self.is_late and self.is_mine and self.date.price_cents > 0


# --- All dates -------------------------------------------------------------------


@require_safe
@member_required
def booking_dates(request: TherapistRequest, pk: int) -> HttpResponse:
    return _show(request, _running(request, pk))


@require_POST
@member_required
def dates_skip(request: TherapistRequest, pk: int) -> HttpResponse:
    booking = _running(request, pk)
    form = ChosenDatesForm(request.POST, dates=_standing(booking, request.therapist))
    if form.is_valid():
        chosen, note = form.cleaned_data["dates"], form.cleaned_data["note"]
        try:
            skip_dates(booking, chosen, by=request.therapist, note=note)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                ngettext(
                    "%(count)s date given up. The other side is told once.",
                    "%(count)s dates given up. The other side is told once.",
                    len(chosen),
                )
                % {"count": len(chosen)},
            )
            return redirect("spaces:booking_dates", pk)
    return _show(request, booking, skip_form=form)


@require_POST
@member_required
def dates_readd(request: TherapistRequest, pk: int) -> HttpResponse:
    booking = _running(request, pk)
    given_up = dates_of(booking).filter(state__in=GIVEN_UP, guest=request.therapist)
    form = ChosenDatesForm(request.POST, dates=given_up)
    if form.is_valid():
        try:
            readd_dates(booking, form.cleaned_data["dates"], by=request.therapist)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Booked again. The host is told once."))
            return redirect("spaces:booking_dates", pk)
    return _show(request, booking, readd_form=form)


def _show(
    request: TherapistRequest,
    booking: Booking,
    *,
    skip_form: ChosenDatesForm | None = None,
    readd_form: ChosenDatesForm | None = None,
) -> HttpResponse:
    me = request.therapist
    none = Occurrence.objects.none()
    dates = _dates(booking, me)
    given_up = [d for d in dates if d.state in GIVEN_UP and d.guest_id == me.pk]
    again = plan_again(booking, given_up, guest=me)
    standing = [d for d in dates if d.state == OccurrenceState.BOOKED]
    displaced = [d for d in dates if d.state == OccurrenceState.DISPLACED]
    with timezone.override(booking.office.building.timezone):
        context = {
            **_frame(booking, me),
            "standing": [_line(booking, d, me) for d in standing],
            **proposals_context(standing, me),
            "given_up": [_line(booking, d, me, again[d.pk]) for d in given_up],
            "displaced": displaced,
            "may_move": Party.HOST in parties_of(booking, me)
            and may_move(booking, displaced),
            "skip_form": skip_form or ChosenDatesForm(dates=none),
            "readd_form": readd_form or ChosenDatesForm(dates=none),
            "ticked": set(request.POST.getlist("dates")),
        }
        return render(request, "spaces/booking_dates.html", context)


# --- One date ----------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member_required
def date_move(request: TherapistRequest, pk: int, date_pk: int) -> HttpResponse:
    """GET looks whether the hours are to be had, and what they cost; POST moves."""
    booking, me = _running(request, pk), request.therapist
    mine = dates_of(booking).filter(guest=me, state=OccurrenceState.BOOKED)
    found = get_object_or_404(mine, pk=date_pk)
    zone = found.office.building.zone
    with timezone.override(zone):
        span = found.span(zone)
        standing = {"day": found.day(zone), "starts": span.start, "ends": span.end}
        sent = request.POST or ("day" in request.GET and request.GET) or None
        form = DateMoveForm(sent, initial=standing)
        planned = None
        if form.is_valid():
            try:
                planned = plan_move(found, to=form.cleaned_data["to"], guest=me)
                if request.method == "POST":
                    move_date(found, to=form.cleaned_data["to"], by=me)
                    messages.success(request, _("Moved. The host is told once."))
                    return redirect("spaces:booking_dates", pk)
            except DomainError as error:
                form.add_error(None, str(error))
        context = {
            **_frame(booking, me),
            "date": found,
            "form": form,
            "planned": planned,
            "cents": _cents(booking, found, planned),
            "offered": list(_offered_around(found, me)),
        }
        return render(request, "spaces/date_move.html", context)


def _cents(booking: Booking, found: Occurrence, planned: PlannedDate | None) -> int:
    if planned is None:
        return 0
    late = is_late(booking, found)
    return max(planned.price_cents, found.price_cents if late else 0)


def _offered_around(found: Occurrence, me: Therapist) -> Iterable[dict[str, Any]]:
    """Free hours of the days around, each as what the form wants."""
    zone = found.office.building.zone
    reach = (
        max(found.period.lower - AROUND, timezone.now()),
        found.period.upper + AROUND,
    )
    openings = openings_open_to(me).filter(office=found.office_id)
    free = hours.union(part for opening in openings for part in opening.free)
    free = hours.difference(free, refused_hours(found.booking))
    for lower, upper in hours.intersection(free, [reach]):
        span = hours.span_of(type(found.period)(lower, upper), zone)
        yield {
            "day": hours.local_day(lower, zone),
            "said": say_spans([span])[4:],
            "starts": hours.clock(span.start),
            "ends": hours.clock(
                min(span.end, span.start + found.span(zone).minutes) % hours.DAY
            ),
        }


# --- From a date on ------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member_required
def dates_change(request: TherapistRequest, pk: int) -> HttpResponse:
    """The hours stand in the address; GET lists date by date what would change, POST does it."""
    booking, me = _running(request, pk), request.therapist
    with timezone.override(booking.office.building.timezone):
        is_asked = "day" in request.GET
        form = DatesChangeForm(
            request.GET if is_asked else None,
            initial={"day": timezone.localdate(), "hours": _spans(booking, me)},
        )
        moves = []
        if form.is_valid():
            day, spans = form.cleaned_data["day"], form.cleaned_data["hours"]
            try:
                moves = plan_change(booking, day, spans=spans, guest=me)
                if request.method == "POST":
                    change_from(booking, day, spans=spans, by=me)
                    messages.success(request, _("Changed. The host is told once."))
                    return redirect("spaces:booking_dates", pk)
            except DomainError as error:
                form.add_error(None, str(error))
        context = {
            **_frame(booking, me),
            "form": form,
            "moves": moves,
            "possible": sum(move.to.is_free for move in moves),
            "query": request.GET.urlencode(),
        }
        return render(request, "spaces/dates_change.html", context)


def _spans(booking: Booking, me: Therapist) -> list[Span]:
    mine = [d for d in dates_to_come(booking) if d.guest_id == me.pk]
    return summary_of(booking, mine).spans


@require_http_methods(["GET", "POST"])
@member_required
def dates_end(request: TherapistRequest, pk: int) -> HttpResponse:
    """GET says what giving up all dates from a day on costs, POST does it."""
    booking, me = _running(request, pk), request.therapist
    with timezone.override(booking.office.building.timezone):
        free_from = timezone.localdate() + timedelta(days=booking.notice_days + 1)
        sent = request.POST or ("day" in request.GET and request.GET) or None
        form = DatesEndForm(sent, initial={"day": free_from})
        ending: list[Occurrence] = []
        if form.is_valid():
            day, note = form.cleaned_data["day"], form.cleaned_data["note"]
            ending = dates_ended(booking, day, by=me)
            try:
                if request.method == "POST":
                    end_from(booking, day, by=me, note=note)
                    messages.success(
                        request, _("Ended from then on. The other side is told once.")
                    )
                    return redirect(booking)
            except DomainError as error:
                form.add_error(None, str(error))
        lines = [_line(booking, d, me) for d in ending]
        context = {
            **_frame(booking, me),
            "form": form,
            "lines": lines,
            "due_cents": sum(line.date.price_cents for line in lines if line.is_due),
            "free_from": free_from,
            "is_looked_at": form.is_bound and form.is_valid(),
        }
        return render(request, "spaces/dates_end.html", context)


# --- What the pages have in common ------------------------------------------------------


def _running(request: TherapistRequest, pk: int) -> Booking:
    """A confirmed booking of the person's, as guest, host, or as who has some of its dates."""
    mine = Booking.objects.involving(request.therapist)
    booking = get_object_or_404(mine.with_parties().with_dates(), pk=pk)
    is_party_alone = parties_of(booking, request.therapist) == {Party.SUPERVISOR}
    if is_party_alone or booking.status != BookingStatus.CONFIRMED:
        raise Http404
    return booking


def _dates(booking: Booking, me: Therapist) -> list[Occurrence]:
    """To come, with rooms and guests: a host's all, a guest's own."""
    now = timezone.now()
    is_host = Party.HOST in parties_of(booking, me)
    return [
        d
        for d in dates_of(booking)
        if d.period.lower > now and (is_host or d.guest_id == me.pk)
    ]


def _standing(booking: Booking, me: Therapist) -> Any:
    dates = dates_of(booking).filter(state__in=STANDING)
    is_host = Party.HOST in parties_of(booking, me)
    return dates if is_host else dates.filter(guest=me)


def _line(
    booking: Booking,
    found: Occurrence,
    me: Therapist,
    planned: PlannedDate | None = None,
) -> Line:
    return Line(
        found,
        free_until(booking, found),
        is_late(booking, found),
        found.guest_id == me.pk,
        planned,
    )


def _frame(booking: Booking, me: Therapist) -> dict[str, Any]:
    """Whoever merely took dates on reads of theirs alone."""
    parties = parties_of(booking, me)
    dates = booking.occurrences.all()
    mine = dates if parties else [d for d in dates if d.guest_id == me.pk]
    return {
        "booking": booking,
        "office": booking.office,
        "building": booking.office.building,
        "is_host": Party.HOST in parties,
        "summary": summary_of(booking, mine),
    }
