"""The dates of bookings: which change of state is possible, for whom, and who hears of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.enums import ChangeKind, OccurrenceState, Party
from spaces.models import Booking, BookingEvent, Occurrence

O = OccurrenceState  # noqa: E741 -- the table below is read across
DATE_TRANSITIONS: dict[tuple[OccurrenceState, OccurrenceState], set[Party]] = {
    (O.ASKED, O.BOOKED): {Party.HOST},
    (O.ASKED, O.HELD): {Party.HOST},
    (O.ASKED, O.LOST): {Party.CLOCK, Party.HOST},
    (O.ASKED, O.DECLINED): {Party.HOST, Party.GUEST, Party.SUPERVISOR, Party.CLOCK},
    (O.ASKED, O.SKIPPED): {Party.GUEST},
    (O.HELD, O.BOOKED): {Party.HOST, Party.SUPERVISOR},
    (O.HELD, O.RELEASED): {Party.HOST, Party.GUEST, Party.SUPERVISOR, Party.CLOCK},
    (O.BOOKED, O.SKIPPED): {Party.GUEST, Party.HOST},
    (O.BOOKED, O.GIVEN_BACK): {Party.GUEST},
    (O.BOOKED, O.CANCELLED): {Party.GUEST, Party.HOST},
    (O.BOOKED, O.RELEASED): {Party.CLOCK},
    (O.BOOKED, O.DISPLACED): {Party.CLOCK},
    (O.DISPLACED, O.BOOKED): {Party.CLOCK},
    (O.DISPLACED, O.RELEASED): {Party.CLOCK},
    (O.DISPLACED, O.CANCELLED): {Party.GUEST, Party.HOST},
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


def concerned_by(booking: Booking) -> set[Therapist]:
    """Its guest, its hosts, and who answers for the guest."""
    people = {booking.guest, *booking.office.hosts.all()}
    return people | {booking.party} if booking.party else people


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
    parties = parties_of(booking, by)
    for occurrence in occurrences:
        old = OccurrenceState(occurrence.state)
        if not parties & DATE_TRANSITIONS.get((old, new), set()):
            raise NotAllowedError(
                _("This date is “%(old)s” now; it cannot become “%(new)s”.")
                % {"old": old.label, "new": new.label}
            )
    for occurrence in occurrences:
        occurrence.state = new
        occurrence.sequence += 1
        for name, value in columns.items():
            setattr(occurrence, name, value)
    Occurrence.objects.bulk_update(occurrences, ["state", "sequence", *columns])


def record_change(
    booking: Booking,
    change: ChangeKind,
    *,
    by: Therapist | None,
    details: Mapping[str, Any],
    note: str = "",
    also: Iterable[Therapist] = (),
) -> BookingEvent:
    """Into the history, and one mail to everybody concerned but the one who did it.

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
    for person in (concerned_by(booking) | set(also)) - {by}:
        enqueue(
            "booking_changed",
            to=person,
            cause=f"booking:{booking.pk}:event:{event.pk}",
            payload={"booking": booking.pk, "event": event.pk},
        )
    return event


def said_periods(occurrences: Iterable[Occurrence]) -> list[list[str]]:
    """As ``record_change`` keeps them."""
    return [
        [o.period.lower.isoformat(), o.period.upper.isoformat()] for o in occurrences
    ]
