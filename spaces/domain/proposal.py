"""A host proposes another time for one date. The old one stands, and is what is booked, until its guest says yes."""

from contextlib import suppress
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import refresh_free
from spaces.domain.dates import (
    lock_booking,
    parties_of,
    record_move,
    said_periods,
)
from spaces.domain.planning import PlannedDate, look_up
from spaces.domain.taking import put_dates
from spaces.enums import (
    BookingStatus,
    OccurrenceState,
    Party,
    ProposalStatus,
)
from spaces.errors import HoursError, SlotTakenError
from spaces.hours import Dated, Span
from spaces.models import Booking, MoveProposal, Occurrence
from spaces.statement import owed_by

S = ProposalStatus
HOST, GUEST, CLOCK = "host", "guest", "clock"
TRANSITIONS: dict[tuple[ProposalStatus, ProposalStatus], set[str]] = {
    (S.OPEN, S.ACCEPTED): {GUEST},
    (S.OPEN, S.DECLINED): {GUEST},
    (S.OPEN, S.WITHDRAWN): {HOST},
    (S.OPEN, S.LAPSED): {CLOCK},
}


@transaction.atomic
def propose_move(
    occurrence: Occurrence, *, to: tuple[date, Span], by: Therapist, message: str = ""
) -> MoveProposal:
    """Ask its guest whether the date may go there, for the price an hour it has. It takes the place of one asked before.

    Nothing is held meanwhile; whether it is free is looked at again when they say yes.
    """
    booking = lock_booking(occurrence.booking)
    found = _standing(booking, occurrence)
    if Party.HOST not in parties_of(booking, by):
        raise NotAllowedError(_("Only the hosts of this office can do that."))
    planned = _look_up(found, *to)
    cents = _price(found, planned)
    MoveProposal.objects.filter(occurrence=found, status=S.OPEN).update(
        status=S.WITHDRAWN, decided_at=timezone.now()
    )
    proposal = MoveProposal.objects.create(
        occurrence=found,
        by=by,
        old_period=found.period,
        period=planned.period,
        price_cents=cents,
        message=message,
    )
    _tell("move_proposed", proposal, to=found.guest)
    return proposal


@transaction.atomic
def accept_proposal(proposal: MoveProposal, *, by: Therapist) -> MoveProposal:
    """The date is there from now on, if it is still to be had. Hosts hear of it as of every date that moves."""
    booking = lock_booking(proposal.occurrence.booking)
    proposal = _move(proposal, S.ACCEPTED, by=by)
    found = _standing(booking, proposal.occurrence)
    if found.period != proposal.old_period:
        raise NotAllowedError(_("This date has moved since. The proposal is past."))
    zone = found.office.building.zone
    period = proposal.period
    day, span = hours.local_day(period.lower, zone), hours.span_of(period, zone)
    planned = _look_up(found, day, span)
    before = said_periods([found])
    put_dates(booking, [(found, planned.period, proposal.price_cents)], by=by)
    refresh_free([found.office_id])
    record_move(booking, found, before=before, by=by)
    return proposal


@transaction.atomic
def decline_proposal(proposal: MoveProposal, *, by: Therapist) -> MoveProposal:
    proposal = _move(proposal, S.DECLINED, by=by)
    _tell("move_declined", proposal, to=proposal.by)
    return proposal


@transaction.atomic
def withdraw_proposal(proposal: MoveProposal, *, by: Therapist) -> MoveProposal:
    return _move(proposal, S.WITHDRAWN, by=by)


def lapse_proposals(now: datetime | None = None) -> None:
    """The clock: what nobody answered before one of the two times began. Who proposed it is told, if the date stands."""
    now = now or timezone.now()
    begun = Q(old_period__startswith__lte=now) | Q(period__startswith__lte=now)
    for proposal in MoveProposal.objects.filter(begun, status=S.OPEN):
        with transaction.atomic(), suppress(NotAllowedError):  # answered just now
            lapsed = _move(proposal, S.LAPSED, by=None)
            stands = (
                lapsed.occurrence.state == OccurrenceState.BOOKED
                and lapsed.occurrence.period == lapsed.old_period
            )
            if stands:
                _tell("move_lapsed", lapsed, to=lapsed.by)


def _standing(booking: Booking, occurrence: Occurrence) -> Occurrence:
    """The date as it is now, of its locked booking: booked, and still to begin."""
    now = timezone.now()
    for found in booking.occurrences.all():
        if (
            found.pk == occurrence.pk
            and booking.status == BookingStatus.CONFIRMED
            and found.state == OccurrenceState.BOOKED
            and found.period.lower > now
        ):
            return found
    raise NotAllowedError(_("Only a booked date that is still to come can move."))


def _look_up(occurrence: Occurrence, day: date, span: Span) -> PlannedDate:
    """Free, whether or not it is offered to all: the host knows. Raises ``HoursError`` or ``SlotTakenError``."""
    office = occurrence.office
    zone = office.building.zone
    today = hours.local_day(timezone.now(), zone)
    if not today <= day <= today + hours.HORIZON:
        raise HoursError(_("Choose a date from today on, up to 53 weeks ahead."))
    period = hours.local_period(day, span.start, span.end, zone)
    if period is None or period.lower <= timezone.now():
        raise HoursError(_("Choose a time that is still to come."))
    if period == occurrence.period:
        raise HoursError(_("That is where it stands already."))
    dated = Dated(day, span, period)
    [planned] = look_up(
        office, occurrence.guest, [dated], leaving=[occurrence], needs_opening=False
    )
    if not planned.is_free:
        raise SlotTakenError(_("Not to be had: %(reason)s.") % {"reason": planned.note})
    return planned


def _price(occurrence: Occurrence, planned: PlannedDate) -> int:
    """For the price an hour it has; longer hours only where its guest pays for them themself."""
    cents = round(occurrence.price_cents * planned.span.minutes / occurrence.minutes)
    payer = owed_by(occurrence)
    if cents > occurrence.price_cents and payer != occurrence.guest:
        raise NotAllowedError(
            _("%(name)s pays for this: choose hours that cost no more.")
            % {"name": payer}
        )
    return cents


def _move(
    proposal: MoveProposal, new: ProposalStatus, *, by: Therapist | None
) -> MoveProposal:
    proposal = (
        MoveProposal.objects.select_for_update(of=("self",))
        .select_related("by", "occurrence__booking__office", "occurrence__guest")
        .get(pk=proposal.pk)
    )
    old = ProposalStatus(proposal.status)
    booking = Booking.objects.with_parties().get(pk=proposal.occurrence.booking_id)
    known = parties_of(booking, by)
    parties = {HOST} if Party.HOST in known else set()
    if Party.CLOCK in known:
        parties.add(CLOCK)
    if by is not None and proposal.occurrence.guest_id == by.pk:
        parties.add(GUEST)
    if not parties & TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This proposal is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    proposal.status, proposal.decided_at = new, timezone.now()
    proposal.save(update_fields=["status", "decided_at"])
    return proposal


def _tell(kind: str, proposal: MoveProposal, *, to: Therapist) -> None:
    enqueue(
        kind,
        to=to,
        cause=f"move_proposal:{proposal.pk}:{proposal.status}",
        payload={"proposal": proposal.pk},
    )
