"""What happens to the dates of a booking while it runs: skipped, taken up again, moved, changed or ended from a date.

Each act is one transaction: the offices locked first, the table of dates asked, the history written once, the other
side told once, free time recomputed. docs/decisions/0008 says who may do what, and why.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import refresh_free
from spaces.domain.dates import (
    cancel_dates,
    is_late,
    lock_booking,
    move_dates,
    parties_of,
    record_change,
    record_move,
    said_periods,
    takers_of,
)
from spaces.domain.planning import PlannedDate, but_refused, look_up
from spaces.domain.taking import (
    put_dates,
    take_dates,
)
from spaces.enums import (
    BookingSource,
    BookingStatus,
    ChangeKind,
    OccurrenceState,
    Party,
)
from spaces.errors import HoursError, SlotTakenError
from spaces.hours import Dated, Span
from spaces.models import Booking, Occurrence
from spaces.statement import owed_by
from spaces.words import say_date

O = OccurrenceState  # noqa: E741 -- as in spaces.domain.dates
GIVEN_UP = [O.SKIPPED, O.GIVEN_BACK]
STANDING = [O.BOOKED, O.DISPLACED]
BY_AGREEMENT = [  # made without an opening
    BookingSource.OFFER,
    BookingSource.HOST,
    BookingSource.SUBLET,
]


@dataclass(frozen=True)
class PlannedMove:
    """One date of a series that would move; where it cannot, ``to.note`` says why, and it stays."""

    occurrence: Occurrence
    to: PlannedDate


# --- Giving up, taking up again ---------------------------------------------------


@transaction.atomic
def skip_dates(
    booking: Booking,
    occurrences: Iterable[Occurrence],
    *,
    by: Therapist,
    note: str = "",
) -> Booking:
    """Give up single dates. Their guest: early enough they are skipped and cost nothing; later they are given back,
    and due unless somebody else takes all of the hours. A host calls them off, and nothing is due.
    """
    booking, dates = _open(booking, occurrences, by=by)
    if Party.HOST in parties_of(booking, by):
        cancel_dates(booking, dates, by=by)
        late: list[Occurrence] = []
    else:
        late = [o for o in dates if is_late(booking, o)]
        move_dates(booking, [o for o in dates if o not in late], O.SKIPPED, by=by)
        move_dates(booking, [o for o in late if not o.price_cents], O.GIVEN_BACK, by=by)
        due = [o for o in late if o.price_cents]
        move_dates(booking, due, O.GIVEN_BACK, by=by, is_due=True)
    refresh_free({o.office_id for o in dates})
    record_change(
        booking,
        ChangeKind.GIVEN_BACK if late else ChangeKind.SKIPPED,
        by=by,
        details={**_details(booking, dates, by), "late": said_periods(late)},
        note=note,
        also=takers_of(booking, dates),
    )
    return booking


@transaction.atomic
def readd_dates(
    booking: Booking, occurrences: Iterable[Occurrence], *, by: Therapist
) -> Booking:
    """Take up again what was skipped or given back, where it is free again, at the price it had."""
    booking, dates = _open(booking, occurrences, by=by)
    planned = plan_again(booking, dates, guest=by)
    if gone := [o for o in dates if not planned[o.pk].is_free]:
        raise SlotTakenError(_not_to_be_had(planned[o.pk] for o in gone))
    take_dates(booking, dates, by=by, is_due=False)
    refresh_free({o.office_id for o in dates})
    record_change(
        booking,
        ChangeKind.READDED,
        by=by,
        details={"after": said_periods(dates)},
        also=takers_of(booking, dates),
    )
    return booking


def plan_again(
    booking: Booking, occurrences: Collection[Occurrence], *, guest: Therapist
) -> dict[int, PlannedDate]:
    """Of each of these dates, by id: whether it is to be had again."""
    found: dict[int, PlannedDate] = {}
    for office in {o.office for o in occurrences}:
        zone = office.building.zone
        here = [o for o in occurrences if o.office_id == office.pk]
        dated = [Dated(o.day(zone), o.span(zone), o.period) for o in here]
        needs_opening = booking.source not in BY_AGREEMENT
        planned = look_up(office, guest, dated, needs_opening=needs_opening)
        found |= {o.pk: item for o, item in zip(here, planned, strict=True)}
    return found


# --- Moving -----------------------------------------------------------------------


@transaction.atomic
def move_date(
    occurrence: Occurrence, *, to: tuple[date, Span], by: Therapist
) -> Occurrence:
    """To other hours of the same room that its openings offer to the guest. It keeps where it stood first."""
    booking, [found] = _open(occurrence.booking, [occurrence], by=by)
    before = said_periods([found])
    planned = plan_move(found, to=to, guest=by)
    if not planned.is_free:
        raise SlotTakenError(_not_to_be_had([planned]))
    _move(booking, [PlannedMove(found, planned)], by=by)
    record_move(booking, found, before=before, by=by)
    return found


def plan_move(
    occurrence: Occurrence, *, to: tuple[date, Span], guest: Therapist
) -> PlannedDate:
    day, span = to
    office = occurrence.office
    zone = office.building.zone
    today = hours.local_day(timezone.now(), zone)
    if not today <= day <= today + hours.HORIZON:
        raise HoursError(_("Choose a date from today on, up to 53 weeks ahead."))
    dated = Dated(day, span, hours.local_period(day, span.start, span.end, zone))
    planned = look_up(office, guest, [dated], leaving=[occurrence])
    return but_refused(occurrence.booking, planned)[0]


@transaction.atomic
def change_from(
    booking: Booking, day: date, *, spans: Sequence[Span], by: Therapist
) -> Booking:
    """From ``day`` on other hours of the week. Dates for which these are not to be had stay where they are."""
    booking = lock_booking(booking)
    _only_running(booking)
    moves = plan_change(booking, day, spans=spans, guest=by)
    possible = [move for move in moves if move.to.is_free]
    if not possible:
        raise SlotTakenError(_("These hours are not to be had on any of the dates."))
    before = said_periods(move.occurrence for move in possible)
    _move(booking, possible, by=by)
    record_change(
        booking,
        ChangeKind.CHANGED,
        by=by,
        details={
            "before": before,
            "after": said_periods(move.occurrence for move in possible),
            "from": day.isoformat(),
        },
        also=takers_of(booking, [move.occurrence for move in possible]),
    )
    return booking


def plan_change(
    booking: Booking, day: date, *, spans: Sequence[Span], guest: Therapist
) -> list[PlannedMove]:
    """Each date that would move, and whether it can. Dates moved by hand before, and hours that stay, are left alone."""
    zone = booking.office.building.zone
    spans = hours.merge_spans(spans)
    dates = [
        o
        for o in dates_to_come(booking)
        if o.guest_id == guest.pk
        and o.state == O.BOOKED
        and o.office_id == booking.office_id
        and o.day(zone) >= day
    ]
    old = _pattern(dates, len(spans), booking)
    if not dates:
        raise HoursError(_("From then on there is no date of yours to change."))
    if not spans or len(old) < len(spans):
        raise HoursError(
            ngettext(
                "The booking has %(count)s stretch of hours a week. Paint one, please.",
                "The booking has %(count)s stretches of hours a week. Paint no more than these.",
                len(old),
            )
            % {"count": len(old)}
        )
    becomes = dict(
        zip(
            [span for span in old if span not in spans],
            [span for span in spans if span not in old],
            strict=True,
        )
    )
    moving = [o for o in dates if o.span(zone) in becomes]
    if not moving:
        raise HoursError(_("From then on no date of this booking would change."))
    dated = [_in_same_week(o, becomes[o.span(zone)], booking) for o in moving]
    planned = look_up(booking.office, guest, dated, leaving=moving)
    planned = but_refused(booking, planned)
    return [PlannedMove(o, to) for o, to in zip(moving, planned, strict=True)]


def _pattern(dates: Iterable[Occurrence], most: int, booking: Booking) -> list[Span]:
    """The commonest hours of the week, in its order: single dates that were moved are none of them."""
    zone = booking.office.building.zone
    counted = Counter(o.span(zone) for o in dates)
    return sorted(span for span, _times in counted.most_common(most))


def _in_same_week(occurrence: Occurrence, span: Span, booking: Booking) -> Dated:
    zone = booking.office.building.zone
    day = occurrence.day(zone)
    day += timedelta(days=span.weekday - day.weekday())
    return Dated(day, span, hours.local_period(day, span.start, span.end, zone))


def _move(booking: Booking, moves: Sequence[PlannedMove], *, by: Therapist) -> None:
    """Later than the notice allows, hours may change but not become cheaper; nor dearer where somebody else pays."""
    prices = {
        move.occurrence.pk: max(move.occurrence.price_cents, move.to.price_cents)
        if is_late(booking, move.occurrence)
        else move.to.price_cents
        for move in moves
    }
    dearer = [
        move.occurrence
        for move in moves
        if prices[move.occurrence.pk] > move.occurrence.price_cents
    ]
    if others := {owed_by(occurrence) for occurrence in dearer} - {by}:
        raise NotAllowedError(
            _("%(name)s pays for this: choose hours that cost no more.")
            % {"name": others.pop()}
        )
    put_dates(
        booking,
        [(m.occurrence, m.to.period, prices[m.occurrence.pk]) for m in moves],
        by=by,
    )
    refresh_free({move.occurrence.office_id for move in moves})


# --- Ending -----------------------------------------------------------------------


@transaction.atomic
def end_from(booking: Booking, day: date, *, by: Therapist, note: str = "") -> Booking:
    """No dates from ``day`` on: a guest's own, or by a host all. What the guest ends too late is due."""
    booking = lock_booking(booking)
    _only_running(booking)
    dates = dates_ended(booking, day, by=by)
    if not dates:
        raise HoursError(_("From then on there is no date of yours to end."))
    cancel_dates(booking, dates, by=by)
    refresh_free({o.office_id for o in dates})
    record_change(
        booking,
        ChangeKind.ENDED,
        by=by,
        details={**_details(booking, dates, by), "from": day.isoformat()},
        note=note,
        also=takers_of(booking, dates),
    )
    return booking


