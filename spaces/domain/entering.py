"""Booking at once what was agreed elsewhere: an offer that was accepted, a host's own entry."""

from collections.abc import Sequence

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.supervision import accepted_party, rule_for
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.booking import held_for_approval
from spaces.domain.planning import terms_of
from spaces.domain.taking import add_booked, add_held, closed_among, named
from spaces.enums import BookingSource, BookingStatus
from spaces.errors import HoursError, SlotTakenError
from spaces.models import Booking, BookingEvent, Occurrence, Office

S = BookingStatus


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
    needs_approval: bool = False,
) -> Booking:
    """Book without an opening. Nobody is told but rivals.

    ``needs_approval``: where somebody else would owe it who has not said yes, the hours are held for their answer.
    Closures and the constraint alone bind it. Raises ``SlotTakenError`` naming the dates that are taken, and
    ``NotAllowedError`` where a guest under supervision would owe something and nobody answers for them.
    """
    if not periods:
        raise HoursError(_("Choose at least one date."))
    lock_offices([office.pk])
    party = _answers_for(guest, price_cents_an_hour)
    waits = needs_approval and price_cents_an_hour > 0 and party not in {None, by}
    until = held_for_approval(periods) if waits else None
    status = S.AWAITING if waits else S.CONFIRMED
    booking = Booking.objects.create(
        office=office,
        guest=guest,
        status=status,
        answer_by=until,
        approved_at=timezone.now() if party and party == by else None,
        source=source,
        people=people,
        message=message,
        terms=terms_of(office),
        notice_days=office.notice_days,
        party=party,
    )
    occurrences = [
        Occurrence(
            booking=booking,
            office=office,
            guest=guest,
            period=period,
            price_cents=-(-price_cents_an_hour * _minutes(period) // 60),
        )
        for period in periods
    ]
    if closed := closed_among(occurrences):
        raise SlotTakenError(
            _("The office is closed on %(dates)s.") % {"dates": named(closed, office)}
        )
    BookingEvent.objects.create(booking=booking, actor=by, new_status=status)
    if until:
        add_held(occurrences, until=until)
    else:
        add_booked(occurrences)
    refresh_free([office.pk])
    return booking


def _answers_for(guest: Therapist, price_cents: int) -> Therapist | None:
    """Of an associate nothing is ever due: somebody who accepted to answer for them owes it."""
    if rule_for(guest) is None:
        return None
    party = accepted_party(guest)
    if party is None and price_cents:
        raise NotAllowedError(
            _(
                "%(name)s practises under supervision, and nobody here has accepted to answer for them, so nothing can be due. Their supervisor accepts it under “Supervision”; until then only free hours can be booked."
            )
            % {"name": guest}
        )
    return party


def _minutes(period: DateTimeTZRange) -> int:
    return int((period.upper - period.lower).total_seconds()) // 60
