"""A host closes an office for a while, and opens it again. What is booked then stays, unless the host says otherwise."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.closures import run_of
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.changes import skip_dates
from spaces.domain.office import only_hosts
from spaces.domain.releasing import release_holds
from spaces.errors import HoursError
from spaces.models import Booking, Closure, Occurrence, Office
from spaces.touched import Touched, touched_by_closure


@transaction.atomic
def close_office(
    office: Office,
    *,
    by: Therapist,
    periods: Sequence[DateTimeTZRange],
    reason: str,
    cancels: bool = False,
) -> list[Closure]:
    """Not to be had for a while: a holiday, a renovation. What is booked then stays booked, unless ``cancels``:
    then the dates to come are called off by the host, nothing is due, and each guest is told once. What is held then
    is held no longer in either case."""
    only_hosts(office, by)
    now = timezone.now()
    if not periods:
        raise HoursError(_("The clocks change and skip these hours: nothing to close."))
    if max(period.upper for period in periods) <= now:
        raise HoursError(_("The end must be after the start, and still to come."))
    rooms = {office.pk}
    if cancels:
        rooms |= _rooms_of(touched_by_closure(office, periods))
    lock_offices(rooms)
    closures = Closure.objects.bulk_create(
        Closure(office=office, period=period, reason=reason)
        for period in periods
        if period.upper > now
    )
    release_holds(closures, by=by, reason=reason)
    if cancels:
        touched = touched_by_closure(office, periods)
        if _rooms_of(touched) - rooms:
            raise HoursError(
                _("Something was booked there just now. Look again, please.")
            )
        _call_off(touched, by=by, reason=reason)
    refresh_free([office.pk])
    return closures


@transaction.atomic
def reopen_office(closure: Closure, *, by: Therapist) -> None:
    """Take back a host's own closure, all days of it. One that an incident caused ends with the incident."""
    office = closure.office
    if office is None or closure.incident_id:
        raise NotAllowedError(
            _("This closure belongs to an incident and ends with it.")
        )
    only_hosts(office, by)
    lock_offices([office.pk])
    ahead = Closure.objects.filter(office=office, incident=None).ending_after(
        timezone.now() - timedelta(days=1)
    )
    run = run_of(closure, ahead.order_by("period"), office.building.zone)
    Closure.objects.filter(pk__in=[shut.pk for shut in run]).delete()
    refresh_free([office.pk])


def closed_periods(
    office: Office,
    first: date,
    last: date,
    start: int = 0,
    end: int = hours.DAY,
) -> list[DateTimeTZRange]:
    """Whole local days as one period; hours within days as one period for each day that has them."""
    zone = office.building.zone
    if (start, end) == (0, hours.DAY):
        after = last + timedelta(days=1)
        return [
            DateTimeTZRange(
                hours.instant(first, 0, zone), hours.instant(after, 0, zone)
            )
        ]
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    periods = (hours.local_period(day, start, end, zone) for day in days)
    return [period for period in periods if period]


def _rooms_of(touched: Touched) -> set[int]:
    """All rooms of the bookings whose dates lie there: locked together, in order."""
    bookings = {found.booking_id for found in touched.booked}
    dates = Occurrence.objects.filter(booking__in=bookings)
    rooms = dates.values_list("office", "booking__office")
    return {pk for pair in rooms for pk in pair}


def _call_off(touched: Touched, *, by: Therapist, reason: str) -> None:
    """Booking by booking, so that each guest hears once; what has begun is not called off any more."""
    note = _("Closed: %(reason)s") % {"reason": reason}
    for booking, dates in _by_booking(touched.booked):
        skip_dates(booking, dates, by=by, note=note)


def _by_booking(
    dates: Iterable[Occurrence],
) -> Iterator[tuple[Booking, list[Occurrence]]]:
    now = timezone.now()
    found: dict[int, list[Occurrence]] = {}
    for occurrence in dates:
        if occurrence.period.lower > now:
            found.setdefault(occurrence.booking_id, []).append(occurrence)
    for booking in Booking.objects.with_parties().filter(pk__in=found).order_by("pk"):
        yield booking, found[booking.pk]
