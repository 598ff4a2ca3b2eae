"""A host enters hours for somebody: booked at once, on the host's word, unless the guest says that it was not agreed."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.invitation import invite_person, known_by_address
from directory.domain.membership import take_off
from directory.domain.outbox import enqueue
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.booking import cancel_booking
from spaces.domain.dates import lock_booking, move_dates
from spaces.domain.entering import enter_booking
from spaces.domain.need import LIVE, close_need
from spaces.domain.planning import PlannedDate
from spaces.enums import BookingSource, BookingStatus, OccurrenceState
from spaces.errors import HoursError
from spaces.guests import may_be_guests_of
from spaces.hours import Dated, Span
from spaces.models import Booking, Closure, Need, Occurrence, Office

INVITED_A_DAY = 40  # by one host: nobody mails the world from here
NOT_AGREED_FOR = timedelta(days=7)  # so long a guest may say that it was not agreed


# --- What would be entered -------------------------------------------------------


def plan_entry(
    office: Office,
    *,
    spans: Iterable[Span],
    first_date: date,
    last_date: date,
    price_cents: int,
    leaving: Iterable[int] = (),
) -> list[PlannedDate]:
    """Every date of the pattern with what it costs, or why it cannot be entered. No opening is needed. Dates ``leaving``
    by id are in nobody's way."""
    zone = office.building.zone
    dated = hours.expand(hours.merge_spans(spans), first_date, last_date, zone)
    periods = [item.period for item in dated if item.period]
    closures: list[Closure] = []
    taken: list[Occurrence] = []
    if periods:
        reach = (periods[0].lower, max(period.upper for period in periods))
        closures = list(Closure.objects.of_office(office).filter(period__overlap=reach))
        dates = Occurrence.objects.taking().filter(office=office).overlapping(*reach)
        dates = dates.exclude(pk__in=leaving)
        taken = list(dates.select_related("guest").in_order())
    now = timezone.now()
    return [
        PlannedDate(
            item.day,
            item.span,
            item.period,
            _cents(item.period, price_cents),
            _objection(item, now, closures, taken),
        )
        for item in dated
    ]


