"""How far a need is covered, in dated minutes: what is booked, what is offered, what is still open.

Whatever room the person has then covers the hour: an accepted offer, a booking of their own, a displaced date that
was restored. Hours that are past and were never covered count for nothing.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property

from django.db.models import Q, prefetch_related_objects
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from spaces import hours
from spaces.enums import BookingSource, OccurrenceState
from spaces.hours import Dated, Interval, Span
from spaces.models import Closure, Need, Occurrence, Offer, Office
from spaces.week import Block

COVERING = [OccurrenceState.BOOKED]  # what is held may still come to nothing
HELD_OF_OFFER = Q(state=OccurrenceState.HELD, booking__source=BookingSource.OFFER)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
MOST_NAMED = 2  # open dates named in a cell


@dataclass(frozen=True)
class Coverage:
    """Sorted, disjoint periods. ``offered`` and ``open`` are to come; what is offered can still be accepted, or was and
    waits for an approval. Hours that would be nice stand apart, in ``nice``."""

    booked: list[Interval]
    offered: list[Interval]
    open: list[Interval]
    nice: "Coverage | None" = None

    @cached_property
    def missing(self) -> list[Interval]:
        """To come and not booked: what still has to be offered."""
        return hours.union([*self.offered, *self.open])

    @cached_property
    def wanted(self) -> list[Interval]:
        """What may still be offered, and accepted: with the hours that would be nice."""
        return hours.union([*self.missing, *(self.nice.missing if self.nice else [])])

    @cached_property
    def unoffered(self) -> list[Interval]:
        """Of all that is wanted, what nobody offers yet."""
        return hours.union([*self.open, *(self.nice.open if self.nice else [])])

    @property
    def booked_minutes(self) -> int:
        return hours.minutes(self.booked)

    @property
    def offered_minutes(self) -> int:
        return hours.minutes(self.offered)

    @property
    def open_minutes(self) -> int:
        return hours.minutes(self.open)

    @property
    def total_minutes(self) -> int:
        return self.booked_minutes + self.offered_minutes + self.open_minutes

    @property
    def share(self) -> float:
        """Of all its hours, those booked or offered."""
        return 1 - self.open_minutes / self.total_minutes if self.total_minutes else 1.0


def dated_hours(need: Need) -> list[Dated]:
    return _dated(need, need.spans)


def dated_nice_hours(need: Need) -> list[Dated]:
    """Those that are not needed anyway."""
    return _dated(need, hours.without_spans(need.nice_spans, need.spans))


def _dated(need: Need, spans: Iterable[Span]) -> list[Dated]:
    return hours.expand(
        hours.merge_spans(spans), need.first_date, need.last_date, need.zone
    )


def coverage_of(
    needs: Iterable[Need], now: datetime | None = None
) -> dict[int, Coverage]:
    """By the needs' primary keys, in a constant number of queries."""
    needs, now = list(needs), now or timezone.now()
    prefetch_related_objects(needs, "hours")
    wanted = {need.pk: hours.intervals_of(dated_hours(need)) for need in needs}
    nice = {need.pk: hours.intervals_of(dated_nice_hours(need)) for need in needs}
    rooms, waiting = _rooms_of(needs, [*wanted.values(), *nice.values()])
    undecided = Offer.objects.undecided().filter(need__in=[need.pk for need in needs])
    offers = list(undecided.select_related("need").prefetch_related("hours"))
    offered: dict[int, list[Interval]] = defaultdict(list)
    possible = possible_hours(offers, now)
    for offer in offers:
        offered[offer.need_id].extend(possible[offer.pk])

    def covered(
        need: Need, periods: list[Interval], nice: Coverage | None = None
    ) -> Coverage:
        possible = hours.union([*offered[need.pk], *waiting[need.therapist_id]])
        return _covered(periods, rooms[need.therapist_id], possible, now, nice)

    return {
        need.pk: covered(
            need,
            wanted[need.pk],
            covered(need, nice[need.pk]) if nice[need.pk] else None,
        )
        for need in needs
    }


