"""A borrowed room, once one's own is open again: end it from a date, or go on as a priced weekly sublet.

Both sides are asked once. Either proposes, the other one's yes does it; the newest proposal counts. Whatever happens
not, the booking runs to the end that was agreed.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue_to
from directory.domain.supervision import booking_party_for
from directory.errors import NoSupervisorError, NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.availability import refresh_free
from spaces.domain.changes import dates_to_come
from spaces.domain.dates import lock_booking, move_dates, record_change, said_periods
from spaces.domain.entering import enter_booking
from spaces.domain.host_entry import plan_entry
from spaces.domain.planning import PlannedDate
from spaces.enums import (
    BookingSource,
    BookingStatus,
    BorrowedKind,
    BorrowedStatus,
    ChangeKind,
    IncidentStatus,
    OccurrenceState,
    WayBackStatus,
)
from spaces.errors import HoursError, SlotTakenError
from spaces.guests import may_be_guests_of
from spaces.hours import Span
from spaces.models import (
    Booking,
    BorrowedRoom,
    Closure,
    Incident,
    Occurrence,
    Office,
    UsualHours,
    WayBack,
)
from spaces.models.booking import TAKEN, BookingQuerySet
from spaces.ties import offices_of

S = BorrowedStatus
ANSWER_WITHIN = timedelta(days=7)
GUEST, HOST, CLOCK = "guest", "host", "clock"  # the sides
BOTH = {GUEST, HOST}
TRANSITIONS: dict[tuple[BorrowedStatus, BorrowedStatus], set[str]] = {
    (S.ASKED, S.PROPOSED): BOTH,
    (S.ASKED, S.KEPT): BOTH,
    (S.ASKED, S.LAPSED): {CLOCK},
    (S.PROPOSED, S.PROPOSED): BOTH,
    (S.PROPOSED, S.AGREED): BOTH,  # of these only who did not propose
    (S.PROPOSED, S.KEPT): BOTH,
    (S.PROPOSED, S.LAPSED): {CLOCK},
}
OWN = [*TAKEN, OccurrenceState.RELEASED]


# --- Asking ------------------------------------------------------------------------


def ask_everybody(now: datetime | None = None) -> None:
    """The clock: of rooms that opened because their day came."""
    for pk in sorted(
        set(_unasked(now).values_list("offer__need__incident", flat=True))
    ):
        with transaction.atomic():
            incident = Incident.objects.select_for_update(no_key=True).get(pk=pk)
            ask_of_borrowed(incident, now)


def ask_of_borrowed(incident: Incident, now: datetime | None = None) -> None:
    """Of each room borrowed because of it for hours whose own room is open. The caller holds the incident's lock."""
    if incident.status == IncidentStatus.REPORTED:
        return  # nothing is decided
    now = now or timezone.now()
    if not _is_any_room_open(incident, now):
        return
    unasked = _unasked(now).filter(offer__need__incident=incident)
    for booking in unasked.with_parties().with_dates().order_by("pk"):
        if _is_own_room_open(booking, incident, now):
            _ask(booking, incident, now)


def _is_any_room_open(incident: Incident, now: datetime) -> bool:
    """Of those that it closes or closed: looked at each minute, so before anything else."""
    closures = Closure.objects.filter(
        Q(office=OuterRef("pk")) | Q(building=OuterRef("building")),
        period__contains=now,
    )
    rooms = Office.objects.filter(pk__in=offices_of(incident))
    return rooms.exclude(Exists(closures)).exists()


def _unasked(now: datetime | None = None) -> BookingQuerySet:
    to_come = Occurrence.objects.filter(
        booking=OuterRef("pk"),
        guest=OuterRef("guest"),
        state=OccurrenceState.BOOKED,
        period__startswith__gt=now or timezone.now(),
    )
    return Booking.objects.filter(
        Exists(to_come),
        status=BookingStatus.CONFIRMED,
        offer__need__incident__isnull=False,
        borrowed=None,
    )


