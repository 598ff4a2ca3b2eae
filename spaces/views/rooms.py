"""Another room of the same building for a booking: its host looks at what is in the way, then moves it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from spaces.domain.any_room import suitable_rooms
from spaces.domain.rooms import dates_to_move, may_move, move_booking, possible_moves
from spaces.enums import BookingStatus, Party
from spaces.forms.exchange import MoveForm
from spaces.models import Booking, Occurrence, Office


@require_http_methods(["GET", "POST"])
@member_required
def booking_move(request: TherapistRequest, pk: int) -> HttpResponse:
    hosted = Booking.objects.hosted_by(request.therapist)
    booking = get_object_or_404(
        hosted.filter(status=BookingStatus.CONFIRMED).with_parties().with_dates(), pk=pk
    )
    dates, moves = dates_to_move(booking), possible_moves(booking)
    rooms = {move.office.pk: move.office for move in moves}
    if not rooms:
        raise Http404
    form = MoveForm(
        request.POST if request.method == "POST" else None,
        rooms=list(rooms),
        dates=dates,
    )
    with timezone.override(booking.office.building.timezone):
        if form.is_valid():
            to = rooms[form.cleaned_data["room"]]
            ticked = form.cleaned_data["dates"]
            try:
                move_booking(booking, to=to, by=request.therapist, occurrences=ticked)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(
                    request,
                    _("Moved to %(room)s. Your guest is told once, the price stays.")
                    % {"room": to},
                )
                return redirect(booking)
        ticked_ids = set(request.POST.getlist("dates")) if form.is_bound else None
        context = {
            "booking": booking,
            "form": form,
            "moves": [
                {
                    "move": move,
                    "free": len(dates) - len(move.conflicts),
                    "conflicts": [
                        (date, move.conflicts[date.pk])
                        for date in dates
                        if date.pk in move.conflicts
                    ],
                    "is_chosen": str(move.office.pk) == request.POST.get("room")
                    or (not form.is_bound and move is moves[0]),
                }
                for move in moves
            ],
            "dates": [
                (date, ticked_ids is None or str(date.pk) in ticked_ids)
                for date in dates
            ],
        }
        return render(request, "spaces/booking_move.html", context)


# --- On the booking's page ------------------------------------------------------------


def rooms_context(
    booking: Booking, parties: set[Party], dates: Iterable[Occurrence]
) -> dict[str, Any]:
    """For its host: the rooms to choose from while any would do, and whether it can be moved later."""
    is_host = Party.HOST in parties
    is_open = booking.any_room and booking.status == BookingStatus.REQUESTED
    return {
        "room_choices": suitable_rooms(booking) if is_host and is_open else [],
        "takes_any_room": is_open,
        "may_move": is_host and may_move(booking, dates),
    }


def chosen_room(data: Mapping[str, Any], booking: Booking) -> Office | None:
    """What the host chose where any room would do; none is the best fit."""
    text = data.get("room", "")
    if not booking.any_room or not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return get_object_or_404(Office, pk=int(text))
