"""Reads that span models: which offices are open to somebody, which match wanted hours, how well."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    Aggregate,
    Exists,
    FloatField,
    Func,
    OuterRef,
    Q,
    Value,
)
from django.utils import timezone

from directory.enums import Standing
from directory.geo import DistanceTo, within
from directory.models import Block, Term, Therapist
from spaces import hours
from spaces.enums import Audience, NeedStatus, OccurrenceState, Sort
from spaces.fields import DateTimeMultirangeField, multirange
from spaces.fit import describe_misses, say_shortest
from spaces.hours import Dated, Interval, Span
from spaces.models import Building, Need, Occurrence, Office, Opening
from spaces.models.office import OfficeQuerySet
from spaces.models.opening import FRESH, OpeningQuerySet

# Of those that fit as well as each other, hours nobody confirmed for 60 days come last, however near: they sink.
SINKS = f"confirmed_at < now() - interval '{FRESH.days} days'"
BEST_FIT = f"minutes / wanted DESC, {SINKS}, metres, lowest_cents, confirmed_at DESC"
ORDERS = {
    Sort.FIT: BEST_FIT,
    Sort.NEAREST: f"is_whole DESC, metres, {BEST_FIT}",
    Sort.CHEAPEST: f"is_whole DESC, lowest_cents, {BEST_FIT}",
    Sort.FRESHEST: f"is_whole DESC, confirmed_at DESC, {BEST_FIT}",
}
# One plan, in the order in which it is cheap: who could be shown at all; of their openings what is free of the wanted
# hours (of some the common part is small, while free time is a year long: so nothing else is carried on); what an
# office has in all; how long that is. Filters are querysets, put in.
RANKED = """
WITH candidate (office, metres, zone) AS MATERIALIZED ({candidates}),
part AS MATERIALIZED (
    SELECT office, metres, minutes, free * periods AS common, price_cents, confirmed_at, shortest_minutes
    FROM candidate
    JOIN (VALUES {wanted}) AS wanted (zone, periods, minutes) USING (zone)
    JOIN ({openings}) AS opening (office, free, price_cents, confirmed_at, shortest_minutes) USING (office)
),
found AS (
    SELECT office, metres, range_agg(common) AS covered, max(minutes) AS wanted,
        min(price_cents) AS lowest_cents, max(price_cents) AS highest_cents,
        max(confirmed_at) AS confirmed_at, max(shortest_minutes) AS shortest_minutes
    FROM part
    WHERE common <> '{{}}'
    GROUP BY office, metres
)
SELECT office, metres, covered, minutes, lowest_cents, highest_cents, confirmed_at, shortest_minutes,
    shortest_minutes > %s AS is_too_short, minutes >= wanted AS is_whole
