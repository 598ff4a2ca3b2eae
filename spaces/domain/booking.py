"""The life of a booking: asked for, answered, kept, given up. Only these verbs change its status and its dates."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import NotAllowedError
from directory.models import Community, Therapist
from spaces import hours
from spaces.domain.availability import keep_facets, lock_offices, refresh_free
from spaces.domain.dates import parties_of
from spaces.domain.planning import PlannedDate, look_up
from spaces.enums import BookingSource, BookingStatus, OccurrenceState, Party
from spaces.errors import HoursError, SlotTakenError
from spaces.hours import Dated, Span
from spaces.models import Booking, BookingEvent, Closure, Occurrence, Office
from spaces.models.booking import OccurrenceQuerySet
from spaces.queries import offices_open_to

S = BookingStatus
TRANSITIONS: dict[tuple[BookingStatus, BookingStatus], set[Party]] = {
    (S.REQUESTED, S.CONFIRMED): {Party.HOST},
    (S.REQUESTED, S.DECLINED): {Party.HOST, Party.CLOCK},
    (S.REQUESTED, S.WITHDRAWN): {Party.GUEST},
    (S.REQUESTED, S.EXPIRED): {Party.CLOCK},
    (S.CONFIRMED, S.CANCELLED): {Party.GUEST, Party.HOST},
    (S.CONFIRMED, S.ENDED): {Party.CLOCK},
}


# --- Asking ------------------------------------------------------------------


def request_booking(
    office: Office,
    *,
    guest: Therapist,
    dates: Sequence[tuple[date, Span]],
    people: int = 2,
    message: str = "",
) -> Booking:
    """Ask for these dates. Holds nothing: whoever is confirmed first has the hours.

    Raises ``HoursError`` without dates, ``SlotTakenError`` naming the dates that are not to be had.
    """
    if not offices_open_to(guest).filter(pk=office.pk).exists():
        raise NotAllowedError(_("You cannot ask for hours of this office."))
    if not dates:
        raise HoursError(_("Choose at least one date."))
    if people > office.capacity:
        raise HoursError(_("This room seats %(count)s.") % {"count": office.capacity})
    zone = office.building.zone
    today = hours.local_day(timezone.now(), zone)
    if min(dates)[0] < today - hours.HORIZON:
        raise HoursError(_("These dates are past."))
    if max(dates)[0] > today + hours.HORIZON:
        raise HoursError(_("Hours can be asked for up to 53 weeks ahead."))
    dated = sorted(
        {
            Dated(day, span, hours.local_period(day, *span[1:], zone))
            for day, span in dates
        },
        key=lambda item: item[:2],
    )
    with transaction.atomic():
        lock_offices(
            [office.pk]
        )  # whoever is confirmed meanwhile would not know of this request
        planned = look_up(office, guest, dated)
        if gone := [item for item in planned if not item.is_free]:
            raise SlotTakenError(_not_to_be_had(gone))
        booking = Booking.objects.create(
            office=office,
            guest=guest,
            people=people,
            message=message,
            terms=office.terms,
            answer_by=_answer_by(planned),
        )
        Occurrence.objects.bulk_create(
            Occurrence(
                booking=booking,
                office=office,
                guest=guest,
                period=item.period,
                price_cents=item.price_cents,
            )
            for item in planned
        )
        BookingEvent.objects.create(
            booking=booking, actor=guest, new_status=S.REQUESTED
        )
        keep_facets([guest.pk])
        _tell_others(booking, S.REQUESTED, by=guest)
    return booking


def _answer_by(planned: Sequence[PlannedDate]) -> datetime:
    """The community's days to answer, but never after the first hour begins."""
    first: datetime = min(item.period.lower for item in planned if item.period)
    days = Community.objects.current().answer_days
    return min(timezone.now() + timedelta(days=days), first)


def _not_to_be_had(gone: Sequence[PlannedDate]) -> str:
    return _(
        "Not to be had any more: %(dates)s. Leave them out and send again; nothing else has changed."
    ) % {
        "dates": "; ".join(
            f"{date_format(item.day, 'D j M')} ({item.note})" for item in gone[:5]
        )
        + (" …" if len(gone) > 5 else "")
    }


# --- Answering, changing one's mind, the clock ---------------------------------


