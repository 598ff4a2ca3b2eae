"""The two sides of a borrowed room, and what each may do with the question."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue_to
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.changes import dates_to_come
from spaces.domain.dates import lock_booking
from spaces.enums import BorrowedStatus, OccurrenceState
from spaces.models import Booking, BorrowedRoom, Occurrence

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


def lock_borrowed(borrowed: BorrowedRoom) -> tuple[BorrowedRoom, Booking]:
    """The room first, then the question; both read again."""
    booking = lock_booking(borrowed.booking)
    borrowed = (
        BorrowedRoom.objects.select_for_update(of=("self",), no_key=True)
        .select_related("proposed_by")
        .get(pk=borrowed.pk)
    )
    borrowed.booking = booking
    return borrowed, booking


def check_move(borrowed: BorrowedRoom, new: BorrowedStatus, by: Therapist) -> str:
    old, side = BorrowedStatus(borrowed.status), side_of(borrowed, by)
    if side not in TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This question is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    return side


def dates_from(booking: Booking, day: date | None) -> list[Occurrence]:
    """Still the guest's, to come, from ``day`` on."""
    zone = booking.office.building.zone
    return [
        date
        for date in dates_to_come(booking)
        if date.state in {OccurrenceState.BOOKED, OccurrenceState.DISPLACED}
        and date.guest_id == booking.guest_id
        and (day is None or date.day(zone) >= day)
    ]


def other_side(side: str) -> str:
    return GUEST if side == HOST else HOST


def save_status(borrowed: BorrowedRoom, new: BorrowedStatus) -> None:
    borrowed.status, borrowed.decided_at = new, timezone.now()
    borrowed.save(update_fields=["status", "decided_at", "sublet"])


def tell(
    borrowed: BorrowedRoom, kind: str, people: Iterable[Therapist], what: str
) -> None:
    enqueue_to(
        kind,
        [person for person in people if person.address],
        cause=f"borrowed:{borrowed.pk}:{what}",
        payload={"borrowed": borrowed.pk},
    )
