"""Booked dates go from one guest to another: for good, or lent, where the giver goes on paying.

Offering changes nothing. Accepting changes the guest of the dates, under the office's lock; what was agreed with the
host, terms and price and notice, stays as it is, and the host is told.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue_all
from directory.domain.supervision import booking_party_for
from directory.errors import NoSupervisorError, NotAllowedError
from directory.models import Therapist
from spaces.domain.availability import keep_facets
from spaces.domain.dates import lock_booking, record_change, said_periods
from spaces.enums import (
    BookingStatus,
    ChangeKind,
    HandOnKind,
    HandOnStatus,
    OccurrenceState,
)
from spaces.errors import HoursError
from spaces.models import Booking, HandOn, Occurrence
from spaces.queries import offices_open_to

S = HandOnStatus
GIVER, TAKER, CLOCK = "giver", "taker", "clock"
TRANSITIONS: dict[tuple[HandOnStatus, HandOnStatus], set[str]] = {
    (S.OFFERED, S.ACCEPTED): {TAKER},
    (S.OFFERED, S.DECLINED): {TAKER},
    (S.OFFERED, S.WITHDRAWN): {GIVER},
    (S.OFFERED, S.LAPSED): {CLOCK},
}
TOLD = {  # who hears of it
    S.OFFERED: {TAKER},
    S.ACCEPTED: {TAKER},  # the others by the booking's history
    S.DECLINED: {GIVER},
    S.WITHDRAWN: {TAKER},
    S.LAPSED: {GIVER, TAKER},
}
DONE = {HandOnKind.HAND_ON: ChangeKind.HANDED_ON, HandOnKind.LEND: ChangeKind.LENT}


def dates_to_give(booking: Booking, giver: Therapist) -> list[Occurrence]:
    """What they may offer: booked, to come, theirs to give, in a room where it is allowed, not offered already."""
    if booking.status != BookingStatus.CONFIRMED or booking.party_id is not None:
        return []
    offered = HandOn.objects.filter(booking=booking, status=S.OFFERED)
    dates = Occurrence.objects.filter(
        booking=booking,
        guest=giver,
        payer=None,
        state=OccurrenceState.BOOKED,
        period__startswith__gt=timezone.now(),
        office__allows_hand_on=True,
    ).exclude(pk__in=offered.values("occurrences"))
    return list(dates.select_related("office__building").in_order())


@transaction.atomic
def offer_dates(
    booking: Booking,
    *,
    occurrences: Collection[int],
    to: Therapist,
    by: Therapist,
    kind: str = HandOnKind.HAND_ON,
    message: str = "",
) -> HandOn:
    """Offer these dates to another member. Nothing changes until they accept."""
    booking = lock_booking(booking)
    dates = [date for date in dates_to_give(booking, by) if date.pk in occurrences]
    if not dates or len(dates) < len(set(occurrences)):
        raise HoursError(
            _("Choose dates that are yours, booked, to come and not offered already.")
        )
    if to.pk == by.pk or not Therapist.objects.visible_to(by).filter(pk=to.pk).exists():
        raise NotAllowedError(_("Choose a member you can offer this to."))
    _may_take(to, dates, told=_("%(name)s cannot take these dates.") % {"name": to})
    hand_on = HandOn.objects.create(
        booking=booking, giver=by, taker=to, kind=kind, message=message
    )
    hand_on.occurrences.set(dates)
    _tell(hand_on)
    return hand_on


@transaction.atomic
def accept_hand_on(hand_on: HandOn, *, by: Therapist) -> HandOn:
    """The dates are the taker's: those of them that are still the giver's to give."""
    booking = lock_booking(hand_on.booking)
    hand_on = _move(hand_on, S.ACCEPTED, by=by)
    dates = still_given(hand_on)
    if booking.status != BookingStatus.CONFIRMED or not dates:
        raise NotAllowedError(_("These dates are not to be had any more."))
    if not Therapist.objects.visible_to(by).filter(pk=hand_on.giver_id).exists():
        raise NotAllowedError(_("These dates are not to be had any more."))
    _may_take(by, dates, told=_("You cannot take these dates."))
    is_lent = hand_on.kind == HandOnKind.LEND
    Occurrence.objects.filter(pk__in=[date.pk for date in dates]).update(
        guest=by,
        payer=hand_on.giver if is_lent else None,
        sequence=F("sequence") + 1,
    )
    hand_on.occurrences.set(dates)
    record_change(
        booking,
        DONE[HandOnKind(hand_on.kind)],
        by=by,
        details={
            "before": said_periods(dates),
            "after": said_periods(dates),
            "people": [hand_on.giver_id, by.pk],
            "occurrences": [date.pk for date in dates],
        },
        also=[hand_on.giver],
    )
    _tell(hand_on)
    keep_facets([by.pk, hand_on.giver_id])
    return hand_on


@transaction.atomic
def decline_hand_on(hand_on: HandOn, *, by: Therapist) -> HandOn:
    hand_on = _move(hand_on, S.DECLINED, by=by)
    _tell(hand_on)
    return hand_on


@transaction.atomic
def withdraw_hand_on(hand_on: HandOn, *, by: Therapist) -> HandOn:
    hand_on = _move(hand_on, S.WITHDRAWN, by=by)
    _tell(hand_on)
    return hand_on


def lapse_hand_ons(now: datetime | None = None) -> int:
    """Offers of which a date has begun, or that nobody can accept any more. One transaction each."""
    now = now or timezone.now()
    begun = Q(occurrences__period__startswith__lte=now)
    gone = ~Q(occurrences__state=OccurrenceState.BOOKED) | ~Q(
        occurrences__guest=F("giver")
    )
    due = HandOn.objects.filter(begun | gone, status=S.OFFERED).distinct()
    return sum(_lapse(hand_on, now) for hand_on in due)


@transaction.atomic
def _lapse(hand_on: HandOn, now: datetime) -> bool:
    has_begun = hand_on.occurrences.filter(period__startswith__lte=now).exists()
    if still_given(hand_on) and not has_begun:
        return False
    try:
        hand_on = _move(hand_on, S.LAPSED, by=None)
    except NotAllowedError:
        return False  # answered meanwhile
    _tell(hand_on)
    return True


def still_given(hand_on: HandOn) -> list[Occurrence]:
    """Of the dates offered, those that the giver still has, and that are still to come."""
    dates = hand_on.occurrences.filter(
        guest=hand_on.giver_id,
        payer=None,
        state=OccurrenceState.BOOKED,
        period__startswith__gt=timezone.now(),
        office__allows_hand_on=True,
    )
    return list(dates.select_related("office__building").in_order())


def next_statuses(hand_on: HandOn, therapist: Therapist) -> list[HandOnStatus]:
    """Where ``therapist`` may take this offer from here: the buttons to show."""
    part = _part(hand_on, therapist)
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == hand_on.status and part in who
    ]


def _part(hand_on: HandOn, therapist: Therapist | None) -> str:
    if therapist is None:
        return CLOCK
    return {hand_on.giver_id: GIVER, hand_on.taker_id: TAKER}.get(therapist.pk, "")


def _move(hand_on: HandOn, new: HandOnStatus, *, by: Therapist | None) -> HandOn:
    hand_on = (
        HandOn.objects.select_for_update(of=("self",))
        .select_related("booking", "giver__user", "taker__user")
        .get(pk=hand_on.pk)
    )
    old = HandOnStatus(hand_on.status)
    if _part(hand_on, by) not in TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This offer is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    hand_on.status = new
    hand_on.decided_at = timezone.now()
    hand_on.save(update_fields=["status", "decided_at"])
    return hand_on


def _may_take(person: Therapist, dates: Iterable[Occurrence], *, told: str) -> None:
    """A member in good standing, none of the hosts, no block between them; answering for themself."""
    offices = {date.office_id for date in dates}
    if offices_open_to(person).filter(pk__in=offices).count() < len(offices):
        raise NotAllowedError(told)
    try:
        party = booking_party_for(person)
    except NoSupervisorError as error:
        raise NotAllowedError(told) from error
    if party is not None:
        raise NotAllowedError(
            _(
                "%(name)s practises under supervision, so %(party)s has to book: these dates cannot be handed to them."
            )
            % {"name": person, "party": party}
        )


def _tell(hand_on: HandOn) -> None:
    people = {GIVER: hand_on.giver, TAKER: hand_on.taker}
    enqueue_all(
        f"hand_on_{hand_on.status}",
        [
            Letter(
                to=people[part],
                cause=f"hand_on:{hand_on.pk}:{hand_on.status}",
                payload={"hand_on": hand_on.pk},
            )
            for part in sorted(TOLD[HandOnStatus(hand_on.status)])
        ],
    )
