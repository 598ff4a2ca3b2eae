"""Proposing an end or a sublet, and the answers to it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.supervision import booking_party_for
from directory.errors import NoSupervisorError, NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import refresh_free
from spaces.domain.borrowed.sides import (
    ANSWER_WITHIN,
    GUEST,
    HOST,
    TRANSITIONS,
    S,
    check_move,
    dates_from,
    lock_borrowed,
    other_side,
    people_of,
    save_status,
    side_of,
    tell,
)
from spaces.domain.dates import move_dates, record_change, said_periods
from spaces.domain.entering import enter_booking
from spaces.domain.host_entry import plan_entry
from spaces.domain.planning import PlannedDate
from spaces.enums import (
    BookingSource,
    BookingStatus,
    BorrowedKind,
    BorrowedStatus,
    ChangeKind,
    OccurrenceState,
)
from spaces.errors import HoursError, SlotTakenError
from spaces.guests import may_be_guests_of
from spaces.hours import Span
from spaces.models import Booking, BorrowedRoom, Occurrence


@transaction.atomic
def propose_end(borrowed: BorrowedRoom, *, by: Therapist, day: date) -> BorrowedRoom:
    borrowed, booking = lock_borrowed(borrowed)
    _check_day(day, booking)
    if not dates_from(booking, day):
        raise HoursError(_("From then on there is no date left to end."))
    return _propose(borrowed, by=by, kind=BorrowedKind.END, first_date=day)


@transaction.atomic
def propose_sublet(
    borrowed: BorrowedRoom,
    *,
    by: Therapist,
    first_date: date,
    last_date: date,
    spans: Iterable[Span],
    price_cents: int,
) -> BorrowedRoom:
    borrowed, booking = lock_borrowed(borrowed)
    spans = hours.merge_spans(spans)
    _check_day(first_date, booking)
    if not first_date <= last_date <= first_date + hours.HORIZON:
        raise HoursError(_("The end must come after the start, at most 53 weeks."))
    if not spans or set(spans) - set(pattern_of(booking)):
        raise HoursError(_("Choose which of the borrowed hours go on."))
    _who_owes(borrowed, price_cents, by=by)
    proposed = _propose(
        borrowed,
        by=by,
        kind=BorrowedKind.SUBLET,
        first_date=first_date,
        last_date=last_date,
        price_cents=price_cents,
        week=[list(span) for span in spans],
    )
    if not any(item.is_free for item in plan_sublet(proposed)):
        raise SlotTakenError(_("None of these hours is to be had in this room."))
    return proposed


def pattern_of(booking: Booking) -> list[Span]:
    """The hours of the week that are borrowed, of which some may go on. ``booking`` with its dates loaded."""
    zone = booking.office.building.zone
    return hours.merge_spans(date.span(zone) for date in dates_from(booking, None))


def plan_sublet(borrowed: BorrowedRoom) -> list[PlannedDate]:
    """Each date of the proposed sublet; what somebody else has or what is closed says so in its note."""
    booking = borrowed.booking
    if borrowed.first_date is None or borrowed.last_date is None:
        return []
    leaving = dates_from(booking, borrowed.first_date)
    return plan_entry(
        booking.office,
        spans=borrowed.spans,
        first_date=borrowed.first_date,
        last_date=borrowed.last_date,
        price_cents=borrowed.price_cents,
        leaving=[date.pk for date in leaving],
    )


@transaction.atomic
def agree_on_borrowed(
    borrowed: BorrowedRoom, *, by: Therapist, version: int
) -> BorrowedRoom:
    """Does what the other side proposed: the borrowed dates from that day on end and nobody owes them; of a sublet,
    the new ones are booked, as far as they are to be had. ``version`` says which proposal the yes is to.
    """
    borrowed, booking = lock_borrowed(borrowed)
    side = check_move(borrowed, S.AGREED, by)
    if version != borrowed.version or side == side_of(borrowed, borrowed.proposed_by):
        raise NotAllowedError(_("There is another proposal now. Look at it, please."))
    if booking.status != BookingStatus.CONFIRMED:
        raise NotAllowedError(_("This booking is over already."))
    day = borrowed.first_date
    assert day is not None  # noqa: S101 -- the constraint says so
    today = hours.local_day(timezone.now(), booking.office.building.zone)
    day = max(day, today)
    dates = dates_from(booking, day)
    if borrowed.kind == BorrowedKind.SUBLET:
        borrowed.sublet = _sublet(borrowed, dates, by=by)
    else:
        _end(borrowed, dates, by=by)
        refresh_free({date.office_id for date in dates})
    save_status(borrowed, S.AGREED)
    tell(
        borrowed,
        "borrowed_agreed",
        people_of(borrowed, GUEST) | people_of(borrowed, HOST),
        "agreed",
    )
    return borrowed


@transaction.atomic
def keep_borrowed(borrowed: BorrowedRoom, *, by: Therapist) -> BorrowedRoom:
    """Leave it as it was agreed. The other side is told."""
    borrowed, _booking = lock_borrowed(borrowed)
    side = check_move(borrowed, S.KEPT, by)
    save_status(borrowed, S.KEPT)
    tell(borrowed, "borrowed_kept", people_of(borrowed, other_side(side)), "kept")
    return borrowed


def lapse_borrowed(now: datetime | None = None) -> int:
    """Nobody said more for a week: it runs to its agreed end. Who proposed something is told."""
    due = BorrowedRoom.objects.filter(
        status__in=[S.ASKED, S.PROPOSED], answer_by__lte=now or timezone.now()
    )
    return sum(_lapse(borrowed, now or timezone.now()) for borrowed in due)


@transaction.atomic
def _lapse(borrowed: BorrowedRoom, now: datetime) -> bool:
    borrowed = BorrowedRoom.objects.select_for_update(no_key=True).get(pk=borrowed.pk)
    if (
        borrowed.answer_by > now
        or (BorrowedStatus(borrowed.status), S.LAPSED) not in TRANSITIONS
    ):
        return False  # answered meanwhile
    proposer = borrowed.proposed_by
    save_status(borrowed, S.LAPSED)
    if proposer:
        tell(borrowed, "borrowed_kept", {proposer}, "lapsed")
    return True


def _propose(
    borrowed: BorrowedRoom, *, by: Therapist, kind: BorrowedKind, **terms: object
) -> BorrowedRoom:
    side = check_move(borrowed, S.PROPOSED, by)
    if borrowed.booking.status != BookingStatus.CONFIRMED:
        raise NotAllowedError(_("This booking is over already."))
    fresh = {"last_date": None, "price_cents": 0, "week": [], **terms}
    for name, value in fresh.items():
        setattr(borrowed, name, value)
    borrowed.kind, borrowed.proposed_by = kind, by
    borrowed.version += 1
    borrowed.status = S.PROPOSED
    borrowed.answer_by = timezone.now() + ANSWER_WITHIN
    borrowed.save()
    people = people_of(borrowed, other_side(side))
    tell(borrowed, "borrowed_proposed", people, f"proposed:{borrowed.version}")
    return borrowed


def _check_day(day: date, booking: Booking) -> None:
    today = hours.local_day(timezone.now(), booking.office.building.zone)
    if not today <= day <= today + hours.HORIZON:
        raise HoursError(_("Choose a date from today on, up to 53 weeks ahead."))


def _who_owes(borrowed: BorrowedRoom, price_cents: int, *, by: Therapist) -> None:
    """Of a trainee nothing is ever due: where it costs something, the guest's side is who answers for them."""
    guest = borrowed.booking.guest
    if not price_cents:
        return
    try:
        party = booking_party_for(guest)
    except NoSupervisorError as error:
        raise NotAllowedError(
            _("Nobody here answers for %(name)s, so nothing can be due from them.")
            % {"name": guest}
        ) from error
    if party and by == guest:
        raise NotAllowedError(
            _("%(party)s answers for what %(name)s books, so this word is theirs.")
            % {"party": party, "name": guest}
        )


