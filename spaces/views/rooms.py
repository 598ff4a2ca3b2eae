"""Another room of the same building for a booking: its host looks at what is in the way, then moves it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from spaces.domain.rooms import dates_to_move, move_booking, possible_moves
from spaces.enums import BookingStatus
from spaces.forms.exchange import MoveForm
from spaces.models import Booking


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
    form = MoveForm(request.POST or None, rooms=list(rooms), dates=dates)
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
