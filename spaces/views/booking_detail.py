"""One booking, as each of its people may see it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from directory.http import TherapistRequest, member_required
from directory.models import Therapist
from spaces.domain.booking import next_statuses
from spaces.domain.dates import parties_of
from spaces.enums import BookingStatus, OccurrenceState, Party
from spaces.forms.booking import AnswerForm
from spaces.models import Booking, BookingEvent, Occurrence
from spaces.summary import summary_of

CODE_BEFORE = timedelta(hours=24)  # from then on the guest sees the entry code
TOLD_PLACE = [BookingStatus.CONFIRMED, BookingStatus.ENDED]
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


@require_safe
@member_required
def booking_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    return show_booking(request, my_booking(request, pk))


def my_booking(request: TherapistRequest, pk: int) -> Booking:
    mine = Booking.objects.involving(request.therapist)
    return get_object_or_404(mine.with_parties().with_dates(), pk=pk)


def show_booking(
    request: TherapistRequest, booking: Booking, *, status: int = 200
) -> HttpResponse:
    me = request.therapist
    with timezone.override(booking.office.building.timezone):
        summary = summary_of(booking)
        context: dict[str, Any] = {
            "booking": booking,
            "office": booking.office,
            "building": booking.office.building,
            "hosts": list(booking.office.hosts.all()),
            "is_host": Party.HOST in parties_of(booking, me),
            "dates": list(booking.occurrences.all()),
            "usual_state": USUAL_STATE.get(BookingStatus(booking.status)),
            "summary": summary,
            "price": summary.price(request.community.currency),
            "events": BookingEvent.objects.filter(booking=booking).select_related(
                "actor"
            ),
            "answers": next_statuses(booking, me),
            "answer_form": AnswerForm(),
            "rivals": _rivals(booking)
            if booking.status == BookingStatus.REQUESTED
            else 0,
            "shows_place": booking.status in TOLD_PLACE,
            "shows_code": _shows_code(booking, me, booking.occurrences.all()),
        }
        return render(request, "spaces/booking_detail.html", context, status=status)


def _shows_code(booking: Booking, me: Therapist, dates: Sequence[Occurrence]) -> bool:
    """To its host always; to its guest from 24 hours before a booked date until that date's end."""
    if Party.HOST in parties_of(booking, me):
        return True
    now = timezone.now()
    return booking.status == BookingStatus.CONFIRMED and any(
        date.guest_id == me.pk and _is_near(date, now) for date in dates
    )


def _is_near(date: Occurrence, now: datetime) -> bool:
    return (
        date.state == OccurrenceState.BOOKED
        and date.period.lower - CODE_BEFORE <= now < date.period.upper
    )


def _rivals(booking: Booking) -> int:
    """How many others asked for some of the same hours."""
    overlap = Q()
    for date in booking.occurrences.all():
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
