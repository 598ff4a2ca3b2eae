from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from directory.http import TherapistRequest, member_required
from spaces.domain.dates import concerned_by
from spaces.enums import BookingStatus, OccurrenceState
from spaces.history import Happening, history_of
from spaces.models import Booking, BookingEvent, Occurrence
from spaces.summary import GONE, Summary
from spaces.views.booking_detail import TOLD_PLACE, dates_of, my_booking

AGREED = [BookingStatus.CONFIRMED, BookingStatus.ENDED, BookingStatus.CANCELLED]
OWED = [OccurrenceState.BOOKED, OccurrenceState.HELD, OccurrenceState.ASKED]


@require_safe
@member_required
def agreement(request: TherapistRequest, pk: int) -> HttpResponse:
    """Who, where, which dates, for how much, on which terms, agreed when; made to be printed. For its people alone."""
    booking = my_booking(request, pk)
    me = request.therapist
    if me not in concerned_by(booking):
        raise Http404
    dates = [date for date in dates_of(booking) if date.state not in GONE]
    history = history_of(booking)
    events = [happening.event for happening in history]
    hosts = list(booking.office.hosts.all())
    with timezone.override(booking.office.building.timezone):
        context = {
            "booking": booking,
            "office": booking.office,
            "building": booking.office.building,
            "hosts": hosts,
            "dates": dates,
            "standing": _summary(booking, dates),
            "is_agreed": booking.status in AGREED,
            "shows_place": booking.status in TOLD_PLACE or me in hosts,
            "asked_at": _asked_at(booking, events),
            **_confirmed(events),
            "changes": _changes(history),
            "printed_at": timezone.now(),
        }
        return render(request, "spaces/agreement.html", context)


def _summary(booking: Booking, dates: list[Occurrence]) -> Summary:
    """What is agreed, or asked for: neither given up nor displaced."""
    chosen = [date for date in dates if date.state in OWED]
    return Summary(booking, booking.office.building.zone, chosen)


def _asked_at(booking: Booking, events: list[BookingEvent]) -> datetime | None:
    """By asking the guest accepted the terms; what a host entered nobody asked for here."""
    return next(
        (
            event.created_at
            for event in events
            if event.new_status == BookingStatus.REQUESTED and not event.old_status
        ),
        None,
    )


def _confirmed(events: list[BookingEvent]) -> dict[str, Any]:
    """The host's yes: the confirmation, or, where somebody had to approve after it, what led there."""
    yes = [BookingStatus.AWAITING, BookingStatus.CONFIRMED]
    event = next(
        (
            event
            for event in events
            if event.new_status in yes and event.old_status != event.new_status
        ),
        None,
    )
    return {
        "confirmed_by": event.actor if event else None,
        "confirmed_at": event.created_at if event else None,
    }


def _changes(history: list[Happening]) -> list[Happening]:
    """What was changed after it was agreed."""
    agreed = [
        number
        for number, happening in enumerate(history)
        if happening.event.new_status == BookingStatus.CONFIRMED
    ]
    return history[agreed[0] + 1 :] if agreed else []