def _is_own_room_open(booking: Booking, incident: Incident, now: datetime) -> bool:
    """Some date to come has its own room, which is open now and then."""
    dates = _dates_from(booking, None)
    rooms = _own_rooms(booking, incident, dates)
    closures = list(
        Closure.objects.filter(
            Q(office__in=rooms) | Q(building__in=[room.building_id for room in rooms]),
            period__endswith__gt=now,
        )
    )

    def is_open(room: Office, lower: datetime, upper: datetime) -> bool:
        return not any(
            shut.period.lower < upper and lower < shut.period.upper
            for shut in closures
            if shut.office_id == room.pk or shut.building_id == room.building_id
        )

    soon = now + timedelta(seconds=1)
    return any(
        is_open(room, now, soon) and is_open(room, date.period.lower, date.period.upper)
        for room in rooms
        for date in dates
    )


def _own_rooms(
    booking: Booking, incident: Incident, dates: Sequence[Occurrence]
) -> list[Office]:
    """Where the guest would be in these hours: by dates or usual hours of their own; else where they are host, else
    where they are at other hours. A trainee with none of these has the rooms of the incident.
    """
    guest, zone = booking.guest, booking.office.building.zone
    rooms = {
        room.pk: room
        for room in Office.objects.filter(pk__in=offices_of(incident)).exclude(
            pk=booking.office_id
        )
    }
    spans = {date.span(zone) for date in dates}
    periods = [(date.period.lower, date.period.upper) for date in dates]
    own: set[int] = set()
    known: set[int] = set()
    for usual in UsualHours.objects.filter(therapist=guest, office__in=rooms):
        known.add(usual.office_id)
        if hours.common_spans([usual.span], spans):
            own.add(usual.office_id)
    for office_id, period in Occurrence.objects.filter(
        guest=guest,
        office__in=rooms,
        state__in=OWN,
        period__endswith__gt=timezone.now(),
    ).values_list("office", "period"):
        known.add(office_id)
        if hours.intersection([(period.lower, period.upper)], periods):
            own.add(office_id)
    hosted = set(guest.offices.filter(pk__in=rooms).values_list("pk", flat=True))
    return [rooms[pk] for pk in (own or hosted or known or rooms)]


def _ask(booking: Booking, incident: Incident, now: datetime) -> None:
    """Who has to choose between the two rooms anyway hears of both with that question."""
    borrowed = BorrowedRoom.objects.create(
        booking=booking, incident=incident, answer_by=now + ANSWER_WITHIN
    )
    people = people_of(borrowed, GUEST) | people_of(borrowed, HOST)
    if WayBack.objects.filter(
        incident=incident, guest=booking.guest, status=WayBackStatus.ASKED
    ).exists():
        people -= {booking.guest}
    _tell(borrowed, "borrowed_asked", people, "asked")


# --- Proposing ---------------------------------------------------------------------


@transaction.atomic
def propose_end(borrowed: BorrowedRoom, *, by: Therapist, day: date) -> BorrowedRoom:
    borrowed, booking = _locked(borrowed)
    _check_day(day, booking)
    if not _dates_from(booking, day):
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
    borrowed, booking = _locked(borrowed)
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
    return hours.merge_spans(date.span(zone) for date in _dates_from(booking, None))


def plan_sublet(borrowed: BorrowedRoom) -> list[PlannedDate]:
    """Each date of the proposed sublet; what somebody else has or what is closed says so in its note."""
    booking = borrowed.booking
    if borrowed.first_date is None or borrowed.last_date is None:
        return []
    leaving = _dates_from(booking, borrowed.first_date)
    return plan_entry(
        booking.office,
        spans=borrowed.spans,
        first_date=borrowed.first_date,
        last_date=borrowed.last_date,
        price_cents=borrowed.price_cents,
        leaving=[date.pk for date in leaving],
    )


# --- Answering ---------------------------------------------------------------------


@transaction.atomic
def agree_on_borrowed(
    borrowed: BorrowedRoom, *, by: Therapist, version: int
) -> BorrowedRoom:
    """Does what the other side proposed: the borrowed dates from that day on end and nobody owes them; of a sublet,
    the new ones are booked, as far as they are to be had. ``version`` says which proposal the yes is to.
    """
    borrowed, booking = _locked(borrowed)
    side = _check(borrowed, S.AGREED, by)
    if version != borrowed.version or side == side_of(borrowed, borrowed.proposed_by):
        raise NotAllowedError(_("There is another proposal now. Look at it, please."))
    if booking.status != BookingStatus.CONFIRMED:
        raise NotAllowedError(_("This booking is over already."))
    day = borrowed.first_date
    assert day is not None  # noqa: S101 -- the constraint says so
    today = hours.local_day(timezone.now(), booking.office.building.zone)
    day = max(day, today)
    dates = _dates_from(booking, day)
    if borrowed.kind == BorrowedKind.SUBLET:
        borrowed.sublet = _sublet(borrowed, dates, by=by)
    else:
        _end(borrowed, dates, by=by)
        refresh_free({date.office_id for date in dates})
    _save(borrowed, S.AGREED)
    _tell(
        borrowed,
        "borrowed_agreed",
        people_of(borrowed, GUEST) | people_of(borrowed, HOST),
        "agreed",
    )
    return borrowed


