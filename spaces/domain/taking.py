"""Taking hours, as far as the database lets, and what follows from it for others."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import BooleanField, F, Func, Q, Value
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue_all
from directory.models import Therapist
from spaces import hours
from spaces.domain.any_room import rehome
from spaces.domain.availability import keep_facets
from spaces.domain.dates import (
    move_by_clock,
    move_dates,
    record_change,
    said_periods,
)
from spaces.enums import BookingStatus, ChangeKind, OccurrenceState
from spaces.errors import SlotTakenError
from spaces.fields import DateTimeMultirangeField
from spaces.hours import Interval
from spaces.models import Booking, BookingEvent, Closure, Occurrence, Office

GIVEN_UP = [OccurrenceState.GIVEN_BACK, OccurrenceState.CANCELLED]


def take_dates(
    booking: Booking,
    occurrences: Sequence[Occurrence],
    *,
    by: Therapist | None,
    **columns: Any,
) -> None:
    """→ booked, as far as the constraint lets; then rivals lose theirs, and nobody owes what somebody else has now."""
    try:
        with transaction.atomic():
            move_dates(booking, occurrences, OccurrenceState.BOOKED, by=by, **columns)
    except IntegrityError as error:
        raise _taken(occurrences) from error
    settle_taken(booking, occurrences)


def hold_dates(
    booking: Booking,
    occurrences: Sequence[Occurrence],
    *,
    until: datetime,
    by: Therapist | None,
) -> None:
    """→ held: nobody else can have these hours until then. Rivals lose theirs only once they are booked."""
    held = [o for o in occurrences if o.state == OccurrenceState.HELD]
    Occurrence.objects.filter(pk__in=[o.pk for o in held]).update(held_until=until)
    try:
        with transaction.atomic():
            move_dates(
                booking,
                [o for o in occurrences if o not in held],
                OccurrenceState.HELD,
                by=by,
                held_until=until,
            )
    except IntegrityError as error:
        raise _taken(occurrences) from error


_Shift = tuple[Occurrence, DateTimeTZRange, int]  # to there, for so many cents


def put_dates(
    booking: Booking,
    moves: Sequence[_Shift],
    *,
    by: Therapist,
) -> None:
    """Booked dates to other periods, at these prices. Each keeps where it stood first, unless it is back there."""
    try:
        with transaction.atomic():
            for occurrence, period, cents in _in_nobodys_way(moves):
                first = occurrence.moved_from or occurrence.period
                move_dates(
                    booking,
                    [occurrence],
                    OccurrenceState.BOOKED,
                    by=by,
                    period=period,
                    price_cents=cents,
                    moved_from=None if first == period else first,
                )
    except IntegrityError as error:
        for occurrence, period, _cents in moves:
            occurrence.period = period
        raise _taken([occurrence for occurrence, _period, _cents in moves]) from error
    settle_taken(booking, [occurrence for occurrence, _period, _cents in moves])


def _in_nobodys_way(moves: Sequence[_Shift]) -> list[_Shift]:
    """One by one, no date moves to where another of them still stands: what goes later goes first, from the end."""
    later = [move for move in moves if move[1].lower > move[0].period.lower]
    sooner = [move for move in moves if move not in later]
    return [
        *sorted(later, key=lambda move: move[0].period.lower, reverse=True),
        *sorted(sooner, key=lambda move: move[0].period.lower),
    ]


def add_booked(occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """New dates, booked from the start. Raises ``SlotTakenError`` naming those that are taken."""
    for occurrence in occurrences:
        occurrence.state = OccurrenceState.BOOKED
    added = _add(occurrences)
    settle_taken(occurrences[0].booking, added)
    return added


def add_held(occurrences: Sequence[Occurrence], *, until: datetime) -> list[Occurrence]:
    """New dates, held from the start; else the same."""
    for occurrence in occurrences:
        occurrence.state = OccurrenceState.HELD
        occurrence.held_until = until
    return _add(occurrences)


def _add(occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    try:
        with transaction.atomic():
            return Occurrence.objects.bulk_create(occurrences)
    except IntegrityError as error:
        raise _taken(occurrences) from error


def settle_taken(winner: Booking, booked: Sequence[Occurrence]) -> None:
    """What follows for others from hours that are booked now."""
    asked = Q(state=OccurrenceState.ASKED) & ~Q(booking=winner)
    due = Q(state__in=GIVEN_UP, is_due=True)
    met = (
        Occurrence.objects.filter(asked | due, _overlapping(booked))
        .select_related("booking__guest", "booking__office__building")
        .order_by("booking_id", "period", "pk")
    )
    rivals = [o for o in met if o.state == OccurrenceState.ASKED]
    if rivals:
        _lose_rivals(rivals)
    _forgive([o for o in met if o.state in GIVEN_UP])


def _lose_rivals(rivals: Sequence[Occurrence]) -> None:
    """Asked dates of others that overlap become lost; each asker is told once what went."""
    lost = rehome(rivals)  # where any room would do, another one does
    move_by_clock(
        Occurrence.objects.filter(pk__in=[o.pk for o in lost]), OccurrenceState.LOST
    )
    losers = {occurrence.booking_id: occurrence.booking for occurrence in lost}
    enqueue_all(
        "booking_lost",
        [
            Letter(
                to=booking.guest,
                cause=f"booking:{booking.pk}:lost:{lost_of[0]}",
                payload={"booking": booking.pk, "occurrences": lost_of},
            )
            for booking in losers.values()
            if (lost_of := [o.pk for o in lost if o.booking_id == booking.pk])
        ],
    )
    _decline_emptied(losers.values(), lost)


def _decline_emptied(losers: Iterable[Booking], lost: Sequence[Occurrence]) -> None:
    """Nothing is left to answer, nor to approve: who was asked to hears it too. The guest has just been told that it
    went, so no second mail."""
    open_states = [OccurrenceState.ASKED, OccurrenceState.HELD]
    still_open = Occurrence.objects.filter(state__in=open_states).values("booking")
    emptied = list(
        Booking.objects.filter(
            pk__in=[booking.pk for booking in losers], status=BookingStatus.REQUESTED
        )
        .exclude(pk__in=still_open)
        .select_related("party__user")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    if not emptied:
        return
    Booking.objects.filter(pk__in=[booking.pk for booking in emptied]).update(
        status=BookingStatus.DECLINED
    )
    BookingEvent.objects.bulk_create(
        BookingEvent(
            booking=booking,
            old_status=BookingStatus.REQUESTED,
            new_status=BookingStatus.DECLINED,
            note=_("Every date went to someone else."),
        )
        for booking in emptied
    )
    enqueue_all(
        "booking_lost",
        [
            Letter(
                to=booking.party,
                cause=f"booking:{booking.pk}:lost",
                payload={
                    "booking": booking.pk,
                    "occurrences": [o.pk for o in lost if o.booking_id == booking.pk],
                },
            )
            for booking in emptied
            if booking.party
        ],
    )
    keep_facets([booking.guest_id for booking in emptied])


def _forgive(due: Iterable[Occurrence]) -> None:
    """Dates given up too late are due no longer once all of their hours are somebody else's."""
    for occurrence in due:
        taken = Occurrence.objects.filter(
            office=occurrence.office_id,
            period__overlap=occurrence.period,
            state=OccurrenceState.BOOKED,
        )
        hours_taken = hours.union(
            (p.lower, p.upper) for p in taken.values_list("period", flat=True)
        )
        own = [(occurrence.period.lower, occurrence.period.upper)]
        if hours.difference(own, hours_taken):
            continue
        Occurrence.objects.filter(pk=occurrence.pk).update(is_due=False)
        record_change(
            occurrence.booking,
            ChangeKind.DUE,
            by=None,
            details={"before": said_periods([occurrence])},
        )


