"""One's own room is open again, and one has another for the same hours: back, or not? Until the answer both are kept.

Whose own dates nobody answered for in time are released. The caller of ``ask_way_back`` and ``withdraw_questions``
holds the locks of the incident and its offices.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import DomainError, NotAllowedError
from directory.models import Therapist
from spaces.domain.availability import lock_offices, refresh_free
from spaces.domain.borrowed.answering import propose_end
from spaces.domain.dates import move_dates, record_change, said_periods
from spaces.domain.releasing import lying_in
from spaces.enums import BorrowedStatus, ChangeKind, OccurrenceState, WayBackStatus
from spaces.hours import local_day
from spaces.models import Booking, BorrowedRoom, Incident, Occurrence, WayBack
from spaces.models.booking import BookingQuerySet, OccurrenceQuerySet

S = WayBackStatus
ANSWER_WITHIN = timedelta(days=7)
HAVE_ELSEWHERE = [OccurrenceState.BOOKED, OccurrenceState.HELD]
GUEST, CLOCK = "guest", "clock"
TRANSITIONS: dict[tuple[WayBackStatus, WayBackStatus], set[str]] = {
    (S.ASKED, S.BACK): {GUEST},
    (S.ASKED, S.STAYED): {GUEST},
    (S.ASKED, S.LAPSED): {CLOCK},
    (S.ASKED, S.MOOT): {CLOCK},
}


def found_elsewhere(dates: OccurrenceQuerySet) -> OccurrenceQuerySet:
    """Those of them whose guest has another room for some of the same hours."""
    other = Occurrence.objects.filter(
        guest=OuterRef("guest"),
        state__in=HAVE_ELSEWHERE,
        period__overlap=OuterRef("period"),
    ).exclude(office=OuterRef("office"))
    return dates.filter(Exists(other))


def ask_way_back(incident: Incident, dates: Iterable[Occurrence]) -> None:
    """One question and one mail per person. What opens later, while they think, is added to it."""
    found: dict[int, list[Occurrence]] = defaultdict(list)
    for date in dates:
        found[date.guest_id].append(date)
    for guest in Therapist.objects.filter(pk__in=found).with_user():
        way, is_new = WayBack.objects.get_or_create(
            incident=incident,
            guest=guest,
            status=S.ASKED,
            defaults={"answer_by": timezone.now() + ANSWER_WITHIN},
        )
        way.occurrences.add(*found[guest.pk])
        if is_new and guest.address:
            enqueue(
                "way_back",
                to=guest,
                cause=f"way_back:{way.pk}",
                payload={"way_back": way.pk},
            )


def withdraw_questions(incident: Incident, still_asked: OccurrenceQuerySet) -> None:
    """What is closed again, because of this incident or another before it, or stands again, is not asked any more."""
    shut = Occurrence.objects.filter(
        pk__in=WayBack.objects.filter(status=S.ASKED).values("occurrences")
    ).filter(lying_in(incident.closures.all()))
    mine = Q(incident=incident)
    touched = mine | Q(occurrences__in=shut.values("pk"))
    for way in WayBack.objects.filter(touched, status=S.ASKED).distinct():
        left = way.occurrences.exclude(pk__in=shut.values("pk"))
        if way.incident_id == incident.pk:
            left = left.filter(pk__in=still_asked.values("pk"))
        if dates := list(left):
            way.occurrences.set(dates)
        else:
            _save(way, S.MOOT)


@transaction.atomic
def go_back(way: WayBack, *, by: Therapist) -> WayBack:
    """The own dates stand again. Whoever lent a room for these hours is asked to end that; theirs is the second yes."""
    way = _answer(way, S.BACK, by=by)
    for borrowed in borrowed_instead(way).select_related("booking__office__building"):
        with suppress(DomainError):  # nothing of it is left to end
            propose_end(borrowed, by=by, day=_first_day(way, borrowed))
    return way


@transaction.atomic
def stay(way: WayBack, *, by: Therapist) -> WayBack:
    """The own dates are released, and due from nobody."""
    return _answer(way, S.STAYED, by=by)


def lapse_ways_back(now: datetime | None = None) -> int:
    """Unanswered in time: released. One transaction each; an answered one is no error."""
    due = WayBack.objects.filter(status=S.ASKED, answer_by__lte=now or timezone.now())
    lapsed = 0
    for way in due:
        try:
            with transaction.atomic():
                _answer(way, S.LAPSED, by=None)
        except NotAllowedError:
            continue
        lapsed += 1
    return lapsed


def borrowed_instead(way: WayBack) -> QuerySet[BorrowedRoom]:
    """What was borrowed because of the same incident, and is not settled yet."""
    return BorrowedRoom.objects.filter(
        incident=way.incident_id,
        booking__guest=way.guest_id,
        status=BorrowedStatus.ASKED,
    )


def _answer(way: WayBack, new: WayBackStatus, *, by: Therapist | None) -> WayBack:
    """The clock does with the dates what the answer says: no table lets a guest take displaced hours up otherwise."""
    Incident.objects.select_for_update(no_key=True).get(pk=way.incident_id)
    rooms = [
        *way.occurrences.values_list("office", flat=True),
        *borrowed_instead(way).values_list("booking__office", flat=True),
    ]
    lock_offices(rooms)
    way = WayBack.objects.select_for_update(no_key=True).get(pk=way.pk)
    part = CLOCK if by is None else GUEST if by.pk == way.guest_id else ""
    old = WayBackStatus(way.status)
    if part not in TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This was answered already: “%(old)s”.") % {"old": old.label}
        )
    becomes = OccurrenceState.BOOKED if new == S.BACK else OccurrenceState.RELEASED
    change = ChangeKind.READDED if new == S.BACK else ChangeKind.RELEASED
    for booking in _bookings(way).with_parties().with_dates():
        dates = [
            date
            for date in way.occurrences.filter(booking=booking).in_order()
            if date.state == OccurrenceState.DISPLACED
            and date.period.lower > timezone.now()
        ]
        if not dates:
            continue
        move_dates(booking, dates, becomes, by=None, is_due=False)
        said = "after" if new == S.BACK else "before"
        record_change(booking, change, by=by, details={said: said_periods(dates)})
        refresh_free({date.office_id for date in dates})
    return _save(way, new)


def _bookings(way: WayBack) -> BookingQuerySet:
    return Booking.objects.filter(pk__in=way.occurrences.values("booking")).order_by(
        "office", "pk"
    )


def _first_day(way: WayBack, borrowed: BorrowedRoom) -> dt.date:
    """From the first of the own dates on."""
    zone = borrowed.booking.office.building.zone
    first = way.occurrences.filter(period__startswith__gt=timezone.now()).in_order()
    dates = list(first[:1])
    return dates[0].day(zone) if dates else local_day(timezone.now(), zone)


def _save(way: WayBack, new: WayBackStatus) -> WayBack:
    way.status, way.decided_at = new, timezone.now()
    way.save(update_fields=["status", "decided_at"])
    return way
