from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from directory.enums import Standing
from directory.errors import DomainError
from directory.http import TherapistRequest, VisitorRequest, member_required
from directory.links import read
from directory.models import Therapist
from spaces.domain.host_entry import (
    enter_for,
    enter_for_address,
    may_refuse,
    plan_entry,
    refuse_entry,
    take_guest_off,
)
from spaces.domain.planning import PlannedDate
from spaces.forms.booking import MOST_DATES, said_date
from spaces.forms.dates import dates_in
from spaces.forms.host_entry import HostEntryForm
from spaces.guests import rivals_for
from spaces.hours import clock
from spaces.models import Booking, Office
from spaces.notifications.entry import GUEST, LINK_LIFE, entered_bookings, line_of
from spaces.views.links import unreadable
from spaces.views.office import get_own_office
from spaces.week import DateChoice

# --- The host's desk --------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member_required
def office_enter(request: TherapistRequest, pk: int) -> HttpResponse:
    """First every date with what stands in its way, then the entry: one form, that says each time what it found."""
    office = get_own_office(request, pk)
    with timezone.override(office.building.timezone):
        form = HostEntryForm(
            request.POST or None, office=office, initial=_initial(request)
        )
        booking = None
        if form.is_valid() and {"enter", "another"} & set(request.POST):
            booking = _entered(request, form, office)
        if booking:
            return _answer(request, booking)
        context = {
            "form": form,
            "office": office,
            **_preview(form, office, request.POST.getlist("dates")),
        }
        return render(request, "spaces/office_enter.html", context)


def _initial(request: TherapistRequest) -> dict[str, Any]:
    """What a link to this page says of the hours; what it says wrongly is left out."""
    return {
        "first_date": timezone.localdate(),
        **dates_in(request.GET),
        "hours": request.GET.getlist("hours"),
        "price": request.GET.get("price", "")[:12],
    }


def _entered(
    request: TherapistRequest, form: HostEntryForm, office: Office
) -> Booking | None:
    """None, and a word at the form, where it cannot be done."""
    if not form.was_looked_at:
        form.add_error(
            None, _("You changed something: look through the dates again, then enter.")
        )
        return None
    cleaned = form.cleaned_data
    entry: dict[str, Any] = {
        "dates": cleaned["dates"],
        "price_cents": cleaned["price"],
        "by": request.therapist,
        "people": cleaned["people"],
        "message": cleaned["message"],
    }
    try:
        if form.newcomer:
            name, email = form.newcomer
            return enter_for_address(office, name=name, email=email, **entry)
        if cleaned["guest"] is None:
            form.add_error(None, _("Choose who of these it is."))
            return None
        return enter_for(office, guest=cleaned["guest"], **entry)
    except DomainError as error:
        form.add_error(None, str(error))
        return None


def _answer(request: TherapistRequest, booking: Booking) -> HttpResponse:
    count = booking.occurrences.count()
    said = _("Entered for %(guest)s: %(count)s dates. They get a mail.") % {
        "guest": booking.guest,
        "count": count,
    }
    messages.success(request, said)
    if "another" not in request.POST:
        return redirect(booking)
    kept = {
        name: request.POST.get(name, "")
        for name in ("first_date", "last_date", "price")
    }
    url = reverse("spaces:office_enter", args=[booking.office_id])
    return redirect(f"{url}?{urlencode(kept)}")


def _preview(form: HostEntryForm, office: Office, ticked: list[str]) -> dict[str, Any]:
    """Every date with its box: all that can be at the first look, later what the host left ticked."""
    planned = _plan(form, office) if _has_pattern(form) else []
    free = [item for item in planned if item.is_free]
    chosen = (
        set(ticked)
        if planned and form.was_looked_at
        else {said_date(item.day, item.span) for item in free}
    )
    return {
        "dates": [_choice(item, chosen) for item in planned],
        "seen": form.shown if planned else "",
        "free_count": len(free),
        "until": form.cleaned_data["until"] if planned else None,
        "rivals": rivals_for(office, [item.period for item in free if item.period]),
    }


def _has_pattern(form: HostEntryForm) -> bool:
    """Read well, but perhaps refused as a whole a moment ago: somebody was quicker, and the dates say who."""
    return (
        form.is_bound
        and not form.wants_repaint
        and not set(form.errors) - {"__all__", "guest"}
    )


def _plan(form: HostEntryForm, office: Office) -> list[PlannedDate]:
    cleaned = form.cleaned_data
    planned = plan_entry(
        office,
        spans=cleaned["hours"],
        first_date=cleaned["first_date"],
        last_date=cleaned["until"],
        price_cents=cleaned["price"],
    )
    if not planned:
        form.add_error("hours", _("None of these hours falls between those dates."))
    if len(planned) > MOST_DATES:
        form.add_error(
            "last_date",
            _("That makes %(count)s dates, too many at once. Choose an earlier end.")
            % {"count": len(planned)},
        )
        return []
    return planned


def _choice(item: PlannedDate, chosen: set[str]) -> DateChoice:
    value = said_date(item.day, item.span)
    return DateChoice(
        value=value,
        day=item.day,
        hours=f"{clock(item.span.start)}–{clock(item.span.end)}",
        cents=item.price_cents,
        minutes=item.span.minutes,
        note=item.note[:1].upper() + item.note[1:],
        is_open=item.is_free,
        is_ticked=item.is_free and value in chosen,
    )


# --- The guest's answer ---------------------------------------------------------------


@require_POST
@member_required
def booking_refuse(request: TherapistRequest, pk: int) -> HttpResponse:
    """ "This was not agreed": within a week, by the guest or who answers for them."""
    mine = Booking.objects.involving(request.therapist)
    booking = get_object_or_404(mine, pk=pk)
    try:
        refuse_entry(booking, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Cancelled, and nothing is due. The host is told."))
    return redirect(booking)


@require_http_methods(["GET", "HEAD", "POST"])
def guest_link(request: VisitorRequest, token: str) -> HttpResponse:
    """What is booked for somebody who is no member, from the link in their mail. Reading it changes nothing."""
    try:
        person = _person(token)
    except DomainError as error:
        return unreadable(request, error)
    if person.standing not in {Standing.INVITED, Standing.APPLICANT}:
        return redirect("home")
    if request.method == "POST":
        return _guest_says(request, person, token)
    bookings = entered_bookings().filter(guest=person)
    context = {
        "person": person,
        "is_invited": person.standing == Standing.INVITED,
        "lines": [
            {
                **line_of(booking, request.community),
                "may_refuse": may_refuse(booking, person),
            }
            for booking in bookings
        ],
    }
    return render(request, "spaces/guest_link.html", context)


def _person(token: str) -> Therapist:
    said = read(GUEST, token, LINK_LIFE)
    return get_object_or_404(Therapist.objects.with_user(), pk=said["to"])


def _guest_says(request: VisitorRequest, person: Therapist, token: str) -> HttpResponse:
    try:
        if "off" in request.POST:
            take_guest_off(person)
            return render(request, "spaces/guest_off.html")
        pk = request.POST.get("refuse", "")
        known = entered_bookings().filter(guest=person)
        is_id = pk.isascii() and pk.isdigit() and len(pk) < 19
        booking = get_object_or_404(known, pk=int(pk) if is_id else 0)
        refuse_entry(booking, by=person)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Cancelled, and nothing is due. The host is told."))
    return redirect("spaces:guest_link", token)
