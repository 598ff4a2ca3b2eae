"""The life of a booking: answered, approved, given up, ended. Only these verbs change its status.

Asking is ``spaces.domain.asking``, booking without being asked ``spaces.domain.entering``; what happens to dates while it runs is ``spaces.domain.changes``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.domain.licence import only_licensed
from directory.domain.outbox import enqueue_to
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.any_room import choose_room
from spaces.domain.availability import refresh_free
from spaces.domain.dates import (
    cancel_dates,
    concerned_by,
    lock_booking,
    move_dates,
    parties_of,
    said_periods,
    takers_of,
)
from spaces.domain.taking import (
    closed_among,
    hold_dates,
    take_dates,
)
from spaces.enums import (
    BookingSource,
    BookingStatus,
    ChangeKind,
    OccurrenceState,
    Party,
)
from spaces.errors import SlotTakenError
from spaces.models import Booking, BookingEvent, Occurrence, Office
from spaces.models.booking import TAKEN

S = BookingStatus
O = OccurrenceState  # noqa: E741 -- as in spaces.domain.dates
TRANSITIONS: dict[tuple[BookingStatus, BookingStatus], set[Party]] = {
    (S.REQUESTED, S.CONFIRMED): {Party.HOST},
    (S.REQUESTED, S.AWAITING): {Party.HOST},
    (S.REQUESTED, S.DECLINED): {Party.HOST, Party.SUPERVISOR, Party.CLOCK},
    (S.REQUESTED, S.WITHDRAWN): {Party.GUEST},
    (S.REQUESTED, S.EXPIRED): {Party.CLOCK},
    (S.AWAITING, S.CONFIRMED): {Party.SUPERVISOR},
    (S.AWAITING, S.DECLINED): {Party.HOST, Party.SUPERVISOR, Party.CLOCK},
    (S.AWAITING, S.WITHDRAWN): {Party.GUEST},
    (S.AWAITING, S.EXPIRED): {Party.CLOCK},
    (S.CONFIRMED, S.CANCELLED): {Party.GUEST, Party.HOST},
    (S.CONFIRMED, S.ENDED): {Party.CLOCK},
}
HOLD_FOR_APPROVAL = timedelta(hours=12)
UNANSWERED = [O.ASKED, O.HELD]
STANDING = [O.BOOKED, O.DISPLACED]


# --- Answering -----------------------------------------------------------------


@transaction.atomic
def confirm_booking(
    booking: Booking,
    *,
    by: Therapist,
    only: Collection[int] | None = None,
    room: Office | None = None,
) -> Booking:
    """The host's yes to what is still to be had of these dates; rivals lose theirs and are told at once.

    ``only`` are the ids of the dates that are accepted; the others are declined. Where somebody else answers for the
    guest and did not approve yet, the hours are held, and their yes is the last one. ``room`` is the host's choice
    where any suitable one was asked for; without it the best fit.
    """
    if booking.any_room and booking.status == S.REQUESTED:
        choose_room(booking, room)
    booking = lock_booking(booking)
    wanted = [o for o in booking.occurrences.all() if o.state in UNANSWERED]
    closed = closed_among(wanted)
    accepted = [o for o in wanted if o not in closed and (only is None or o.pk in only)]
    refused = [o for o in wanted if o not in closed and o not in accepted]
    is_last_yes = booking.status == S.AWAITING
    is_approved = (
        is_last_yes or booking.party in {None, by} or bool(booking.approved_at)
    )
    _check(booking, S.CONFIRMED if is_approved else S.AWAITING, by)
    is_needed = booking.source == BookingSource.OFFER  # whoever may have a need
    if not is_needed:
        _only_in_good_standing(booking.guest, by)
    if not accepted:
        raise SlotTakenError(
            _("Choose at least one date, or decline.")
            if refused
            else _("Nothing of what was asked for is to be had any more.")
        )
    _settle(booking, closed, {O.ASKED: O.LOST, O.HELD: O.RELEASED}, by=by)
    _settle(booking, refused, {O.ASKED: O.DECLINED, O.HELD: O.RELEASED}, by=by)
    partly: dict[str, Any] = {}
    if left_out := sorted([*closed, *refused], key=lambda o: o.period.lower):
        partly = {
            "change": ChangeKind.PARTLY,
            "details": {"before": said_periods(left_out)},
        }
    if is_last_yes:
        partly["change"] = ChangeKind.APPROVED
    if booking.party == by:
        booking.approved_at = timezone.now()
        booking.save(update_fields=["approved_at"])
    if is_approved:
        take_dates(booking, accepted, by=by)
        booking = change_status(booking, S.CONFIRMED, by=by, **partly)
    else:
        until = held_for_approval(o.period for o in accepted)
        hold_dates(booking, accepted, until=until, by=by)
        booking.answer_by = until
        booking.save(update_fields=["answer_by"])
        booking = change_status(booking, S.AWAITING, by=by, **partly)
    refresh_free({o.office_id for o in wanted}, seekers=[booking.guest_id])
    return booking


def _only_in_good_standing(guest: Therapist, by: Therapist) -> None:
    """Why not is the guest's own affair: nobody is told that a licence lapsed."""
    only_licensed(by)
    if not guest.is_member or guest.lapsed_on:
        raise NotAllowedError(
            _("Nothing can be booked for %(name)s now.") % {"name": guest}
        )


def decline_booking(
    booking: Booking, *, by: Therapist | None, note: str = ""
) -> Booking:
    return _give_up(booking, S.DECLINED, by=by, note=note)


def withdraw_booking(booking: Booking, *, by: Therapist) -> Booking:
    return _give_up(booking, S.WITHDRAWN, by=by)