@transaction.atomic
def keep_borrowed(borrowed: BorrowedRoom, *, by: Therapist) -> BorrowedRoom:
    """Leave it as it was agreed. The other side is told."""
    borrowed, _booking = _locked(borrowed)
    side = _check(borrowed, S.KEPT, by)
    _save(borrowed, S.KEPT)
    _tell(borrowed, "borrowed_kept", people_of(borrowed, _other(side)), "kept")
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
    _save(borrowed, S.LAPSED)
    if proposer:
        _tell(borrowed, "borrowed_kept", {proposer}, "lapsed")
    return True


def next_statuses(borrowed: BorrowedRoom, person: Therapist) -> list[BorrowedStatus]:
    """Where ``person`` may take it from here: the buttons to show."""
    side = side_of(borrowed, person)
    own = borrowed.proposed_by is not None and side == side_of(
        borrowed, borrowed.proposed_by
    )
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == borrowed.status and side in who and not (new == S.AGREED and own)
    ]


def side_of(borrowed: BorrowedRoom, person: Therapist | None) -> str:
    if person is None:
        return CLOCK
    for side in (HOST, GUEST):
        if person in people_of(borrowed, side):
            return side
    return ""


def people_of(borrowed: BorrowedRoom, side: str) -> set[Therapist]:
    """The guest with who answers for them; the hosts."""
    booking = borrowed.booking
    if side == HOST:
        return set(booking.office.hosts.all())
    return {booking.guest, booking.party or booking.guest}


# --- What they have in common ---------------------------------------------------------


def _locked(borrowed: BorrowedRoom) -> tuple[BorrowedRoom, Booking]:
    """The room first, then the question; both read again."""
    booking = lock_booking(borrowed.booking)
    borrowed = (
        BorrowedRoom.objects.select_for_update(of=("self",), no_key=True)
        .select_related("proposed_by")
        .get(pk=borrowed.pk)
    )
    borrowed.booking = booking
    return borrowed, booking


def _check(borrowed: BorrowedRoom, new: BorrowedStatus, by: Therapist) -> str:
    old, side = BorrowedStatus(borrowed.status), side_of(borrowed, by)
    if side not in TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This question is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    return side


def _propose(
    borrowed: BorrowedRoom, *, by: Therapist, kind: BorrowedKind, **terms: object
) -> BorrowedRoom:
    side = _check(borrowed, S.PROPOSED, by)
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
    people = people_of(borrowed, _other(side))
    _tell(borrowed, "borrowed_proposed", people, f"proposed:{borrowed.version}")
    return borrowed


def _other(side: str) -> str:
    return GUEST if side == HOST else HOST


def _check_day(day: date, booking: Booking) -> None:
    today = hours.local_day(timezone.now(), booking.office.building.zone)
    if not today <= day <= today + hours.HORIZON:
        raise HoursError(_("Choose a date from today on, up to 53 weeks ahead."))


def _dates_from(booking: Booking, day: date | None) -> list[Occurrence]:
    """Still the guest's, to come, from ``day`` on."""
    zone = booking.office.building.zone
    return [
        date
        for date in dates_to_come(booking)
        if date.state in {OccurrenceState.BOOKED, OccurrenceState.DISPLACED}
        and date.guest_id == booking.guest_id
        and (day is None or date.day(zone) >= day)
    ]


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


def _save(borrowed: BorrowedRoom, new: BorrowedStatus) -> None:
    borrowed.status, borrowed.decided_at = new, timezone.now()
    borrowed.save(update_fields=["status", "decided_at", "sublet"])


def _tell(
    borrowed: BorrowedRoom, kind: str, people: Iterable[Therapist], what: str
) -> None:
    enqueue_to(
        kind,
        [person for person in people if person.address],
        cause=f"borrowed:{borrowed.pk}:{what}",
        payload={"borrowed": borrowed.pk},
    )
