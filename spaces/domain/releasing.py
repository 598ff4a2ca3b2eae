"""What a closure takes of hours that are held: nobody can have them, so they are held no longer, and that is said at once.

A hold is not taken up again where it was when the closure ends. Whoever waited is back in line, in their old place, and
hours that are free again are held anew for the first who waits: usually the same person, with a whole day to answer.
What awaited an approval is over: those hours would have been held for 12 hours, and who asked is told to ask again.
"""

from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import Therapist
from spaces.domain.availability import keep_facets
from spaces.domain.booking import UNANSWERED, change_status
from spaces.domain.dates import move_dates, record_change, said_periods
from spaces.domain.holds import lock_waiting_lists
from spaces.enums import BookingStatus, ChangeKind, OccurrenceState, WaitState
from spaces.models import Booking, Closure, Occurrence, WaitlistEntry


def lying_in(closures: Iterable[Closure]) -> Q:
    """Of occurrences: those that these closures cover, even in part."""
    closed = Q(pk__in=[])
    for closure in closures:
        place = (
            Q(office=closure.office)
            if closure.office_id
            else Q(office__building=closure.building)
        )
        closed |= place & Q(period__overlap=closure.period)
    return closed


def release_holds(
    closures: Iterable[Closure], *, by: Therapist | None, reason: str
) -> None:
    """held → released where these closures are; everybody concerned is told once. A request with nothing left is declined.

    The caller holds the locks of the closed offices, and calls ``refresh_free`` after. No other lock is needed: whoever
    else changes such a booking needs all of its rooms, these among them.
    """
    held = Occurrence.objects.filter(lying_in(closures), state=OccurrenceState.HELD)
    found = set(held.ending_after(timezone.now()).values_list("pk", flat=True))
    bookings = Booking.objects.filter(occurrences__in=found).distinct()
    for booking in bookings.with_parties().with_dates().order_by("pk"):
        dates = [o for o in booking.occurrences.all() if o.pk in found]
        is_back = _back_in_line(booking, dates)
        move_dates(booking, dates, OccurrenceState.RELEASED, by=by)
        note = _("Closed: %(reason)s.") % {"reason": reason.rstrip(".")}
        note += " " + (
            _("The place in line is kept: open again, the hours are held anew.")
            if is_back
            else _("Open again, the hours can be asked for anew.")
        )
        details = {"before": said_periods(dates), "by_host": by is not None}
        if any(o.state in UNANSWERED for o in booking.occurrences.all()):
            change = ChangeKind.RELEASED
            record_change(booking, change, by=by, details=details, note=note)
        else:
            declined = BookingStatus.DECLINED
            change_status(booking, declined, by=by, note=note, details=details)
            keep_facets([booking.guest_id])


def _back_in_line(booking: Booking, dates: Iterable[Occurrence]) -> bool:
    """Their turn was not over: they wait again where they waited, for as long as it is closed."""
    entries = WaitlistEntry.objects.filter(
        booking=booking, state=WaitState.HELD, period__in=[o.period for o in dates]
    )
    if not entries.exists():
        return False
    lock_waiting_lists()
    return bool(entries.update(state=WaitState.WAITING, booking=None))