def _overlapping(occurrences: Sequence[Occurrence]) -> Q:
    by_office: dict[int, list[Interval]] = defaultdict(list)
    for occurrence in occurrences:
        period = occurrence.period
        by_office[occurrence.office_id].append((period.lower, period.upper))
    overlap = Q(pk__in=[])
    for office_id, periods in by_office.items():
        overlap |= Q(Meets("period", periods), office=office_id)
    return overlap


class Meets(Func):
    """Whether a period overlaps any of these: one question for a year of dates."""

    template = "(%(expressions)s)"
    arg_joiner = " && "
    output_field = BooleanField()

    def __init__(self, name: str, periods: Iterable[Interval]) -> None:
        known = Value(hours.union(periods), output_field=DateTimeMultirangeField())
        super().__init__(F(name), known)


def closed_among(occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """Those that a closure of their office or building covers."""
    if not occurrences:
        return []
    offices = {o.office_id: o.office for o in occurrences}
    houses = {office.building_id for office in offices.values()}
    reach = (
        min(o.period.lower for o in occurrences),
        max(o.period.upper for o in occurrences),
    )
    closures = Closure.objects.filter(
        Q(office__in=list(offices)) | Q(building__in=houses), period__overlap=reach
    )
    return [o for o in occurrences if any(_is_shut(o, shut) for shut in closures)]


def _is_shut(occurrence: Occurrence, closure: Closure) -> bool:
    is_here = (
        closure.office_id == occurrence.office_id
        or closure.building_id == occurrence.office.building_id
    )
    return is_here and (
        closure.period.lower < occurrence.period.upper
        and occurrence.period.lower < closure.period.upper
    )


def _taken(wanted: Sequence[Occurrence]) -> SlotTakenError:
    """Who is refused is told which dates. Of dates held for somebody it says so: they may become free again."""
    ids = [o.pk for o in wanted if o.pk]
    rivals = list(
        Occurrence.objects.taking().filter(_overlapping(wanted)).exclude(pk__in=ids)
    )
    taken = [o for o in wanted if any(_meets(o, rival) for rival in rivals)]
    words = (
        _("Held for somebody else: %(dates)s. Leave these out, or wait a little.")
        if rivals and all(rival.state == OccurrenceState.HELD for rival in rivals)
        else _("Taken meanwhile: %(dates)s.")
    )
    return SlotTakenError(words % {"dates": named(taken, wanted[0].office)})


def _meets(one: Occurrence, other: Occurrence) -> bool:
    return (
        one.office_id == other.office_id
        and one.period.lower < other.period.upper
        and other.period.lower < one.period.upper
    )


def named(occurrences: Sequence[Occurrence], office: Office) -> str:
    zone = office.building.zone
    return ", ".join(
        date_format(occurrence.day(zone), "D j M") for occurrence in occurrences
    )
