"""What is still free of every opening. Everything that writes openings, closures or occurrences ends here."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from directory.models import Therapist
from spaces import hours
from spaces.domain.holds import hold_for_waiting
from spaces.enums import Audience, BookingStatus, NeedStatus
from spaces.hours import Interval
from spaces.models import Booking, Closure, Need, Occurrence, Office, Opening, Pledge
from spaces.queries import RangeUnion

logger = logging.getLogger(__name__)

BATCH = 50  # offices locked together while free time is verified
# What free time is made of: this is asked at every change, and rooms have long descriptions.
OF_A_ROW = ["free", "office__building__timezone"]
OF_AN_OPENING = ["weekday", "start", "end", "first_date", "last_date"]


def lock_offices(which: Iterable[int] | Q) -> list[Office]:
    """These offices, locked in order of id until the transaction ends: all that it will touch, at once. The order of
    all locks is said in docs/architecture.md.

    Without this lock two overlapping confirmations can deadlock on the exclusion constraint; ``no_key`` lets new
    requests for the office be inserted meanwhile.
    """
    if not isinstance(which, Q):
        which = Q(pk__in=list(which))
    return list(
        Office.objects.select_for_update(no_key=True).filter(which).order_by("pk")
    )


def refresh_free(office_ids: Iterable[int], *, seekers: Iterable[int] = ()) -> None:
    """Recompute ``free`` of what is offered and pledged of these offices, then hold what is free for who waits for it.

    The caller holds their locks. ``seekers`` are therapists whose requests changed: their facets, as the hosts', follow.
    """
    ids = list(office_ids)
    _write_free(ids)
    held = hold_for_waiting(ids)
    if held:
        _write_free({booking.office_id for booking in held})
    hosts = Office.hosts.through.objects.filter(office__in=ids)
    keep_facets(
        {
            *hosts.values_list("therapist", flat=True),
            *seekers,
            *(booking.guest_id for booking in held),
        }
    )


def _write_free(office_ids: Iterable[int]) -> None:
    changed = [row for row, free in _recomputed(office_ids) if _set_free(row, free)]
    openings = [row for row in changed if isinstance(row, Opening)]
    pledges = [row for row in changed if isinstance(row, Pledge)]
    Opening.objects.bulk_update(openings, ["free"], batch_size=500)
    Pledge.objects.bulk_update(pledges, ["free"], batch_size=500)


def verify_free(office_ids: Sequence[int]) -> list[Opening | Pledge]:
    """Repair and return the openings and pledges whose ``free`` was not what a recomputation says: a bug, except at the far
    end of the horizon, which moves forward every day."""
    with transaction.atomic():
        lock_offices(office_ids)
        now = timezone.now()
        sure = [(now, now + hours.HORIZON - timedelta(days=8))]
        wrong: list[Opening | Pledge] = []
        for row, free in _recomputed(office_ids):
            known, true = (hours.intersection(part, sure) for part in (row.free, free))
            if known != true:
                wrong.append(row)
            if _set_free(row, free):
                row.save(update_fields=["free"])
        return wrong


def verify_every_office() -> list[Opening | Pledge]:
    """Every night: free time rolls forward by a day; what was wrong before is repaired, reported and returned."""
    ids = list(Office.objects.order_by("pk").values_list("pk", flat=True))
    wrong = [
        row
        for at in range(0, len(ids), BATCH)
        for row in verify_free(ids[at : at + BATCH])
    ]
    for row in wrong:
        kind = "pledge" if isinstance(row, Pledge) else "opening"
        logger.error("Free time of %s %s was wrong and is repaired.", kind, row.pk)
    return wrong


def keep_facets(therapist_ids: Iterable[int] | QuerySet[Any, Any]) -> None:
    """``has_spare_hours`` and ``seeks_hours``, which the directory shows and this app knows.

    Only what changes is written, and nobody waits for it, in whatever order a transaction comes to people: who is
    locked by another one, which may be about them too, is looked at again after the commit.
    """
    if not isinstance(therapist_ids, QuerySet):
        therapist_ids = list(therapist_ids)
    now = timezone.now()
    spare = (
        Opening.objects.current()
        .fresh(now)
        .filter(audience=Audience.ALL, office__in=Office.objects.listed())
    )
    needs = Need.objects.filter(status=NeedStatus.OPEN)
    requests = Booking.objects.filter(status=BookingStatus.REQUESTED)
    people = Therapist.objects.annotate(
        spare=Exists(spare.filter(office__hosts=OuterRef("pk")).exclude(free=[])),
        seeks=Exists(needs.filter(therapist=OuterRef("pk")))
        | Exists(requests.filter(guest=OuterRef("pk"))),
    )
    asked = people.filter(pk__in=therapist_ids).order_by()
    rows = asked.values_list("pk", "has_spare_hours", "seeks_hours", "spare", "seeks")
    changed = [pk for pk, *known, spares, seeks in rows if known != [spares, seeks]]
    if not changed:
        return
    with transaction.atomic(savepoint=False):
        at_hand = Therapist.objects.filter(pk__in=changed).select_for_update(
            no_key=True, skip_locked=True
        )
        done = people.filter(pk__in=at_hand.values("pk")).update(
            has_spare_hours=F("spare"), seeks_hours=F("seeks")
        )
        if done < len(changed):
            transaction.on_commit(partial(_keep_each, changed), robust=True)


def _keep_each(therapist_ids: Iterable[int]) -> None:
    """Once nothing else is held: whoever was locked then is waited for now, one by one."""
    for pk in therapist_ids:
        with transaction.atomic():
            Therapist.objects.select_for_update(no_key=True).filter(pk=pk).first()
            keep_facets([pk])


def _recomputed(
    office_ids: Iterable[int],
) -> list[tuple[Opening | Pledge, list[Interval]]]:
    now = timezone.now()
    ids = list(office_ids)
    openings = Opening.objects.filter(office__in=ids).select_related("office__building")
    pledges = Pledge.objects.filter(office__in=ids).with_office()
    rows: list[Opening | Pledge] = [
        *openings.only(*OF_A_ROW, *OF_AN_OPENING).order_by("pk"),
        *pledges.only(*OF_A_ROW).order_by("pk"),
    ]
    taken = _taken([row.office for row in rows], now) if rows else {}
    return [
        (row, hours.difference(_offered(row, now), taken[row.office_id]))
        for row in rows
    ]


def _offered(row: Opening | Pledge, now: datetime) -> list[Interval]:
    zone = row.office.building.zone
    first = now.astimezone(zone).date()
    last = first + hours.HORIZON
    if isinstance(row, Pledge):
        return hours.intervals_of(hours.expand(row.spans, first, last, zone))
    first, last = max(row.first_date, first), min(row.last_date or last, last)
    return hours.intervals_of(hours.expand([row.span], first, last, zone))


def _taken(offices: Iterable[Office], now: datetime) -> dict[int, list[Interval]]:
    """What closures and other people's dates take of each office, from now on."""
    periods: dict[int, list[Interval]] = {office.pk: [] for office in offices}
    by_building: dict[int, set[int]] = defaultdict(set)
    for office in offices:
        by_building[office.building_id].add(office.pk)
    occurrences = (
        Occurrence.objects.taking().filter(office__in=list(periods)).ending_after(now)
    )
    by_office = occurrences.order_by().values("office")
    for row in by_office.annotate(periods=RangeUnion("period")):
        periods[row["office"]] = row["periods"]
    closures = Closure.objects.filter(
        Q(office__in=list(periods)) | Q(building__in=list(by_building)),
        period__endswith__gt=now,
    )
    for office_id, building_id, period in closures.values_list(
        "office", "building", "period"
    ):
        for closed in [office_id] if office_id else by_building[building_id]:
            periods[closed].append((period.lower, period.upper))
    return {office_id: hours.union(found) for office_id, found in periods.items()}


def _set_free(row: Opening | Pledge, free: list[Interval]) -> bool:
    """Whether that changed anything."""
    if row.free == free:
        return False
    row.free = free
    return True
