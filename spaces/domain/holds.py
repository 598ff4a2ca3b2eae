"""Hours that are free again are held for who waits for them: ``refresh_free`` ends here, under the offices' locks.

A hold is a request whose dates are *held*: the host is asked, the guest is told, nobody else can have the hours
meanwhile. Answered, given up or out of time it is a booking like any other; freeing its hours comes here again, so
the next in line has their turn.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from directory.domain.outbox import enqueue, enqueue_to
from directory.domain.supervision import booking_party_for
from directory.errors import NoSupervisorError
from directory.models import Block, Therapist
from spaces import hours
from spaces.domain.planning import PlannedDate, look_up, terms_of
from spaces.enums import (
    BookingSource,
    BookingStatus,
    ChangeKind,
    OccurrenceState,
    WaitState,
)
from spaces.hours import Dated, Interval
from spaces.models import Booking, BookingEvent, Occurrence, Office, WaitlistEntry
from spaces.models.waitlist import ON_THE_LIST, WaitlistEntryQuerySet
from spaces.queries import offices_open_to

HOLD = timedelta(hours=24)
WAITING_LISTS = 0x3A17  # the advisory lock
KEPT = [OccurrenceState.BOOKED, OccurrenceState.DISPLACED]
W = WaitState


def hold_for_waiting(office_ids: Collection[int]) -> list[Booking]:
    """Hold what is free of these offices for the first in line. One request for all that somebody gets at once.

    The caller holds the offices' locks and has recomputed their free time; it does so again for what is held here.
    """
    waiting = WaitlistEntry.objects.filter(office__in=office_ids, state__in=ON_THE_LIST)
    if not waiting.exists():
        return []  # as nearly always, and the question below is a long one
    concerned = to_settle(office_ids).order_by().values_list("guest", flat=True)
    guests = set(concerned.distinct())
    if not guests:
        return []
    lock_waiting_lists()
    _lock_entries(guests)
    entries = list(
        _looked_at(
            WaitlistEntry.objects.filter(
                guest__in=guests, office__in=office_ids, state__in=ON_THE_LIST
            )
        )
        .select_related("guest__user", "office__building")
        .in_line()
    )
    _close(entries)
    turns = _Turns()
    for entry in entries:
        if entry.state == W.WAITING:
            turns.take(entry)
    return [_hold(office, found) for (office, _guest), found in turns.by_person.items()]


def to_settle(office_ids: Collection[int] | None = None) -> WaitlistEntryQuerySet:
    """Entries for which something is to be done: their hours are free, theirs already, or held for them no longer."""
    entries = WaitlistEntry.objects.filter(state__in=ON_THE_LIST)
    if office_ids is not None:
        entries = entries.filter(office__in=list(office_ids))
    return _looked_at(entries).filter(
        Q(state=W.HELD, is_held=False)
        | Q(state=W.WAITING, is_taken=False)
        | Q(state=W.WAITING, has_it=True)
    )


def _dated(period: DateTimeTZRange, office: Office) -> Dated:
    zone = office.building.zone
    return Dated(
        hours.local_day(period.lower, zone), hours.span_of(period, zone), period
    )


def _looked_at(entries: WaitlistEntryQuerySet) -> WaitlistEntryQuerySet:
    taking = Occurrence.objects.taking()
    same_office = Q(office=OuterRef("office"), period__overlap=OuterRef("period"))
    own = Q(guest=OuterRef("guest"))
    return entries.annotate(
        is_taken=Exists(taking.filter(same_office)),
        is_held=Exists(
            taking.filter(
                booking=OuterRef("booking"),
                period=OuterRef("period"),
                state=OccurrenceState.HELD,
            )
        ),
        has_it=Exists(
            taking.filter(
                own,
                office=OuterRef("office"),
                period__contains=OuterRef("period"),
                state__in=KEPT,
            )
        ),
        is_elsewhere=Exists(taking.filter(own, period__overlap=OuterRef("period"))),
    )


def lock_waiting_lists() -> None:
    """One lock for all of them, until the transaction ends; offices are locked before, entries after.

    Two rooms freed at once hold one of them for somebody, not both, so what somebody waits for elsewhere is locked too;
    a transaction that comes here for one person after the other would meet another that does so the other way round.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WAITING_LISTS])


def _lock_entries(guests: Iterable[int]) -> None:
    """All that these people wait for, wherever."""
    entries = WaitlistEntry.objects.filter(guest__in=guests, state__in=ON_THE_LIST)
    list(entries.order_by("pk").select_for_update(of=("self",)).values_list("pk"))


