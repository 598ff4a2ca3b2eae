"""A series that nobody uses: somebody says so, both are asked, and without a word it ends."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.availability import refresh_free
from spaces.domain.booking import change_status
from spaces.domain.changes import STANDING, dates_to_come
from spaces.domain.dates import (
    lock_booking,
    move_dates,
    parties_of,
    record_change,
    said_periods,
)
from spaces.enums import BookingStatus, ChangeKind, OccurrenceState, Party
from spaces.models import Booking

RECONFIRM_WITHIN = timedelta(days=14)


@transaction.atomic
def say_unused(booking: Booking, *, by: Therapist) -> Booking:
    """The hours stand empty, says the guest or a host: both are asked whether to keep them."""
    booking = _running(booking, by)
    if booking.reconfirm_by:
        raise NotAllowedError(_("Both of you are asked already."))
    booking.reconfirm_by = timezone.now() + RECONFIRM_WITHIN
    booking.save(update_fields=["reconfirm_by"])
    event = record_change(
        booking,
        ChangeKind.UNUSED,
        by=by,
        details={"until": booking.reconfirm_by.isoformat()},
        mail="booking_unused",
    )
    enqueue(
        "booking_unused",
        to=by,
        cause=f"booking:{booking.pk}:event:{event.pk}",
        payload={"booking": booking.pk, "event": event.pk},
    )
    return booking


@transaction.atomic
def keep_booking(booking: Booking, *, by: Therapist) -> Booking:
    """One word of either is enough."""
    booking = _running(booking, by)
    if booking.reconfirm_by is None:
        return booking
    booking.reconfirm_by = None
    booking.save(update_fields=["reconfirm_by"])
    record_change(booking, ChangeKind.KEPT, by=by, details={})
    return booking


def end_unkept(now: datetime | None = None) -> int:
    """No word by then: what is to come is released, at no cost, and both are told. One transaction each."""
    due = Booking.objects.filter(
        status=BookingStatus.CONFIRMED, reconfirm_by__lte=now or timezone.now()
    )
    return sum(_end(booking) for booking in due)


@transaction.atomic
def _end(booking: Booking) -> bool:
    booking = lock_booking(booking)
    if booking.status != BookingStatus.CONFIRMED or booking.reconfirm_by is None:
        return False  # kept or called off meanwhile
    booking.reconfirm_by = None
    booking.save(update_fields=["reconfirm_by"])
    standing = [o for o in dates_to_come(booking) if o.state in STANDING]
    dates = [o for o in standing if o.guest_id == booking.guest_id]
    move_dates(booking, dates, OccurrenceState.RELEASED, by=None)
    refresh_free({o.office_id for o in dates})
    record_change(
        booking,
        ChangeKind.RELEASED,
        by=None,
        details={"before": said_periods(dates)},
        note=_("Nobody said that these hours are kept."),
    )
    if len(dates) == len(standing):
        change_status(booking, BookingStatus.ENDED, by=None)
    return True


def _running(booking: Booking, by: Therapist) -> Booking:
    booking = lock_booking(booking)
    if not parties_of(booking, by) & {Party.GUEST, Party.HOST}:
        raise NotAllowedError(_("Only its guest and its host can say so."))
    if booking.status != BookingStatus.CONFIRMED:
        raise NotAllowedError(
            _("This booking is “%(now)s” now; there is nothing to keep.")
            % {"now": booking.get_status_display()}
        )
    return booking