def possible_hours(
    offers: Iterable[Offer], now: datetime | None = None
) -> dict[int, list[Interval]]:
    """What each offer says, without what is past, and what has been taken or closed of its office meanwhile."""
    offers, now = list(offers), now or timezone.now()
    said = {
        offer.pk: hours.intervals_of(
            hours.expand(
                hours.merge_spans(offer.spans),
                offer.first_date,
                offer.last_date,
                offer.need.zone,
            )
        )
        for offer in offers
    }
    taken = _taken(offers, now)
    return {
        offer.pk: hours.difference(said[offer.pk], taken[offer.office_id])
        for offer in offers
    }


def awaiting_approval(need: Need) -> list[Interval]:
    """Of offers that were accepted already: held until whoever answers for the therapist says yes or no."""
    held = Occurrence.objects.filter(HELD_OF_OFFER, guest=need.therapist_id)
    periods = held.values_list("period", flat=True)
    return hours.union((period.lower, period.upper) for period in periods)


def rooms_booked_for(need: Need) -> dict[Office, list[Interval]]:
    """Where the therapist is booked in the time the need is about."""
    dated = [item.period for item in dated_hours(need) if item.period]
    if not dated:
        return {}
    found: dict[Office, list[Interval]] = defaultdict(list)
    dates = Occurrence.objects.of_guests(
        [need.therapist_id], dated[0].lower, dated[-1].upper
    )
    for date_ in dates.filter(state__in=COVERING).select_related("office__building"):
        found[date_.office].append((date_.period.lower, date_.period.upper))
    return {office: hours.union(periods) for office, periods in found.items()}


_Periods = dict[int, list[Interval]]


def _rooms_of(
    needs: Sequence[Need], wanted: Iterable[list[Interval]]
) -> tuple[_Periods, _Periods]:
    """When each therapist has a room, in the time all these needs are about; and when one is held for an approval."""
    rooms: _Periods = defaultdict(list)
    waiting: _Periods = defaultdict(list)
    every = [period for periods in wanted for period in periods]
    if every:
        reach = (
            min(lower for lower, _upper in every),
            max(upper for _lower, upper in every),
        )
        occurrences = Occurrence.objects.of_guests(
            {need.therapist_id for need in needs}, *reach
        ).filter(Q(state__in=COVERING) | HELD_OF_OFFER)
        for guest_id, period, state in occurrences.values_list(
            "guest", "period", "state"
        ):
            found = rooms if state in COVERING else waiting
            found[guest_id].append((period.lower, period.upper))
    booked = {guest_id: hours.union(periods) for guest_id, periods in rooms.items()}
    return defaultdict(list, booked), waiting


def _taken(offers: Sequence[Offer], now: datetime) -> dict[int, list[Interval]]:
    taken: dict[int, list[Interval]] = {
        offer.office_id: [(LONG_AGO, now)] for offer in offers
    }
    if not taken:
        return taken
    occurrences = (
        Occurrence.objects.taking().filter(office__in=list(taken)).ending_after(now)
    )
    for office_id, period in occurrences.values_list("office", "period"):
        taken[office_id].append((period.lower, period.upper))
    closures = Closure.objects.filter(
        Q(office__in=list(taken)) | Q(building__offices__in=list(taken)),
        period__endswith__gt=now,
    )
    for office_id, room_id, period in closures.values_list(
        "office", "building__offices", "period"
    ):
        if (closed := office_id or room_id) in taken:
            taken[closed].append((period.lower, period.upper))
    return {office_id: hours.union(periods) for office_id, periods in taken.items()}


def _covered(
    wanted: list[Interval],
    rooms: list[Interval],
    offered: list[Interval],
    now: datetime,
    nice: Coverage | None,
) -> Coverage:
    booked = hours.intersection(wanted, rooms)
    missing = hours.difference(hours.difference(wanted, booked), [(LONG_AGO, now)])
    offered = hours.intersection(missing, offered)
    return Coverage(booked, offered, hours.difference(missing, offered), nice)


def meets(periods: Sequence[Interval], lower: datetime, upper: datetime) -> bool:
    """Whether any of these sorted, disjoint periods has a minute between the two."""
    before = bisect_left(periods, upper, key=lambda period: period[0])
    return before > 0 and periods[before - 1][1] > lower