FROM found
CROSS JOIN LATERAL (
    SELECT date_part('epoch', sum(upper(period) - lower(period))) / 60 AS minutes FROM unnest(covered) AS period
) AS length
WHERE minutes >= wanted OR NOT %s
ORDER BY is_too_short, {order}, office
LIMIT %s OFFSET %s
"""


@dataclass(frozen=True)
class Wanted:
    """Hours somebody looks for. Metres, cents an hour; None where it does not matter."""

    spans: Sequence[Span]
    first_date: date
    last_date: date
    latitude: float | None = None
    longitude: float | None = None
    radius_metres: float | None = None
    most_cents: int | None = None
    people: int | None = None
    is_step_free: bool = False
    attributes: Sequence[Term] = ()

    def dated(self, zone: ZoneInfo) -> list[Dated]:
        return hours.expand(self.spans, self.first_date, self.last_date, zone)


@dataclass
class Match:
    """One office against what was wanted. ``missing`` says, in words, what it has not."""

    office: Office
    metres: float | None
    minutes: int
    wanted_minutes: int
    lowest_cents: int
    highest_cents: int
    confirmed_at: datetime
    covered: list[Interval]
    is_too_short: bool = False
    dates_total: int = 0
    dates_covered: int = 0
    missing: list[str] = field(default_factory=list)
    fits: list[Span] = field(default_factory=list)
    misses: list[Span] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return self.minutes >= self.wanted_minutes and not self.is_too_short


class RangeUnion(Aggregate):
    function = "range_agg"
    output_field = DateTimeMultirangeField()


class Common(Func):
    """What two sets of periods share."""

    template = "(%(expressions)s)"
    arg_joiner = " * "
    output_field = DateTimeMultirangeField()


def offices_open_to(therapist: Therapist) -> OfficeQuerySet:
    """Offices of others that this person may be shown, may ask for, may be offered: the one predicate.

    Nothing for those who are not members, or whose licence lapsed; never across a block with any of the hosts; nothing
    of hosts who left or lapsed.
    """
    if therapist.standing != Standing.MEMBER or therapist.lapsed_on:
        return Office.objects.none()
    hosts = Office.hosts.through.objects.filter(office=OuterRef("pk"))
    blocked = Block.objects.filter(blocker=therapist).values("blocked")
    blockers = Block.objects.filter(blocked=therapist).values("blocker")
    not_to_meet = (
        Q(therapist=therapist) | Q(therapist__in=blocked) | Q(therapist__in=blockers)
    )
    return Office.objects.listed().filter(
        Exists(
            hosts.filter(therapist__standing=Standing.MEMBER, therapist__lapsed_on=None)
        ),
        ~Exists(hosts.filter(not_to_meet)),
    )


def openings_open_to(therapist: Therapist) -> OpeningQuerySet:
    """Openings of these offices that are not stale and meant for this person.

    Those for emergencies only show themselves to the displaced: people with an open need or a displaced date to come.
    """
    openings = Opening.objects.current().fresh()
    if not is_displaced(therapist):
        openings = openings.filter(audience=Audience.ALL)
    return openings


def is_displaced(therapist: Therapist) -> bool:
    needs = Need.objects.filter(therapist=therapist, status=NeedStatus.OPEN)
    displaced = Occurrence.objects.filter(
        guest=therapist, state=OccurrenceState.DISPLACED
    ).ending_after(timezone.now())
    either = Exists(needs) | Exists(displaced)
    return Therapist.objects.filter(either, pk=therapist.pk).exists()


def match_offices(
    wanted: Wanted,
    *,
    guest: Therapist,
    sort: Sort = Sort.FIT,
    among: Sequence[int] | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[Match]:
    """Best fit first: share of the wanted minutes, then distance, price, freshness; or what ``sort`` says.

    Last those that have the hours, but only in longer blocks. ``among``: of these offices alone.
    """
    openings = openings_open_to(guest)
    candidates = candidate_offices(wanted, guest)
    if among is not None:
        candidates = candidates.filter(pk__in=among)
    rows = _read(
        ranking(wanted, candidates, openings, sort=sort, limit=limit, offset=offset)
    )
    offices = (
        Office.objects.with_card(openings)
        .order_by()
        .in_bulk([row.office for row in rows])
    )
    return [_match(row, offices[row.office], wanted) for row in rows]


def fitting_offices(wanted: Wanted, *, guest: Therapist) -> list[int]:
    """Every office that has all of the wanted hours, by id."""
    candidates, openings = candidate_offices(wanted, guest), openings_open_to(guest)
    rows = _read(ranking(wanted, candidates, openings, whole_only=True))
    return sorted(row.office for row in rows if not row.is_too_short)


class _Ranked(NamedTuple):
    """A row of ``RANKED``."""

    office: int
    metres: float | None
    covered: list[Interval]
    minutes: float
    lowest_cents: int
    highest_cents: int
    confirmed_at: datetime
    shortest_minutes: int
    is_too_short: bool
    is_whole: bool


def ranking(
    wanted: Wanted,
    candidates: OfficeQuerySet,
    openings: OpeningQuerySet,
    *,
    sort: Sort = Sort.FIT,
    whole_only: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[str, list[Any]] | None:
    """``RANKED`` with its filters and their values put in; None where they leave nothing to ask."""
    openings = openings.filter(_could_have(wanted))
    if wanted.most_cents is not None:
        openings = openings.filter(price_cents__lte=wanted.most_cents)
    filters = (
        candidates.order_by().values_list("pk", _metres(wanted), "building__timezone"),
        openings.order_by().values_list(
            "office", "free", "price_cents", "confirmed_at", "shortest_minutes"
        ),
    )
    by_zone = [_wanted_in(wanted, zone) for zone in _zones()]
    if not by_zone:
        return None
    try:
        (who, of_them), (which, of_those) = (
            rows.query.sql_with_params() for rows in filters
        )
    except EmptyResultSet:
        return None
    sql = RANKED.format(
        candidates=who,
        wanted=", ".join(["(%s, %s::tstzmultirange, %s)"] * len(by_zone)),
        openings=which,
        order=ORDERS[sort],
    )
    return sql, [
        *chain(of_them, *by_zone, of_those),
        *(_shortest(wanted), whole_only, limit, offset),
    ]


def _read(query: tuple[str, list[Any]] | None) -> list[_Ranked]:
    if query is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*query)
        return [_Ranked(*row) for row in cursor.fetchall()]


def _could_have(wanted: Wanted) -> Q:
    """Openings that share a weekday and minutes of it with what is wanted: of others nothing is ever free then."""
    found = Q(pk__in=[])
    for span in hours.merge_spans(wanted.spans):
        found |= Q(weekday=span.weekday, start__lt=span.end, end__gt=span.start)
    return found


def _metres(wanted: Wanted) -> Any:
    if wanted.latitude is None or wanted.longitude is None:
        return Value(None, output_field=FloatField())
    return DistanceTo(wanted.latitude, wanted.longitude, "building__")


def _wanted_in(wanted: Wanted, zone: ZoneInfo) -> tuple[str, str, int]:
    """The same local hours are other instants in another zone: one set of periods per zone there is."""
    periods = hours.intervals_of(_to_come(wanted, zone))
    return zone.key, multirange(periods), hours.minutes(periods)


def _shortest(wanted: Wanted) -> int:
    return min(span.minutes for span in wanted.spans)


def candidate_offices(wanted: Wanted, guest: Therapist) -> OfficeQuerySet:
    """The cheap filters: place, size, access, attributes."""
    offices = offices_open_to(guest)
    if (
        wanted.latitude is not None
        and wanted.longitude is not None
        and wanted.radius_metres
    ):
        offices = offices.filter(
            within(
                wanted.latitude, wanted.longitude, wanted.radius_metres, "building__"
            )
        )
    if wanted.people:
        offices = offices.filter(capacity__gte=wanted.people)
    if wanted.is_step_free:
        offices = offices.filter(is_step_free=True)
    for term in wanted.attributes:
        offices = offices.filter(attributes=term)
    return offices


def _zones() -> list[ZoneInfo]:
    names = Building.objects.order_by("timezone").values_list("timezone", flat=True)
    return [ZoneInfo(name) for name in names.distinct()]


def _to_come(wanted: Wanted, zone: ZoneInfo) -> list[Dated]:
    """The dates that have not begun, and that the clocks do not skip."""
    now = timezone.now()
    return [
        item for item in wanted.dated(zone) if item.period and item.period.lower > now
    ]


def _match(row: _Ranked, office: Office, wanted: Wanted) -> Match:
    zone = office.building.zone
    dated = _to_come(wanted, zone)
    fit = describe_misses(dated, row.covered, zone)
    if row.is_too_short:
        fit.texts.insert(0, say_shortest(row.shortest_minutes))
    return Match(
        office=office,
        metres=row.metres,
        minutes=round(row.minutes),
        wanted_minutes=hours.minutes(hours.intervals_of(dated)),
        is_too_short=row.is_too_short,
        lowest_cents=row.lowest_cents,
        highest_cents=row.highest_cents,
        confirmed_at=row.confirmed_at,
        covered=row.covered,
        dates_total=fit.total,
        dates_covered=fit.whole,
        missing=fit.texts,
        fits=fit.fits,
        misses=fit.misses,
    )
