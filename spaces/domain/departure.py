"""Somebody goes: their requests, needs and offers end now, their bookings through the notice agreed in each."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.enums import Standing
from directory.errors import DomainError
from directory.models import Therapist
from directory.registry import Departure
from spaces.domain.availability import refresh_free
from spaces.domain.booking import change_status, decline_booking, withdraw_booking
from spaces.domain.changes import STANDING, dates_to_come
from spaces.domain.dates import (
    free_until,
    lock_booking,
    move_dates,
    parties_of,
    record_change,
    said_periods,
    takers_of,
)
from spaces.domain.hand_on import decline_hand_on, withdraw_hand_on
from spaces.domain.loan import let_go, withdraw_loan
from spaces.domain.need import LIVE, close_need
from spaces.domain.offer import withdraw_offer
from spaces.domain.office import leave_office
from spaces.domain.proposal import decline_proposal, withdraw_proposal
from spaces.domain.waitlist import leave_waitlist
from spaces.enums import (
    BookingStatus,
    ChangeKind,
    HandOnStatus,
    LoanStatus,
    OccurrenceState,
    Party,
    ProposalStatus,
)
from spaces.models import (
    Booking,
    HandOn,
    Loan,
    MoveProposal,
    Need,
    Occurrence,
    Offer,
    Office,
    WaitlistEntry,
)
from spaces.models.booking import TAKEN

logger = logging.getLogger(__name__)
Act = Callable[..., object]


def run_out(going: Departure) -> None:
    """One transaction for each thing; what somebody changed meanwhile is left as they changed it. May run again."""
    who = going.therapist
    for acts in [
        _rooms(who) if going.is_for_good else iter(()),
        _requests(who),
        _asked_and_offered(who),
        _bookings(going),
    ]:
        for act in acts:
            try:
                act()
            except DomainError as error:
                logger.info("Left as it is, of %s who went: %s", who.pk, error)


def _rooms(who: Therapist) -> Iterator[Act]:
    """A room that a colleague lets, too, is theirs from now on, with all that is booked there."""
    for office in Office.objects.hosted_by(who).filter(_has_another_host(who)):
        yield partial(leave_office, office, by=who)


def _has_another_host(who: Therapist) -> Exists:
    others = Office.hosts.through.objects.filter(
        office=OuterRef("pk"), therapist__standing=Standing.MEMBER
    )
    return Exists(others.exclude(therapist=who))


def _answers_alone(who: Therapist) -> Q:
    rooms = Office.objects.hosted_by(who).exclude(_has_another_host(who))
    return Q(office__in=rooms.values("pk"))


def _requests(who: Therapist) -> Iterator[Act]:
    open_ = Booking.objects.undecided()
    for booking in open_.filter(guest=who):
        yield partial(withdraw_booking, booking, by=who)
    for booking in open_.filter(_answers_alone(who) | Q(party=who)):
        yield partial(decline_booking, booking, by=None)


def _asked_and_offered(who: Therapist) -> Iterator[Act]:
    needs = Need.objects.filter(therapist=who, status__in=LIVE)
    offers = Offer.objects.undecided().filter(helper=who)
    waiting = WaitlistEntry.objects.waiting().filter(guest=who)
    given = HandOn.objects.filter(status=HandOnStatus.OFFERED)
    proposed = MoveProposal.objects.filter(status=ProposalStatus.OPEN)
    claimed = Loan.objects.filter(partner=who, status=LoanStatus.CLAIMED)
    there = Loan.objects.filter(
        author=who, status__in=[LoanStatus.OPEN, LoanStatus.CLAIMED]
    )
    ends: list[tuple[QuerySet[Any], Act]] = [
        (needs, close_need),
        (offers, withdraw_offer),
        (waiting, leave_waitlist),
        (given.filter(giver=who), withdraw_hand_on),
        (given.filter(taker=who), decline_hand_on),
        (proposed.filter(by=who), withdraw_proposal),
        (proposed.filter(occurrence__guest=who), decline_proposal),
        (claimed, let_go),
        (there, withdraw_loan),
    ]
    for rows, verb in ends:
        for row in rows:
            yield partial(verb, row, by=who)


def _bookings(going: Departure) -> Iterator[Act]:
    who = going.therapist
    own = Occurrence.objects.filter(guest=who, state__in=STANDING)
    running = Booking.objects.filter(
        Q(guest=who) | Q(pk__in=own.values("booking")) | _answers_alone(who),
        status=BookingStatus.CONFIRMED,
    )
    for booking in running:
        yield partial(run_out_booking, booking, going)


@transaction.atomic
def run_out_booking(booking: Booking, going: Departure) -> None:
    """No dates after the notice that was agreed, counted from when they went; for safety none at all. Nobody owes what
    ends; all sides are told.
    """
    booking = lock_booking(booking)
    if booking.status != BookingStatus.CONFIRMED:
        return
    is_host = Party.HOST in parties_of(booking, going.therapist)
    dates = [
        o
        for o in dates_to_come(booking)
        if o.state in STANDING
        and (is_host or o.guest_id == going.therapist.pk)
        and (going.is_unsafe or free_until(booking, o) >= going.since)
    ]
    if not dates:
        return
    move_dates(booking, dates, OccurrenceState.CANCELLED, by=None, is_due=False)
    refresh_free({o.office_id for o in dates} | {booking.office_id})
    record_change(
        booking,
        ChangeKind.ENDED,
        by=None,
        details={
            "before": said_periods(dates),
            "from": min(o.day(booking.office.building.zone) for o in dates).isoformat(),
        },
        note=_why(booking, going, is_host=is_host),
        also=takers_of(booking, dates),
    )
    now = timezone.now()
    left = booking.occurrences.filter(state__in=TAKEN).ending_after(now)
    if not left.exists():
        change_status(booking, BookingStatus.ENDED, by=None)


def _why(booking: Booking, going: Departure, *, is_host: bool) -> str:
    """Without a name, which is forgotten one day; and without saying who wanted it."""
    what = (
        _("Its host is no longer a member here.")
        if is_host
        else _("Who had these hours is no longer a member here.")
    )
    if going.is_unsafe:
        return what
    notice = ngettext(
        "Dates within the agreed notice of %(days)s day stay as they are.",
        "Dates within the agreed notice of %(days)s days stay as they are.",
        booking.notice_days,
    ) % {"days": booking.notice_days}
    return f"{what} {notice}"
