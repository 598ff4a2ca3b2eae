"""The dates of bookings: which change of state is possible, for whom, and who hears of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import lock_offices
from spaces.enums import ChangeKind, OccurrenceState, Party
from spaces.models import Booking, BookingEvent, Occurrence
from spaces.models.booking import OccurrenceQuerySet

O = OccurrenceState  # noqa: E741 -- the table below is read across
DATE_TRANSITIONS: dict[tuple[OccurrenceState, OccurrenceState], set[Party]] = {
    (O.ASKED, O.BOOKED): {Party.HOST},
    (O.ASKED, O.HELD): {Party.HOST},
    (O.ASKED, O.LOST): {Party.CLOCK, Party.HOST},
    (O.ASKED, O.DECLINED): {Party.HOST, Party.GUEST, Party.SUPERVISOR, Party.CLOCK},
    (O.ASKED, O.SKIPPED): {Party.GUEST},
    (O.HELD, O.BOOKED): {Party.HOST, Party.SUPERVISOR},
    (O.HELD, O.RELEASED): {Party.HOST, Party.GUEST, Party.SUPERVISOR, Party.CLOCK},
    (O.BOOKED, O.BOOKED): {Party.GUEST},  # moved to other hours
    (O.BOOKED, O.SKIPPED): {Party.GUEST},
    (O.BOOKED, O.GIVEN_BACK): {Party.GUEST},
    (O.BOOKED, O.CANCELLED): {Party.GUEST, Party.HOST, Party.CLOCK},  # one of them went
    (O.BOOKED, O.RELEASED): {Party.CLOCK},
    (O.BOOKED, O.DISPLACED): {Party.CLOCK},
    (O.DISPLACED, O.BOOKED): {Party.CLOCK, Party.HOST},  # reopened; in another room
    (O.DISPLACED, O.RELEASED): {Party.CLOCK},
    (O.DISPLACED, O.CANCELLED): {Party.GUEST, Party.HOST, Party.CLOCK},
    (O.SKIPPED, O.BOOKED): {Party.GUEST},
    (O.GIVEN_BACK, O.BOOKED): {Party.GUEST},
}


def parties_of(booking: Booking, therapist: Therapist | None) -> set[Party]:
    """Who somebody is to this booking, with its ``office__hosts`` loaded; nobody in particular is the clock."""
    if therapist is None:
        return {Party.CLOCK}
    parties = set()
    if booking.guest_id == therapist.pk:
        parties.add(Party.GUEST)
    if booking.party_id == therapist.pk:
        parties.add(Party.SUPERVISOR)
    if any(host.pk == therapist.pk for host in booking.office.hosts.all()):
        parties.add(Party.HOST)
    return parties


def parties_to(
    occurrence: Occurrence, booking: Booking, therapist: Therapist | None
) -> set[Party]:
    """The same for one of its dates: who has it now is its guest, not who asked for it."""
    parties = parties_of(booking, therapist) - {Party.GUEST}
    if therapist and occurrence.guest_id == therapist.pk:
        parties.add(Party.GUEST)
    return parties


def concerned_by(booking: Booking) -> set[Therapist]:
    """Its guest, its hosts, and who answers for the guest."""
    people = {booking.guest, *booking.office.hosts.all()}
    return people | {booking.party} if booking.party else people


def takers_of(booking: Booking, dates: Iterable[Occurrence]) -> list[Therapist]:
    """Who has some of these dates, or pays for them, without having asked for the booking."""
    ids = {pk for o in dates for pk in (o.guest_id, o.payer_id) if pk}
    ids -= {booking.guest_id}
    return list(Therapist.objects.filter(pk__in=ids)) if ids else []


def lock_booking(booking: Booking) -> Booking:
    """Locks its offices, those of its dates too, by id; then reads it again, with parties and dates."""
    dates = Occurrence.objects.filter(booking=booking).order_by().values("office")
    where = Q(pk=booking.office_id) | Q(pk__in=dates)
    ids = {office.pk for office in lock_offices(where)}
    booking = (
        Booking.objects.select_related("guest", "party", "office__building")
        .prefetch_related("office__hosts")
        .with_dates()
        .get(pk=booking.pk)
    )
    if {booking.office_id, *(o.office_id for o in booking.occurrences.all())} - ids:
        raise NotAllowedError(
            _("Somebody changed this booking just now. Look at it again, please.")
        )
    for occurrence in booking.occurrences.all():
        if occurrence.office_id == booking.office_id:
            occurrence.office = booking.office  # saves a query for each
    return booking


def move_dates(
    booking: Booking,
    occurrences: Sequence[Occurrence],
    new: OccurrenceState,
    *,
    by: Therapist | None,
    **columns: Any,
) -> None:
    """The one change of dates' states: checked against ``DATE_TRANSITIONS``, calendars told by ``sequence``.

    ``columns`` are set along with it. The caller holds the office's lock, and calls ``refresh_free`` after.
    """
    for occurrence in occurrences:
        parties = parties_to(occurrence, booking, by)
        old = OccurrenceState(occurrence.state)
        if not parties & DATE_TRANSITIONS.get((old, new), set()):
            raise NotAllowedError(
                _("This date is “%(old)s” now; it cannot become “%(new)s”.")
                % {"old": old.label, "new": new.label}
            )
    if not occurrences:
        return
    Occurrence.objects.filter(pk__in=[o.pk for o in occurrences]).update(
        state=new, sequence=F("sequence") + 1, **columns
    )
    for occurrence in occurrences:
        occurrence.state = new
        occurrence.sequence += 1
        for name, value in columns.items():
            setattr(occurrence, name, value)


def move_by_clock(
    dates: OccurrenceQuerySet, new: OccurrenceState, **columns: Any
) -> None:
    """The same for dates of many bookings at once, those that the clock may move. The caller holds the locks."""
    movable = [
        old
        for (old, to), who in DATE_TRANSITIONS.items()
        if to == new and Party.CLOCK in who
    ]
    dates.filter(state__in=movable).update(
        state=new, sequence=F("sequence") + 1, **columns
    )


# --- Giving up hours -------------------------------------------------------------


def free_until(booking: Booking, occurrence: Occurrence) -> datetime:
    """Until then its guest can give a date up and owe nothing. A moved one counts from where it stood first."""
    starts: list[datetime] = [occurrence.period.lower]
    if occurrence.moved_from:
        starts.append(occurrence.moved_from.lower)
    first = min(starts).astimezone(booking.office.building.zone)
    day = first.date() - timedelta(days=booking.notice_days)
    return hours.instant(
        day, first.hour * 60 + first.minute, booking.office.building.zone
    )


def is_late(booking: Booking, occurrence: Occurrence) -> bool:
    return timezone.now() > free_until(booking, occurrence)


def cancel_dates(
    booking: Booking, occurrences: Sequence[Occurrence], *, by: Therapist
) -> None:
    """→ cancelled. What its guest calls off too late is due; what a host calls off never is. The caller refreshes.

    A displaced date is due only if its host said so before.
    """
    late = [
        o
        for o in occurrences
        if by.pk == o.guest_id
        and (o.state == OccurrenceState.BOOKED or o.is_due)
        and o.price_cents
        and is_late(booking, o)
    ]
    early = [o for o in occurrences if o not in late]
    move_dates(booking, early, OccurrenceState.CANCELLED, by=by, is_due=False)
    move_dates(booking, late, OccurrenceState.CANCELLED, by=by, is_due=True)


# --- The history, and who hears of it -------------------------------------------


def record_change(
    booking: Booking,
    change: ChangeKind,
    *,
    by: Therapist | None,
    details: Mapping[str, Any],
    note: str = "",
    also: Iterable[Therapist] = (),
    mail: str = "booking_changed",
) -> BookingEvent:
    """Into the history, and one mail to everybody concerned but the one who did it; none where ``mail`` is empty.

    ``details``: ``before`` and ``after`` as lists of ``[lower, upper]`` (ISO), ``offices`` and ``people`` by id.
    """
    event = BookingEvent.objects.create(
        booking=booking,
        actor=by,
        old_status=booking.status,
        new_status=booking.status,
        change=change,
        details=dict(details),
        note=note,
    )
    people = (concerned_by(booking) | set(also)) - {by} if mail else set()
    for person in people:
        enqueue(
            mail,
            to=person,
            cause=f"booking:{booking.pk}:event:{event.pk}",
            payload={"booking": booking.pk, "event": event.pk},
        )
    return event


def record_move(
    booking: Booking,
    occurrence: Occurrence,
    *,
    before: list[list[str]],
    by: Therapist,
) -> None:
    """One date stands elsewhere now."""
    record_change(
        booking,
        ChangeKind.MOVED,
        by=by,
        details={"before": before, "after": said_periods([occurrence])},
        also=takers_of(booking, [occurrence]),
    )


def said_periods(occurrences: Iterable[Occurrence]) -> list[list[str]]:
    """As ``record_change`` keeps them."""
    return [
        [o.period.lower.isoformat(), o.period.upper.isoformat()] for o in occurrences
    ]