def dates_ended(booking: Booking, day: date, *, by: Therapist) -> list[Occurrence]:
    zone = booking.office.building.zone
    is_host = Party.HOST in parties_of(booking, by)
    return [
        o
        for o in dates_to_come(booking)
        if o.state in STANDING
        and o.day(zone) >= day
        and (is_host or o.guest_id == by.pk)
    ]


def dates_to_come(booking: Booking) -> list[Occurrence]:
    """Not begun, whatever their state. ``booking`` with its dates loaded."""
    now = timezone.now()
    return [o for o in booking.occurrences.all() if o.period.lower > now]


# --- What the verbs have in common ---------------------------------------------------


def _open(
    booking: Booking, occurrences: Iterable[Occurrence], *, by: Therapist
) -> tuple[Booking, list[Occurrence]]:
    """Locked and read again: the booking, and those of its dates, none of them begun."""
    booking = lock_booking(booking)
    _only_running(booking)
    wanted = {o.pk for o in occurrences}
    dates = [o for o in dates_to_come(booking) if o.pk in wanted]
    if not wanted:
        raise HoursError(_("Tick at least one date."))
    if len(dates) < len(wanted):
        raise HoursError(_("One of these dates is past or has begun already."))
    if not parties_of(booking, by) and any(o.guest_id != by.pk for o in dates):
        raise NotAllowedError(_("These dates are somebody else’s."))
    return booking, dates


def _only_running(booking: Booking) -> None:
    if booking.status != BookingStatus.CONFIRMED:
        raise NotAllowedError(
            _("This booking is “%(now)s” now; its dates do not change any more.")
            % {"now": booking.get_status_display()}
        )


def _details(
    booking: Booking, dates: Sequence[Occurrence], by: Therapist
) -> dict[str, Any]:
    return {
        "before": said_periods(dates),
        "due": said_periods(o for o in dates if o.is_due),
        "by_host": Party.HOST in parties_of(booking, by),
    }


def _not_to_be_had(planned: Iterable[PlannedDate]) -> str:
    return _("Not to be had: %(dates)s.") % {
        "dates": "; ".join(f"{say_date(item.day)} ({item.note})" for item in planned)
    }
