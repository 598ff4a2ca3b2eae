"""The dates of bookings: which change of state is possible, for whom, and who hears of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue, enqueue_all
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.any_room import rehome
from spaces.domain.availability import keep_facets, lock_offices
from spaces.enums import BookingStatus, ChangeKind, OccurrenceState, Party
from spaces.errors import SlotTakenError
from spaces.models import Booking, BookingEvent, Closure, Occurrence, Office
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
    """Who has some of these dates without having asked for the booking."""
    ids = {o.guest_id for o in dates} - {booking.guest_id}
    return list(Therapist.objects.filter(pk__in=ids)) if ids else []


def lock_booking(booking: Booking) -> Booking:
    """Locks its offices, those of its dates too, by id; then reads it again, with parties and dates."""
    ids = {booking.office_id} | _offices_of(booking)
    lock_offices(ids)
    booking = Booking.objects.with_parties().with_dates().get(pk=booking.pk)
    if ({booking.office_id} | _offices_of(booking)) - ids:
        raise NotAllowedError(
            _("Somebody changed this booking just now. Look at it again, please.")
        )
    for occurrence in booking.occurrences.all():
        if occurrence.office_id == booking.office_id:
            occurrence.office = booking.office  # saves a query for each
    return booking


def _offices_of(booking: Booking) -> set[int]:
    dates = Occurrence.objects.filter(booking=booking).order_by()
    return set(dates.values_list("office", flat=True))


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


# --- Taking hours --------------------------------------------------------------


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


def put_dates(
    booking: Booking,
    moves: Sequence[tuple[Occurrence, DateTimeTZRange, int]],
    *,
    by: Therapist,
) -> None:
    """Booked dates to other periods, at these prices. Each keeps where it stood first, unless it is back there."""
    try:
        with transaction.atomic():
            for occurrence, period, cents in moves:
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


def add_booked(occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """New dates, booked from the start. Raises ``SlotTakenError`` naming those that are taken."""
    for occurrence in occurrences:
        occurrence.state = OccurrenceState.BOOKED
    try:
        with transaction.atomic():
            added = Occurrence.objects.bulk_create(occurrences)
    except IntegrityError as error:
        raise _taken(occurrences) from error
    settle_taken(occurrences[0].booking, added)
    return added


def settle_taken(winner: Booking, booked: Sequence[Occurrence]) -> None:
    """What follows for others from hours that are booked now."""
    _lose_rivals(winner, booked)
    _forgive(winner, booked)


def _lose_rivals(winner: Booking, booked: Sequence[Occurrence]) -> None:
    """Asked dates of others that overlap become lost; each asker is told once what went."""
    rivals = (
        Occurrence.objects.asked()
        .filter(_overlapping(booked))
        .exclude(booking=winner)
        .select_related("booking__guest", "booking__office__building")
    )
    lost = rehome(list(rivals))  # where any room would do, another one does
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
    _decline_emptied(losers.values())


def _decline_emptied(losers: Iterable[Booking]) -> None:
    """Nothing is left to answer. The guest has just been told that it went, so no second mail."""
    open_states = [OccurrenceState.ASKED, OccurrenceState.HELD]
    still_open = Occurrence.objects.filter(state__in=open_states).values("booking")
    emptied = list(
        Booking.objects.filter(
            pk__in=[booking.pk for booking in losers], status=BookingStatus.REQUESTED
        ).exclude(pk__in=still_open)
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
    keep_facets([booking.guest_id for booking in emptied])


def _forgive(winner: Booking, booked: Sequence[Occurrence]) -> None:
    """Dates given up too late are due no longer once all of their hours are somebody else's."""
    due = Occurrence.objects.filter(
        _overlapping(booked),
        state__in=[OccurrenceState.GIVEN_BACK, OccurrenceState.CANCELLED],
        is_due=True,
    )
    for occurrence in due.select_related("booking__office").order_by("booking", "pk"):
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
    overlap = Q(pk__in=[])
    for occurrence in occurrences:
        overlap |= Q(office=occurrence.office_id, period__overlap=occurrence.period)
    return overlap


def closed_among(occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """Those that a closure of their office or building covers."""
    return [o for o in occurrences if _is_closed(o)]


def _is_closed(occurrence: Occurrence) -> bool:
    closures = Closure.objects.of_office(occurrence.office)
    return closures.filter(period__overlap=occurrence.period).exists()


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


# --- Giving up hours -------------------------------------------------------------


def free_until(booking: Booking, occurrence: Occurrence) -> datetime:
    """Until then its guest can give a date up and owe nothing. A moved one counts from where it stood first."""
    starts: list[datetime] = [occurrence.period.lower]
    if occurrence.moved_from:
        starts.append(occurrence.moved_from.lower)
    first = min(starts)
    return first - timedelta(days=booking.notice_days)


def is_late(booking: Booking, occurrence: Occurrence) -> bool:
    return timezone.now() > free_until(booking, occurrence)


def cancel_dates(
    booking: Booking, occurrences: Sequence[Occurrence], *, by: Therapist
) -> None:
    """→ cancelled. What its guest calls off too late is due; what a host calls off never is. The caller refreshes."""
    late = [
        o
        for o in occurrences
        if by.pk == o.guest_id
        and o.state == OccurrenceState.BOOKED
        and o.price_cents
        and is_late(booking, o)
    ]
    early = [o for o in occurrences if o not in late]
    move_dates(booking, early, OccurrenceState.CANCELLED, by=by)
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
            mail,
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
