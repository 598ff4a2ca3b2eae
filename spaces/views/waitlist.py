"""Waiting for hours that are taken."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.models import Therapist
from spaces import hours
from spaces.domain.planning import PlannedDate, look_up
from spaces.domain.waitlist import join_waitlist, leave_waitlist, rejoin_waitlist
from spaces.enums import OccurrenceState, WaitState
from spaces.forms.booking import said_date, said_span
from spaces.forms.exchange import WaitForm
from spaces.hours import Dated, clock
from spaces.models import Booking, Occurrence, Office, WaitlistEntry
from spaces.models.waitlist import WaitlistEntryQuerySet
from spaces.queries import offices_open_to
from spaces.week import DateChoice


@require_POST
@member_required
def waitlist_join(request: TherapistRequest, pk: int) -> HttpResponse:
    me = request.therapist
    office = get_object_or_404(offices_open_to(me).select_related("building"), pk=pk)
    form = WaitForm(request.POST)
    if not form.is_valid():
        words = [str(error) for found in form.errors.values() for error in found]
        messages.error(request, " ".join(words))
        return redirect(office)
    try:
        entries = join_waitlist(office, guest=me, **form.cleaned_data)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect(office)
    if entries:
        messages.success(request, _joined(len(entries)))
    else:
        messages.info(request, _("You were waiting for these already."))
    return redirect(f"{reverse('spaces:booking_list')}#waiting")


def _joined(count: int) -> str:
    return ngettext(
        "You are on the list for %(count)s date. If it becomes free it is held for you, and you hear at once.",
        "You are on the list for %(count)s dates. What becomes free is held for you, and you hear at once.",
        count,
    ) % {"count": count}


@require_POST
@member_required
def waitlist_leave(request: TherapistRequest, pk: int) -> HttpResponse:
    """One tap; the way back is offered beside what was left."""
    entry = _mine(request, pk)
    try:
        leave_waitlist(entry, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("spaces:booking_list")
    return redirect(f"{reverse('spaces:booking_list')}?left={entry.pk}#waiting")


@require_POST
@member_required
def waitlist_rejoin(request: TherapistRequest, pk: int) -> HttpResponse:
    entry = _mine(request, pk)
    try:
        rejoin_waitlist(entry, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("You are waiting again, in your old place."))
    return redirect(f"{reverse('spaces:booking_list')}#waiting")


def _mine(request: TherapistRequest, pk: int) -> WaitlistEntry:
    mine = WaitlistEntry.objects.filter(guest=request.therapist)
    return get_object_or_404(mine.select_related("office__building"), pk=pk)


# --- On other pages ----------------------------------------------------------------


def waiting_context(request: TherapistRequest) -> dict[str, Any]:
    """What "Requests and bookings" shows: what one waits for, and what one left a moment ago."""
    left = request.GET.get("left", "")
    mine = _shown(WaitlistEntry.objects.filter(guest=request.therapist))
    return {
        "waiting": mine.waiting(),
        "left": mine.filter(pk=left, state=WaitState.LEFT, booking=None).first()
        if left.isascii() and left.isdigit() and len(left) < 10
        else None,
    }


def _shown(entries: WaitlistEntryQuerySet) -> WaitlistEntryQuerySet:
    return (
        entries.to_come()
        .with_place_in_line()
        .select_related("office__building")
        .order_by("period", "pk")
    )


def wait_context(
    office: Office, me: Therapist, planned: Sequence[PlannedDate]
) -> dict[str, Any]:
    """What the ask dialog shows: dates that somebody else has, and those one waits for already."""
    taken = [date for date in planned if date.is_taken and date.period]
    known = (
        set(
            WaitlistEntry.objects.waiting()
            .filter(office=office, guest=me)
            .values_list("period", flat=True)
        )
        if taken
        else set()
    )
    return {
        "wait_dates": [_choice(date) for date in taken if date.period not in known],
        "waits_for": sum(date.period in known for date in taken),
    }


def lost_context(
    booking: Booking, me: Therapist, dates: Iterable[Occurrence]
) -> dict[str, Any]:
    """On the page of a request that lost dates to a colleague: the way to wait for them."""
    now = timezone.now()
    lost = [
        date
        for date in dates
        if date.guest_id == me.pk
        and date.state == OccurrenceState.LOST
        and date.period.lower > now
    ]
    if not lost:
        return {"wait_dates": [], "waits_for": 0, "elsewhere": ""}
    office = booking.office
    zone = office.building.zone
    dated = [Dated(date.day(zone), date.span(zone), date.period) for date in lost]
    context = wait_context(office, me, look_up(office, me, dated))
    return {
        **context,
        "people": booking.people,
        "elsewhere": _elsewhere(booking, dated),
    }


def _elsewhere(booking: Booking, dated: Sequence[Dated]) -> str:
    """The search for other rooms with these hours."""
    query = QueryDict(mutable=True)
    spans = hours.merge_spans(item.span for item in dated)
    query.setlist("hours", [said_span(span) for span in spans])
    query["first_date"] = min(item.day for item in dated).isoformat()
    query["until"] = max(item.day for item in dated).isoformat()
    query["near"] = booking.office.building.zip_code
    query["people"] = str(booking.people)
    return query.urlencode()


def _choice(date: PlannedDate) -> DateChoice:
    return DateChoice(
        value=said_date(date.day, date.span),
        day=date.day,
        hours=f"{clock(date.span.start)}–{clock(date.span.end)}",
        cents=date.price_cents,
        minutes=date.span.minutes,
        note=date.note[:1].upper() + date.note[1:],
    )