def _close(entries: Iterable[WaitlistEntry]) -> None:
    """What has come about: they have the hours, their turn is over, or the hours have begun."""
    now = timezone.now()
    for entry in entries:
        if entry.has_it:  # type: ignore[attr-defined]  # annotated
            entry.state = W.DONE
        elif entry.state == W.HELD and not entry.is_held:  # type: ignore[attr-defined]  # annotated
            entry.state = W.LEFT
        elif entry.state == W.WAITING and entry.period.lower <= now:
            entry.state = W.PAST
        else:
            continue
        entry.save(update_fields=["state"])


class _Turns:
    """Whose turn it is, entry by entry in the order of the line."""

    def __init__(self) -> None:
        self.by_person: dict[tuple[Office, int], list[_Turn]] = defaultdict(list)
        self.held: dict[int, list[Interval]] = defaultdict(list)  # by office
        self.given: dict[int, list[Interval]] = defaultdict(list)  # by guest
        self.open: dict[tuple[int, int], bool] = {}

    def take(self, entry: WaitlistEntry) -> None:
        wanted = [(entry.period.lower, entry.period.upper)]
        if (
            entry.is_taken  # type: ignore[attr-defined]  # annotated
            or entry.is_elsewhere  # type: ignore[attr-defined]  # annotated
            or entry.people > entry.office.capacity
            or hours.intersection(wanted, hours.union(self.held[entry.office_id]))
            or hours.intersection(wanted, hours.union(self.given[entry.guest_id]))
            or not self._is_open(entry)
        ):
            return
        [planned] = look_up(
            entry.office, entry.guest, [_dated(entry.period, entry.office)]
        )
        if not planned.is_free or not _can_book(entry.guest):
            return
        self.held[entry.office_id] += wanted
        self.given[entry.guest_id] += wanted
        self.by_person[entry.office, entry.guest_id].append((entry, planned))

    def _is_open(self, entry: WaitlistEntry) -> bool:
        """Whoever lost their standing, or does not meet the host any more, is passed over for good."""
        key = entry.office_id, entry.guest_id
        if key not in self.open:
            offices = offices_open_to(entry.guest).filter(pk=entry.office_id)
            self.open[key] = offices.exists()
        if not self.open[key] and _is_out(entry.guest, entry.office):
            entry.state = W.LEFT
            entry.save(update_fields=["state"])
        return self.open[key]


_Turn = tuple[WaitlistEntry, PlannedDate]


def _is_out(guest: Therapist, office: Office) -> bool:
    hosts = office.hosts.all()
    blocks = Block.objects.filter(
        Q(blocker=guest, blocked__in=hosts) | Q(blocked=guest, blocker__in=hosts)
    )
    return not guest.is_member or blocks.exists()


def _hold(office: Office, turns: list[_Turn]) -> Booking:
    entries = [entry for entry, _planned in turns]
    guest = entries[0].guest
    until = min(timezone.now() + HOLD, *(entry.period.lower for entry in entries))
    booking = Booking.objects.create(
        office=office,
        guest=guest,
        source=BookingSource.WAITLIST,
        people=max(entry.people for entry in entries),
        terms=terms_of(office),
        notice_days=office.notice_days,
        answer_by=until,
        party=booking_party_for(guest),
    )
    Occurrence.objects.bulk_create(
        Occurrence(
            booking=booking,
            office=office,
            guest=guest,
            period=entry.period,
            price_cents=planned.price_cents,
            state=OccurrenceState.HELD,
            held_until=until,
        )
        for entry, planned in turns
    )
    WaitlistEntry.objects.filter(pk__in=[entry.pk for entry in entries]).update(
        state=W.HELD, booking=booking
    )
    _record(booking, entries, until)
    return booking


def _can_book(guest: Therapist) -> bool:
    """Not while somebody would have to answer for them and nobody does."""
    try:
        booking_party_for(guest)
    except NoSupervisorError:
        return False
    return True


def _record(
    booking: Booking, entries: Iterable[WaitlistEntry], until: datetime
) -> None:
    BookingEvent.objects.create(
        booking=booking,
        new_status=BookingStatus.REQUESTED,
        change=ChangeKind.HELD,
        details={
            "after": [
                [entry.period.lower.isoformat(), entry.period.upper.isoformat()]
                for entry in entries
            ],
            "until": until.isoformat(),
        },
    )
    payload = {"booking": booking.pk}
    cause = f"booking:{booking.pk}:held"
    enqueue("waitlist_held", to=booking.guest, cause=cause, payload=payload)
    if booking.party:
        enqueue("booking_approval", to=booking.party, cause=cause, payload=payload)
    hosts = booking.office.hosts.all()
    enqueue_to("waitlist_asked", hosts, cause=cause, payload=payload)
