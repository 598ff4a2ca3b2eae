"""The host moves a confirmed booking to another of their rooms in the same building, in one step."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.any_room import has_more_rooms, rooms_of_house, settle_in
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.dates import (
    lock_booking,
    move_dates,
    parties_of,
    record_change,
    said_periods,
)
from spaces.domain.taking import (
    named,
    settle_taken,
)
from spaces.enums import BookingStatus, ChangeKind, OccurrenceState, Party
from spaces.errors import HoursError, SlotTakenError
from spaces.models import Booking, Closure, Displacement, Occurrence, Office

MOVABLE = [OccurrenceState.BOOKED, OccurrenceState.DISPLACED]


@dataclass
class Move:
    """Another room for a booking, and what is in the way of each date."""

    office: Office
    conflicts: dict[int, str] = field(default_factory=dict)  # by date, in words
    seats: bool = True

    def is_clear(self, dates: Sequence[Occurrence]) -> bool:
        return self.seats and not any(date.pk in self.conflicts for date in dates)


def dates_to_move(booking: Booking) -> list[Occurrence]:
    """Booked or displaced, and still to begin; with its dates loaded."""
    return [date for date in booking.occurrences.all() if _is_to_move(date)]


def _is_to_move(date: Occurrence) -> bool:
    return date.state in MOVABLE and date.period.lower > timezone.now()


def may_move(booking: Booking, dates: Iterable[Occurrence]) -> bool:
    """Whether there is another room, and one of these dates to put there."""
    if booking.status != BookingStatus.CONFIRMED or not any(
        _is_to_move(date) for date in dates
    ):
        return False
    return has_more_rooms(booking.office)


def possible_moves(booking: Booking) -> list[Move]:
    """The other rooms, each with its conflicts; those without any first. As many queries as for one room."""
    rooms = list(rooms_of_house(booking.office).order_by("name", "pk"))
    dates = dates_to_move(booking)
    in_use = {date.office_id for date in dates} or {booking.office_id}
    moves = [
        Move(room, seats=room.capacity >= booking.people)
        for room in rooms
        if in_use != {room.pk}
    ]
    conflicts = _conflicts(dates, [move.office for move in moves])
    for move in moves:
        move.conflicts = conflicts[move.office.pk]
    return sorted(moves, key=lambda move: (not move.seats, len(move.conflicts)))


@transaction.atomic
def move_booking(
    booking: Booking,
    *,
    to: Office,
    by: Therapist,
    occurrences: Collection[int] | None = None,
) -> Booking:
    """The coming dates, or those of them with these ids, are in another room from now on; price and terms stay.

    Those whose own room is lost are booked again, and displaced no longer. All or nothing: raises ``SlotTakenError`` naming the dates that the other room does not have.
    """
    offices = Occurrence.objects.filter(booking=booking).order_by()
    lock_offices({to.pk, booking.office_id, *offices.values_list("office", flat=True)})
    booking = lock_booking(booking)
    _check(booking, to, by)
    dates = [
        date
        for date in dates_to_move(booking)
        if date.office_id != to.pk and (occurrences is None or date.pk in occurrences)
    ]
    if not dates:
        raise HoursError(_("Choose at least one date that is still to come."))
    if conflicts := _conflicts(dates, [to])[to.pk]:
        raise SlotTakenError(_not_there(dates, conflicts, to))
    before = sorted({date.office_id for date in dates})
    _move(booking, dates, to, by=by)
    if all(date.office_id == to.pk for date in dates_to_move(booking)):
        settle_in(booking, to)
    settle_taken(booking, dates)
    record_change(
        Booking.objects.with_parties().with_dates().get(pk=booking.pk),
        ChangeKind.ROOM,
        by=by,
        details={
            "before": said_periods(dates),
            "after": said_periods(dates),
            "offices": [*before, to.pk],
            "occurrences": [date.pk for date in dates],
        },
        also={date.guest for date in _with_guests(dates)},
    )
    refresh_free({to.pk, *before})
    return booking


def _check(booking: Booking, to: Office, by: Therapist) -> None:
    if Party.HOST not in parties_of(booking, by):
        raise NotAllowedError(_("Only the hosts of this office can do that."))
    if booking.status != BookingStatus.CONFIRMED:
        raise NotAllowedError(_("Only what is confirmed can be moved."))
    if not rooms_of_house(booking.office).filter(pk=to.pk).exists():
        raise NotAllowedError(_("That room is not one of these."))
    if booking.people > to.capacity:
        raise HoursError(_("This room seats %(count)s.") % {"count": to.capacity})


def _move(
    booking: Booking, dates: Sequence[Occurrence], to: Office, *, by: Therapist
) -> None:
    displaced = [date for date in dates if date.state == OccurrenceState.DISPLACED]
    standing = [date for date in dates if date not in displaced]
    try:
        with transaction.atomic():
            Occurrence.objects.filter(pk__in=[date.pk for date in standing]).update(
                office=to, sequence=F("sequence") + 1
            )
            move_dates(
                booking,
                displaced,
                OccurrenceState.BOOKED,
                by=by,
                office=to,
                is_due=False,
            )
    except IntegrityError as error:
        raise SlotTakenError(
            _("Taken meanwhile: %(dates)s.") % {"dates": named(dates, to)}
        ) from error
    Displacement.objects.filter(occurrence__in=displaced).delete()
    for date in standing:
        date.office = to
        date.sequence += 1


def _conflicts(
    dates: Sequence[Occurrence], rooms: Sequence[Office]
) -> dict[int, dict[int, str]]:
    """By room: what of it is closed or taken, by date. Two queries."""
    found: dict[int, dict[int, str]] = {room.pk: {} for room in rooms}
    if not dates or not rooms:
        return found
    ids = list(found)
    reach = (
        min(date.period.lower for date in dates),
        max(date.period.upper for date in dates),
    )
    taken = list(
        Occurrence.objects.taking()
        .filter(office__in=ids)
        .exclude(pk__in=[date.pk for date in dates])
        .overlapping(*reach)
        .select_related("guest")
        .in_order()
    )
    closures = list(
        Closure.objects.filter(
            Q(office__in=ids) | Q(building=rooms[0].building_id),
            period__overlap=reach,
        )
    )
    for room in rooms:
        here = [other for other in taken if other.office_id == room.pk]
        shut = [c for c in closures if c.building_id or c.office_id == room.pk]
        for date in dates:
            if date.office_id != room.pk and (
                words := _conflict(date, here, shut, room)
            ):
                found[room.pk][date.pk] = words
    return found


def _conflict(
    date: Occurrence,
    taken: Sequence[Occurrence],
    closures: Sequence[Closure],
    room: Office,
) -> str:
    for closure in closures:
        if _meet(closure.period, date.period):
            return _("closed: %(reason)s") % {"reason": closure.reason}
    for other in taken:
        if _meet(other.period, date.period):
            zone = room.building.zone
            lower, upper = (
                moment.astimezone(zone)
                for moment in (other.period.lower, other.period.upper)
            )
            return _("%(name)s has %(start)s–%(end)s") % {
                "name": other.guest,
                "start": f"{lower:%H:%M}",
                "end": f"{upper:%H:%M}",
            }
    return ""


def _meet(one: DateTimeTZRange, other: DateTimeTZRange) -> bool:
    return bool(one.lower < other.upper and other.lower < one.upper)


def _not_there(
    dates: Sequence[Occurrence], conflicts: dict[int, str], to: Office
) -> str:
    zone = to.building.zone
    return _("%(room)s does not have these hours: %(dates)s. Nothing was moved.") % {
        "room": to,
        "dates": "; ".join(
            f"{date_format(date.day(zone), 'D j M')} ({conflicts[date.pk]})"
            for date in dates
            if date.pk in conflicts
        ),
    }


def _with_guests(dates: Sequence[Occurrence]) -> Iterable[Occurrence]:
    return Occurrence.objects.filter(pk__in=[d.pk for d in dates]).select_related(
        "guest__user"
    )