@transaction.atomic
def confirm_booking(booking: Booking, *, by: Therapist) -> Booking:
    """Book what is still to be had of the asked dates; rivals lose theirs and are told at once."""
    booking = _move(booking, S.CONFIRMED, by=by)
    if not booking.guest.is_member:
        raise NotAllowedError(
            _("%(name)s is no member now, so nothing can be booked for them.")
            % {"name": booking.guest}
        )
    asked = list(booking.occurrences.asked())
    possible = [occurrence for occurrence in asked if not _is_closed(occurrence)]
    if not possible:
        raise SlotTakenError(_("Nothing of what was asked for is to be had any more."))
    _set_state([o for o in asked if o not in possible], OccurrenceState.LOST)
    _book(booking, possible)
    return booking


def decline_booking(
    booking: Booking, *, by: Therapist | None, note: str = ""
) -> Booking:
    return _give_up(booking, S.DECLINED, OccurrenceState.DECLINED, by=by, note=note)


def withdraw_booking(booking: Booking, *, by: Therapist) -> Booking:
    return _give_up(booking, S.WITHDRAWN, OccurrenceState.DECLINED, by=by)


def cancel_booking(booking: Booking, *, by: Therapist, note: str = "") -> Booking:
    """Give up every date that is still to come; what has been stays as it was."""
    return _give_up(booking, S.CANCELLED, OccurrenceState.CANCELLED, by=by, note=note)


def expire_bookings(now: datetime | None = None) -> int:
    """Requests nobody answered in time. One transaction each; an already answered one is no error."""
    due = Booking.objects.filter(
        status=S.REQUESTED, answer_by__lte=now or timezone.now()
    )
    return sum(
        _by_the_clock(booking, S.EXPIRED, OccurrenceState.DECLINED) for booking in due
    )


def end_bookings(now: datetime | None = None) -> int:
    """Confirmed bookings whose last date is over."""
    running = Occurrence.objects.taking().ending_after(now or timezone.now())
    due = Booking.objects.filter(status=S.CONFIRMED).exclude(
        pk__in=running.values("booking")
    )
    return sum(_by_the_clock(booking, S.ENDED, None) for booking in due)


@transaction.atomic
def enter_booking(
    office: Office,
    *,
    guest: Therapist,
    periods: Sequence[DateTimeTZRange],
    price_cents_an_hour: int,
    source: BookingSource,
    by: Therapist | None,
    people: int = 2,
    message: str = "",
) -> Booking:
    """Book at once, without an opening: an accepted offer, a host's own entry. Nobody is told but rivals.

    Closures and the constraint alone bind it. Raises ``SlotTakenError`` naming the dates that are taken.
    """
    if not periods:
        raise HoursError(_("Choose at least one date."))
    lock_offices([office.pk])
    booking = Booking.objects.create(
        office=office,
        guest=guest,
        status=S.CONFIRMED,
        source=source,
        people=people,
        message=message,
        terms=office.terms,
    )
    occurrences = Occurrence.objects.bulk_create(
        Occurrence(
            booking=booking,
            office=office,
            guest=guest,
            period=period,
            price_cents=-(-price_cents_an_hour * _minutes(period) // 60),
        )
        for period in periods
    )
    if closed := [o for o in occurrences if _is_closed(o)]:
        raise SlotTakenError(
            _("The office is closed on %(dates)s.") % {"dates": _named(closed, office)}
        )
    BookingEvent.objects.create(booking=booking, actor=by, new_status=S.CONFIRMED)
    _book(booking, occurrences)
    return booking


def next_statuses(booking: Booking, therapist: Therapist) -> list[BookingStatus]:
    """Where ``therapist`` may take ``booking`` from here: the buttons to show."""
    parties = parties_of(booking, therapist)
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == booking.status and parties & who
    ]


def _move(
    booking: Booking, new: BookingStatus, *, by: Therapist | None, note: str = ""
) -> Booking:
    """The one change of status: lock, look again, check the table, save, record, tell the other side."""
    lock_offices([booking.office_id])
    booking = Booking.objects.with_parties().get(pk=booking.pk)
    old = BookingStatus(booking.status)
    if not parties_of(booking, by) & TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This booking is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    booking.status = new
    booking.save(update_fields=["status"])
    BookingEvent.objects.create(
        booking=booking, actor=by, old_status=old, new_status=new, note=note
    )
    if new != S.ENDED:
        _tell_others(booking, new, by=by)
    keep_facets([booking.guest_id])
    return booking