@transaction.atomic
def cancel_booking(booking: Booking, *, by: Therapist, note: str = "") -> Booking:
    """Give up every date that is still to come; what has been stays as it was.

    Dates that the guest gives up later than the terms say are due, unless somebody else takes them.
    """
    booking = lock_booking(booking)
    _check(booking, S.CANCELLED, by)
    dates = [
        o
        for o in booking.occurrences.all()
        if o.state in STANDING and o.period.lower > timezone.now()
    ]
    is_guest = booking.guest_id == by.pk
    if is_guest and (others := {o.guest_id for o in dates} - {by.pk}):
        raise NotAllowedError(
            ngettext(
                "A colleague has some of these dates from you, and keeps them. Give up your own, one by one.",
                "Colleagues have some of these dates from you, and keep them. Give up your own, one by one.",
                len(others),
            )
        )
    cancel_dates(booking, dates, by=by)
    details = {
        "before": said_periods(dates),
        "due": said_periods(o for o in dates if o.is_due),
    }
    booking = change_status(
        booking,
        S.CANCELLED,
        by=by,
        note=note,
        details=details,
        also=takers_of(booking, dates),
    )
    refresh_free({o.office_id for o in dates} | {booking.office_id})
    return booking


def expire_bookings(now: datetime | None = None) -> int:
    """Requests nobody answered in time. One transaction each; an already answered one is no error."""
    now = now or timezone.now()
    due = Booking.objects.undecided().filter(answer_by__lte=now)
    return sum(_by_the_clock(booking, S.EXPIRED, now) for booking in due)


def end_bookings(now: datetime | None = None) -> int:
    """Confirmed bookings whose last date is over. One that may still be taken up again is not."""
    now = now or timezone.now()
    running = Occurrence.objects.filter(
        state__in=[*TAKEN, O.SKIPPED, O.GIVEN_BACK]
    ).ending_after(now)
    due = Booking.objects.filter(status=S.CONFIRMED).exclude(
        pk__in=running.values("booking")
    )
    return sum(_by_the_clock(booking, S.ENDED, now) for booking in due)


def held_for_approval(periods: Iterable[DateTimeTZRange]) -> datetime:
    """Twelve hours, but never after the first of them begins."""
    starts: list[datetime] = [period.lower for period in periods]
    return min(timezone.now() + HOLD_FOR_APPROVAL, *starts)


def next_statuses(booking: Booking, therapist: Therapist) -> list[BookingStatus]:
    """Where ``therapist`` may take ``booking`` from here: the buttons to show. Waiting for approval is no button."""
    parties = parties_of(booking, therapist)
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == booking.status and parties & who and new != S.AWAITING
    ]


# --- The one change of status -----------------------------------------------------


def change_status(
    booking: Booking,
    new: BookingStatus,
    *,
    by: Therapist | None,
    note: str = "",
    change: str = "",
    details: Mapping[str, Any] | None = None,
    also: Iterable[Therapist] = (),
) -> Booking:
    """The one change of status: check the table, save, record, tell the other side.

    The caller holds the locks, and refreshes free time with the guest among the ``seekers``.
    """
    old = BookingStatus(booking.status)
    _check(booking, new, by)
    booking.status = new
    booking.save(update_fields=["status"])
    BookingEvent.objects.create(
        booking=booking,
        actor=by,
        old_status=old,
        new_status=new,
        change=change,
        details=dict(details or {}),
        note=note,
    )
    if new != S.ENDED:
        _tell_others(booking, new, by=by, also=also)
    return booking


def _check(booking: Booking, new: BookingStatus, by: Therapist | None) -> None:
    old = BookingStatus(booking.status)
    if not parties_of(booking, by) & TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This booking is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )


@transaction.atomic
def _give_up(
    booking: Booking, new: BookingStatus, *, by: Therapist | None, note: str = ""
) -> Booking:
    """What was asked for or held is so no longer."""
    booking = change_status(lock_booking(booking), new, by=by, note=note)
    dates = [o for o in booking.occurrences.all() if o.state in UNANSWERED]
    _settle(booking, dates, {O.ASKED: O.DECLINED, O.HELD: O.RELEASED}, by=by)
    refresh_free({o.office_id for o in dates}, seekers=[booking.guest_id])
    return booking


def _by_the_clock(booking: Booking, new: BookingStatus, now: datetime) -> bool:
    try:
        with transaction.atomic():
            booking = lock_booking(booking)
            if new == S.ENDED:
                change_status(booking, new, by=None)
            elif booking.answer_by and booking.answer_by > now:
                return False  # the host's yes came meanwhile: another one is waited for
            else:
                _give_up(booking, new, by=None)
    except NotAllowedError:
        return False  # answered meanwhile
    return True


def _settle(
    booking: Booking,
    dates: Sequence[Occurrence],
    becomes: Mapping[OccurrenceState, OccurrenceState],
    *,
    by: Therapist | None,
) -> None:
    for old, new in becomes.items():
        move_dates(booking, [o for o in dates if o.state == old], new, by=by)


def _tell_others(
    booking: Booking,
    status: BookingStatus,
    *,
    by: Therapist | None,
    also: Iterable[Therapist],
) -> None:
    """Everyone concerned but the one who did it; a confirmation goes to both, for its calendar file."""
    people = concerned_by(booking) | set(also)
    if status != S.CONFIRMED:
        people -= {by}
    enqueue_to(
        f"booking_{status}",
        people,
        cause=f"booking:{booking.pk}:{status}",
        payload={"booking": booking.pk},
    )
