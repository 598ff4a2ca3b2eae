"""Which offers to accept together: most hours covered, fewest changes of room, time to get from one to the next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.utils import timezone

from spaces import hours
from spaces.coverage import (
    Coverage,
    awaiting_approval,
    contains,
    coverage_of,
    dated_hours,
    dated_nice_hours,
    meets,
    possible_hours,
    rooms_booked_for,
)
from spaces.hours import Interval, Span
from spaces.models import Need, Offer, Office
from spaces.suggestions.way import (
    Cell,
    Room,
    Way,
    best_way,
    blocks_of,
    cells_of,
    mask_of,
)

MOST_OFFERS = 12  # looked at, those with most of the hours
MOST_CELLS = 2000  # half hours: beyond that the offers are answered one by one


@dataclass(frozen=True)
class Share:
    """What of an offer is taken up."""

    offer: Offer
    periods: list[Interval]
    spans: list[Span]

    @property
    def minutes(self) -> int:
        return hours.minutes(self.periods)


@dataclass(frozen=True)
class Plan:
    """``covered`` are minutes, with what is booked already; ``changing`` the weekdays on which the room changes."""

    shares: list[Share]
    covered: int
    total: int
    nice: int
    changing: list[int]

    @property
    def is_all(self) -> bool:
        return self.covered == self.total

    def periods_of(self, offer: Offer) -> list[Interval]:
        return next(
            (share.periods for share in self.shares if share.offer.pk == offer.pk), []
        )


def plan_for(
    need: Need,
    offers: Iterable[Offer],
    now: datetime | None = None,
    *,
    coverage: Coverage | None = None,
) -> Plan | None:
    """The best use of these undecided offers, beside what is booked; None where nothing of them helps."""
    offers, now = list(offers), now or timezone.now()
    coverage = coverage or coverage_of([need], now)[need.pk]
    left = hours.difference(coverage.wanted, awaiting_approval(need))
    possible = possible_hours(offers, now)
    had = {
        offer.pk: hours.intersection(left, possible[offer.pk])
        for offer in offers
        if offer.need_id == need.pk
    }
    chosen = sorted(
        (offer for offer in offers if had.get(offer.pk)),
        key=lambda offer: (-hours.minutes(had[offer.pk]), offer.pk),
    )[:MOST_OFFERS]
    if not chosen:
        return None
    booked = rooms_booked_for(need)
    cells = _cells(need, coverage, left, [had[offer.pk] for offer in chosen])
    if len(cells) > MOST_CELLS:
        return None
    rooms = [
        Room(offer.office, mask_of(cells, had[offer.pk]), offer.price_cents)
        for offer in chosen
    ] + [Room(office, mask_of(cells, periods)) for office, periods in booked.items()]
    way = best_way(cells, rooms, may_miss=True)
    return _plan(need, coverage, cells, way, rooms, chosen) if way else None


def _cells(
    need: Need,
    coverage: Coverage,
    left: Sequence[Interval],
    had: Iterable[Sequence[Interval]],
) -> list[Cell]:
    """What somebody offers, and what is booked; the rest is missed whichever way one goes."""
    offered = hours.union(period for periods in had for period in periods)
    nice = coverage.nice
    booked = hours.union([*coverage.booked, *(nice.booked if nice else [])])
    found = []
    for is_nice, dated in ((False, dated_hours(need)), (True, dated_nice_hours(need))):
        for cell in cells_of(dated):
            if contains(booked, cell.lower, cell.upper):
                found.append(cell._replace(is_nice=is_nice, is_fixed=True))
            elif meets(left, cell.lower, cell.upper) and meets(
                offered, cell.lower, cell.upper
            ):
                found.append(cell._replace(is_nice=is_nice))
    return sorted(found)


def _plan(
    need: Need,
    coverage: Coverage,
    cells: Sequence[Cell],
    way: Way,
    rooms: Sequence[Room],
    offers: Sequence[Offer],
) -> Plan | None:
    shares = []
    for room, offer in enumerate(offers):
        mine = [c for c, spent in zip(cells, way.rooms, strict=True) if spent == room]
        if mine:
            spans = {span for _day, span in blocks_of(mine, need.zone)}
            periods = hours.union((cell.lower, cell.upper) for cell in mine)
            shares.append(Share(offer, periods, sorted(spans)))
    if not shares:
        return None
    taken = [
        (cell, rooms[spent].office)
        for cell, spent in zip(cells, way.rooms, strict=True)
        if spent is not None
    ]
    new = [cell for cell, _office in taken if not cell.is_fixed]
    return Plan(
        shares,
        covered=coverage.booked_minutes
        + sum(cell.minutes for cell in new if not cell.is_nice),
        total=coverage.total_minutes,
        nice=sum(cell.minutes for cell in new if cell.is_nice),
        changing=_changing(taken),
    )


def _changing(taken: Sequence[tuple[Cell, Office]]) -> list[int]:
    return sorted(
        {
            cell.day.weekday()
            for (before, here), (cell, there) in pairwise(taken)
            if before.day == cell.day and here.pk != there.pk
        }
    )