def _cents(period: DateTimeTZRange | None, an_hour: int) -> int:
    """As ``enter_booking`` counts it: rounded up to the cent."""
    if period is None:
        return 0
    minutes = int((period.upper - period.lower).total_seconds()) // 60
    return -(-an_hour * minutes // 60)


def _objection(
    item: Dated, now: datetime, closures: Sequence[Closure], taken: Sequence[Occurrence]
) -> str:
    if item.period is None:
        return _("the clocks change and skip these hours")
    if item.period.upper <= now:
        return _("already past")
    for closure in closures:
        if _overlap(closure.period, item.period):
            return _("closed: %(reason)s") % {"reason": closure.reason}
    for occurrence in taken:
        if _overlap(occurrence.period, item.period):
            return _("taken: %(guest)s, %(hours)s") % {
                "guest": occurrence.guest,
                "hours": _said(occurrence),
            }
    return ""


def _overlap(one: DateTimeTZRange, other: DateTimeTZRange) -> bool:
    return bool(one.lower < other.upper and other.lower < one.upper)


def _said(occurrence: Occurrence) -> str:
    lower, upper = (
        timezone.localtime(moment)
        for moment in (occurrence.period.lower, occurrence.period.upper)
    )
    return f"{lower:%H:%M}–{upper:%H:%M}"


# --- Entering ----------------------------------------------------------------------


@transaction.atomic
def enter_for(
    office: Office,
    *,
    guest: Therapist,
    dates: Sequence[tuple[date, Span]],
    price_cents: int,
    by: Therapist,
    people: int = 2,
    message: str = "",
) -> Booking:
    """Book these dates for ``guest`` at once. They are told, with how to say that it was not agreed.

    Whoever has no sign-in gets one invitation, however often they are entered.
    """
    if not office.hosts.filter(pk=by.pk).exists():
        raise NotAllowedError(_("Only the hosts of this office can do that."))
    if not may_be_guests_of(office).filter(pk=guest.pk).exists():
        raise NotAllowedError(_cannot_be_entered())
    if people > office.capacity:
        raise HoursError(_("This room seats %(count)s.") % {"count": office.capacity})
    booking = enter_booking(
        office,
        guest=guest,
        periods=_periods(office, dates),
        price_cents_an_hour=price_cents,
        source=BookingSource.HOST,
        by=by,
        people=people,
        message=message,
    )
    _tell(booking)
    return booking


@transaction.atomic
def enter_for_address(
    office: Office,
    *,
    name: str,
    email: str,
    dates: Sequence[tuple[date, Span]],
    price_cents: int,
    by: Therapist,
    people: int = 2,
    message: str = "",
) -> Booking:
    """The same for whoever this address belongs to: a member, somebody entered before, or a person new here."""
    since = timezone.now() - timedelta(days=1)
    if by.invited.filter(created_at__gt=since).count() >= INVITED_A_DAY:
        raise NotAllowedError(
            _("You have invited many people today. Go on tomorrow, or ask a moderator.")
        )
    return enter_for(
        office,
        guest=invite_person(name=name, email=email, by=by),
        dates=dates,
        price_cents=price_cents,
        by=by,
        people=people,
        message=message,
    )


def guest_at(office: Office, email: str) -> Therapist | None:
    """Whose address it is, None of somebody new. Raises where they cannot be entered; why not is nobody's business."""
    known = known_by_address(email)
    if known is None:
        return None
    if office.hosts.filter(pk=known.pk).exists():
        raise NotAllowedError(
            _(
                "That is a host of this office. Hours of your own are painted under “My own hours”."
            )
        )
    if not may_be_guests_of(office).filter(pk=known.pk).exists():
        raise NotAllowedError(_cannot_be_entered())
    return known


def _cannot_be_entered() -> str:
    return _("We found nobody who can be entered with this name and address.")


def _periods(
    office: Office, dates: Sequence[tuple[date, Span]]
) -> list[DateTimeTZRange]:
    """What the dates mean there, those left out that the clocks skip. Raises for those out of reach."""
    zone = office.building.zone
    now = timezone.now()
    today = hours.local_day(now, zone)
    if dates and max(dates)[0] > today + hours.HORIZON:
        raise HoursError(_("Hours can be entered for up to 53 weeks ahead."))
    if dates and min(dates)[0] < today:
        raise HoursError(_("These dates are past."))
    periods = [
        hours.local_period(day, span.start, span.end, zone)
        for day, span in sorted(set(dates))
    ]
    return [period for period in periods if period and period.upper > now]


def _tell(booking: Booking) -> None:
    """The guest; whoever has no sign-in is invited the first time. Also who answers for the guest."""
    guest = booking.guest
    if guest.user_id is None:
        enqueue("invited_guest", to=guest, cause="invited", payload={"guest": guest.pk})
    for person in {guest, booking.party or guest}:
        enqueue(
            "booking_entered",
            to=person,
            cause=f"booking:{booking.pk}:entered",
            payload={"booking": booking.pk},
        )


# --- "This was not agreed" ------------------------------------------------------------


def may_refuse(booking: Booking, person: Therapist) -> bool:
    """For a week the guest, or who answers for them, may say that what a host entered was not agreed."""
    return (
        booking.source == BookingSource.HOST
        and booking.status == BookingStatus.CONFIRMED
        and person.pk in {booking.guest_id, booking.party_id}
        and timezone.now() < booking.created_at + NOT_AGREED_FOR
    )


@transaction.atomic
def refuse_entry(booking: Booking, *, by: Therapist) -> Booking:
    """It was not agreed: every date is cancelled and none is due. The hosts are told; the guest, where somebody who
    answers for them says so."""
    booking = lock_booking(booking)
    if not may_refuse(booking, by):
        raise NotAllowedError(
            _(
                "This can be said for a week after the hours were entered. Cancel what is still to come instead."
            )
        )
    booking = _undo(
        booking, _("%(name)s says that this was not agreed.") % {"name": by}
    )
    been = list(booking.occurrences.filter(state=OccurrenceState.BOOKED))
    move_dates(booking, been, OccurrenceState.CANCELLED, by=booking.guest)
    booking.occurrences.update(is_due=False)  # of what was given back before, too
    refresh_free({o.office_id for o in been})
    if by != booking.guest:
        enqueue(
            "booking_cancelled",
            to=booking.guest,
            cause=f"booking:{booking.pk}:cancelled",
            payload={"booking": booking.pk},
        )
    return booking


def _undo(booking: Booking, note: str) -> Booking:
    """What is to come is cancelled and never due, whatever the terms say: nobody agreed to any."""
    standing = [OccurrenceState.BOOKED, OccurrenceState.DISPLACED]
    dates = list(
        booking.occurrences.filter(state__in=standing).values_list("pk", flat=True)
    )
    booking = cancel_booking(booking, by=booking.guest, note=note)
    Occurrence.objects.filter(pk__in=dates).update(is_due=False)
    return booking


@transaction.atomic
def take_guest_off(guest: Therapist) -> Therapist:
    """Somebody invited does not want to be here, or it is not them: what is to come is given up and never due.

    Nothing but their address is kept, and that only so that nobody enters it again.
    """
    for need in Need.objects.filter(therapist=guest, status__in=LIVE):
        close_need(need, by=guest)
    running = Booking.objects.filter(guest=guest, status=BookingStatus.CONFIRMED)
    dates = Occurrence.objects.filter(booking__in=running)
    lock_offices([*dates.values_list("office", flat=True)])
    note = _("Whom you entered here asked to be taken off, or it was not them.")
    for booking in running.order_by("pk"):
        _undo(lock_booking(booking), note)
    return take_off(guest, by=guest)