@transaction.atomic
def _give_up(
    booking: Booking,
    new: BookingStatus,
    state: OccurrenceState,
    *,
    by: Therapist | None,
    note: str = "",
) -> Booking:
    booking = _move(booking, new, by=by, note=note)
    open_states = [
        OccurrenceState.ASKED,
        OccurrenceState.BOOKED,
        OccurrenceState.HELD,
        OccurrenceState.DISPLACED,
    ]
    to_come = Q(state=OccurrenceState.ASKED) | Q(period__startswith__gt=timezone.now())
    booking.occurrences.filter(to_come, state__in=open_states).update(state=state)
    refresh_free([booking.office_id])
    return booking


def _by_the_clock(
    booking: Booking, new: BookingStatus, state: OccurrenceState | None
) -> bool:
    try:
        if state is None:
            with transaction.atomic():
                _move(booking, new, by=None)
        else:
            _give_up(booking, new, state, by=None)
    except NotAllowedError:
        return False  # answered meanwhile
    return True


def _book(booking: Booking, occurrences: Sequence[Occurrence]) -> None:
    """asked → booked under the office's lock; the exclusion constraint is the net."""
    try:
        with transaction.atomic():
            _set_state(occurrences, OccurrenceState.BOOKED)
    except IntegrityError as error:
        taken = [o for o in occurrences if _rivals_having(o).exists()]
        raise SlotTakenError(
            _("Taken meanwhile: %(dates)s.") % {"dates": _named(taken, booking.office)}
        ) from error
    _lose_rivals(booking, occurrences)
    refresh_free([booking.office_id])


def _lose_rivals(winner: Booking, booked: Sequence[Occurrence]) -> None:
    """Asked dates of others that overlap become lost; each asker is told once what went."""
    overlap = Q()
    for occurrence in booked:
        overlap |= Q(period__overlap=occurrence.period)
    lost = list(
        Occurrence.objects.asked()
        .filter(overlap, office=winner.office_id)
        .exclude(booking=winner)
        .select_related("booking__guest")
    )
    _set_state(lost, OccurrenceState.LOST)
    for booking in {
        occurrence.booking_id: occurrence.booking for occurrence in lost
    }.values():
        enqueue(
            "booking_lost",
            to=booking.guest,
            cause=f"booking:{booking.pk}:lost:{winner.pk}",
            payload={
                "booking": booking.pk,
                "occurrences": [o.pk for o in lost if o.booking_id == booking.pk],
            },
        )
        if not booking.occurrences.asked().exists() and booking.status == S.REQUESTED:
            _decline_emptied(booking)


def _decline_emptied(booking: Booking) -> None:
    """Nothing is left to answer. The guest has just been told that it went, so no second mail."""
    Booking.objects.filter(pk=booking.pk).update(status=S.DECLINED)
    BookingEvent.objects.create(
        booking=booking,
        old_status=S.REQUESTED,
        new_status=S.DECLINED,
        note=_("Every date went to someone else."),
    )
    keep_facets([booking.guest_id])


def _tell_others(
    booking: Booking, status: BookingStatus, *, by: Therapist | None
) -> None:
    """Everyone concerned but the one who did it; a confirmation goes to both, for its calendar file."""
    people = {booking.guest, *booking.office.hosts.all()}
    if status != S.CONFIRMED:
        people -= {by}
    for person in people:
        enqueue(
            f"booking_{status}",
            to=person,
            cause=f"booking:{booking.pk}:{status}",
            payload={"booking": booking.pk},
        )


def _set_state(occurrences: Sequence[Occurrence], state: OccurrenceState) -> None:
    Occurrence.objects.filter(pk__in=[o.pk for o in occurrences]).update(state=state)
    for occurrence in occurrences:
        occurrence.state = state


def _is_closed(occurrence: Occurrence) -> bool:
    closures = Closure.objects.of_office(occurrence.office)
    return closures.filter(period__overlap=occurrence.period).exists()


def _rivals_having(occurrence: Occurrence) -> OccurrenceQuerySet:
    taking = Occurrence.objects.taking().filter(office=occurrence.office_id)
    return taking.filter(period__overlap=occurrence.period).exclude(pk=occurrence.pk)


def _named(occurrences: Sequence[Occurrence], office: Office) -> str:
    zone = office.building.zone
    return ", ".join(
        date_format(occurrence.day(zone), "D j M") for occurrence in occurrences
    )


def _minutes(period: DateTimeTZRange) -> int:
    return int((period.upper - period.lower).total_seconds()) // 60