def _end(borrowed: BorrowedRoom, dates: Sequence[Occurrence], *, by: Therapist) -> None:
    """The old dates go, by both sides' will: nobody owes them, however late it is."""
    booking = borrowed.booking
    move_dates(
        booking, dates, OccurrenceState.CANCELLED, by=booking.guest, is_due=False
    )
    if dates:
        record_change(
            booking,
            ChangeKind.ENDED,
            by=by,
            details={
                "before": said_periods(dates),
                "from": dates[0].day(booking.office.building.zone).isoformat(),
            },
            note=_("Both agreed, after the reopening."),
            mail="",
        )


def _sublet(
    borrowed: BorrowedRoom, dates: Sequence[Occurrence], *, by: Therapist
) -> Booking:
    """Free time is computed once, after both steps: nobody who waits gets in between."""
    booking = borrowed.booking
    if not may_be_guests_of(booking.office).filter(pk=booking.guest_id).exists():
        raise NotAllowedError(_("This cannot be booked any more."))
    _who_owes(borrowed, borrowed.price_cents, by=by)
    planned = [item for item in plan_sublet(borrowed) if item.is_free]
    if not planned:
        raise SlotTakenError(
            _("These hours went in the meantime. Nothing changed; propose others.")
        )
    _end(borrowed, dates, by=by)
    sublet = enter_booking(
        booking.office,
        guest=booking.guest,
        periods=[item.period for item in planned if item.period],
        price_cents_an_hour=borrowed.price_cents,
        source=BookingSource.SUBLET,
        by=by,
        people=booking.people,
    )
    if sublet.party:  # theirs was one of the two words
        sublet.approved_at = timezone.now()
        sublet.save(update_fields=["approved_at"])
    return sublet
