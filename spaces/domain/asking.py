"""Asking for hours: which dates may be asked for, until when an answer is expected, who is told."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.domain.licence import only_licensed
from directory.domain.outbox import enqueue, enqueue_to
from directory.domain.supervision import booking_party_for
from directory.errors import NotAllowedError
from directory.models import Community, Therapist
from spaces import hours
from spaces.domain.any_room import rooms_of_house, spread_over_rooms
from spaces.domain.availability import keep_facets, lock_offices
from spaces.domain.dates import (
    lock_booking,
    move_dates,
    record_change,
    said_periods,
)
from spaces.domain.planning import PlannedDate, look_up, terms_of
from spaces.enums import BookingStatus, ChangeKind, OccurrenceState
from spaces.errors import HoursError, SlotTakenError
from spaces.hours import Dated, Span
from spaces.models import Booking, BookingEvent, Occurrence, Office
from spaces.queries import offices_open_to

REMIND_BEFORE = timedelta(days=1)


def request_booking(
    office: Office,
    *,
    guest: Therapist,
    dates: Sequence[tuple[date, Span]],
    people: int = 2,
    message: str = "",
    any_room: bool = False,
) -> Booking:
    """Ask for these dates. Holds nothing: whoever is confirmed first has the hours.

    ``any_room``: of this office or others like it in the building; the host chooses, the best fit stands until then.
    Raises ``HoursError`` without dates, ``SlotTakenError`` naming the dates that are not to be had.
    """
    only_licensed(guest)
    if not offices_open_to(guest).filter(pk=office.pk).exists():
        raise NotAllowedError(_("You cannot ask for hours of this office."))
    rooms = list(rooms_of_house(office)) if any_room else [office]
    seats = max(room.capacity for room in rooms)
    if people > seats:
        raise HoursError(_("This room seats %(count)s.") % {"count": seats})
    dated = _dated(office, dates)
    party = booking_party_for(guest)
    with transaction.atomic():
        # whoever is confirmed meanwhile would not know of this request
        lock_offices(room.pk for room in rooms)
        planned = look_up(office, guest, dated)
        placed = [(office, item) for item in planned]
        if any_room:
            placed = spread_over_rooms(office, planned, guest=guest, people=people)
            [(office, _dates)] = Counter(room for room, _item in placed).most_common(1)
        if gone := [item for _room, item in placed if not item.is_free]:
            raise SlotTakenError(_not_to_be_had(gone))
        booking = Booking.objects.create(
            office=office,
            guest=guest,
            people=people,
            any_room=any_room,
            message=message,
            terms=terms_of(office),
            notice_days=office.notice_days,
            answer_by=answer_expected(item.period for item in planned),
            party=party,
        )
        Occurrence.objects.bulk_create(
            Occurrence(
                booking=booking,
                office=room,
                guest=guest,
                period=item.period,
                price_cents=item.price_cents,
            )
            for room, item in placed
        )
        BookingEvent.objects.create(
            booking=booking, actor=guest, new_status=BookingStatus.REQUESTED
        )
        keep_facets([guest.pk])
        tell_of_request(booking)
    return booking


@transaction.atomic
def leave_out_dates(
    booking: Booking, occurrences: Iterable[Occurrence], *, by: Therapist
) -> Booking:
    """Its guest wants all but these dates of what nobody answered yet. The host is told once.

    Confirmed, they can be taken up again where they are free; not where somebody else approves: they saw what was left.
    """
    booking = lock_booking(booking)
    wanted = {o.pk for o in occurrences}
    asked = [o for o in booking.occurrences.all() if o.state == OccurrenceState.ASKED]
    dates = [o for o in asked if o.pk in wanted]
    if not dates or len(dates) < len(wanted):
        raise HoursError(_("Choose dates that nobody answered yet."))
    if len(dates) == len(asked):
        raise HoursError(_("Nothing would be left: withdraw the request instead."))
    gone = OccurrenceState.DECLINED if booking.party_id else OccurrenceState.SKIPPED
    move_dates(booking, dates, gone, by=by)
    record_change(
        booking, ChangeKind.SKIPPED, by=by, details={"before": said_periods(dates)}
    )
    return booking


def answer_expected(periods: Iterable[DateTimeTZRange | None]) -> datetime:
    """The community's days to answer, but never after the first hour begins."""
    days = Community.objects.current().answer_days
    moments = [timezone.now() + timedelta(days=days)]
    moments += [period.lower for period in periods if period]
    return min(moments)


def tell_of_request(booking: Booking) -> None:
    """The hosts; once more, a day before the answer is due or half-way there; and who answers for the guest."""
    payload = {"booking": booking.pk}
    cause = f"booking:{booking.pk}:requested"
    hosts = list(booking.office.hosts.all())
    enqueue_to("booking_requested", hosts, cause=cause, payload=payload)
    if booking.answer_by:
        left = booking.answer_by - timezone.now()
        remind_at = booking.answer_by - min(REMIND_BEFORE, left / 2)
        enqueue_to(
            "booking_reminder",
            hosts,
            cause=cause,
            payload=payload,
            not_before=remind_at,
            expires_at=booking.answer_by,
        )
    if booking.party and booking.approved_at is None:
        cause = f"booking:{booking.pk}:approval"
        enqueue("booking_approval", to=booking.party, cause=cause, payload=payload)


def _dated(office: Office, dates: Sequence[tuple[date, Span]]) -> list[Dated]:
    """In order, within reach, none twice."""
    if not dates:
        raise HoursError(_("Choose at least one date."))
    zone = office.building.zone
    today = hours.local_day(timezone.now(), zone)
    if min(dates)[0] < today - hours.HORIZON:
        raise HoursError(_("These dates are past."))
    if max(dates)[0] > today + hours.HORIZON:
        raise HoursError(_("Hours can be asked for up to 53 weeks ahead."))
    dated = sorted(
        {
            Dated(day, span, hours.local_period(day, span.start, span.end, zone))
            for day, span in dates
        },
        key=lambda item: item[:2],
    )
    for one, other in pairwise(dated):
        if one.day == other.day and other.span.start < one.span.end:
            raise HoursError(
                _("Two of your times on %(day)s overlap. Keep one of them.")
                % {"day": date_format(one.day, "D j M")}
            )
    return dated


def _not_to_be_had(gone: Sequence[PlannedDate]) -> str:
    return _(
        "Not to be had any more: %(dates)s. Leave them out and send again; nothing else has changed."
    ) % {
        "dates": "; ".join(
            f"{date_format(item.day, 'D j M')} ({item.note})" for item in gone[:5]
        )
        + (" …" if len(gone) > 5 else "")
    }