def contains(periods: Sequence[Interval], lower: datetime, upper: datetime) -> bool:
    """Whether one of these sorted, disjoint periods has all of the time between the two."""
    before = bisect_right(periods, lower, key=lambda period: period[0])
    return before > 0 and periods[before - 1][1] >= upper


# --- As a picture: the worst of each cell ------------------------------------------


@dataclass(frozen=True)
class _Cell:
    """Half an hour of the week over all its dates: which are booked, offered, open. Equal neighbours are one block."""

    booked: tuple[date, ...]
    offered: tuple[date, ...]
    open: tuple[date, ...]

    @property
    def state(self) -> str:
        if self.open:
            return "part" if self.booked else "open"
        if self.offered:
            return "offered"
        return "booked" if self.booked else "taken"

    @property
    def detail(self) -> str:
        total = len(self.booked) + len(self.offered) + len(self.open)
        if self.state == "booked":
            return _("%(count)s of %(total)s weeks") % {"count": total, "total": total}
        if self.state == "part":
            return self._partly(total)
        if self.state == "offered":
            return _("%(count)s of %(total)s weeks") % {
                "count": len(self.offered),
                "total": total,
            }
        if self.offered:
            return _("offered on %(count)s of %(total)s dates") % {
                "count": len(self.offered),
                "total": total,
            }
        return (
            ngettext("%(count)s week", "%(count)s weeks", total) % {"count": total}
            if total
            else _("past")
        )

    def _partly(self, total: int) -> str:
        said = _("%(count)s of %(total)s weeks booked") % {
            "count": len(self.booked),
            "total": total,
        }
        if len(self.open) > MOST_NAMED:
            return said
        return f"{', '.join(date_format(day, 'j M') for day in self.open)}; {said}"


def coverage_blocks(need: Need, coverage: Coverage) -> list[Block]:
    """The need's week, each stretch in its worst state: "open: 26 Nov; 3 of 4 weeks booked"."""
    nice = coverage.nice
    blocks = _blocks(need, hours.cells(need.spans), coverage)
    if nice is None:
        return blocks
    must = set(hours.cells(need.spans))
    rest = [cell for cell in hours.cells(need.nice_spans) if cell not in must]
    return sorted(
        [
            *blocks,
            *(
                replace(block, state="nice", label="") if is_missing(block) else block
                for block in _blocks(need, rest, nice)
            ),
        ],
        key=lambda block: (block.weekday, block.start),
    )


def is_missing(block: Block) -> bool:
    return block.state in {"open", "part"}


def _blocks(need: Need, cells: Iterable[Span], coverage: Coverage) -> list[Block]:
    by_cell: dict[Span, list[Dated]] = defaultdict(list)
    for item in hours.expand(cells, need.first_date, need.last_date, need.zone):
        by_cell[item.span].append(item)
    blocks: list[tuple[Span, _Cell]] = []
    for span, dates in sorted(by_cell.items()):
        cell = _cell(dates, coverage)
        last = blocks[-1] if blocks else None
        if (
            last
            and last[1] == cell
            and last[0].weekday == span.weekday
            and last[0].end == span.start
        ):
            blocks[-1] = (last[0]._replace(end=span.end), cell)
        else:
            blocks.append((span, cell))
    return [
        Block(
            *span,
            cell.state,
            label=_("Open") if cell.state == "part" else "",
            detail=cell.detail,
        )
        for span, cell in blocks
    ]


def _cell(dates: Sequence[Dated], coverage: Coverage) -> _Cell:
    def meeting(periods: Sequence[Interval]) -> tuple[date, ...]:
        return tuple(
            item.day
            for item in dates
            if item.period and meets(periods, item.period.lower, item.period.upper)
        )

    opened = meeting(coverage.open)
    offered = tuple(day for day in meeting(coverage.offered) if day not in opened)
    booked = tuple(
        day
        for day in meeting(coverage.booked)
        if day not in opened and day not in offered
    )
    return _Cell(booked, offered, opened)
