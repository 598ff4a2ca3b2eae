"""Reads that span models: which offices are open to somebody, which match wanted hours, how well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    Aggregate,
    Case,
    Exists,
    F,
    Field,
    FloatField,
    Func,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    Value,
    When,
)
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone

from directory.enums import Standing
from directory.geo import DistanceTo, within
from directory.models import Block, Term, Therapist
from spaces import hours
from spaces.enums import Audience, NeedStatus, OccurrenceState, Sort
from spaces.fields import DateTimeMultirangeField
from spaces.fit import describe_misses, say_shortest
from spaces.hours import Dated, Interval, Span
from spaces.models import Building, Need, Occurrence, Office, Opening
from spaces.models.office import OfficeQuerySet
from spaces.models.opening import OpeningQuerySet

BEST_FIT = ["-minutes", "metres", "lowest_cents", "-confirmed_at"]
ORDERS = {
    Sort.FIT: BEST_FIT,
    Sort.NEAREST: ["-is_whole", "metres", *BEST_FIT],
    Sort.CHEAPEST: ["-is_whole", "lowest_cents", *BEST_FIT],
    Sort.FRESHEST: ["-is_whole", "-confirmed_at", *BEST_FIT],
}


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


class Minutes(Func):
    """How long a set of periods is."""

    template = (
        "(SELECT coalesce(sum(extract(epoch FROM upper(part) - lower(part))), 0)::float / 60"
        " FROM unnest(%(expressions)s) AS part)"
    )
    output_field = FloatField()


def offices_open_to(therapist: Therapist) -> OfficeQuerySet:
    """Offices of others that this person may be shown, may ask for, may be offered: the one predicate.

    Nothing for those who are not members; never across a block with any of the hosts; nothing of hosts who left.
    """
    if therapist.standing != Standing.MEMBER:
        return Office.objects.none()
    hosts = Office.hosts.through.objects.filter(office=OuterRef("pk"))
    blocks = Block.objects.filter(
        Q(blocker=therapist, blocked=OuterRef("therapist"))
        | Q(blocked=therapist, blocker=OuterRef("therapist"))
    )
    return Office.objects.listed().filter(
        Exists(hosts.filter(therapist__standing=Standing.MEMBER)),
        ~Exists(hosts.filter(therapist=therapist)),
        ~Exists(hosts.filter(Exists(blocks))),
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
    displaced = Occurrence.objects.filter(
        guest=therapist, state=OccurrenceState.DISPLACED
    ).ending_after(timezone.now())
    return (
        Need.objects.filter(therapist=therapist, status=NeedStatus.OPEN).exists()
        or displaced.exists()
    )


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
    if among is not None:
        openings = openings.filter(office__in=among)
    ranked = _ranked(wanted, guest, openings, sort)
    rows = list(ranked[offset : offset + limit])
    offices = (
        Office.objects.with_place()
        .prefetch_related(Prefetch("openings", openings.defer("free")))
        .in_bulk([row["office"] for row in rows])
    )
    return [_match(row, offices[row["office"]], wanted) for row in rows]


def fitting_offices(wanted: Wanted, *, guest: Therapist) -> list[int]:
    """Every office that has all of the wanted hours, by id."""
    ranked = _ranked(wanted, guest, openings_open_to(guest), Sort.NEAREST)
    whole = ranked.filter(is_whole=True, is_too_short=False)
    return sorted(whole.values_list("office", flat=True))


def _ranked(
    wanted: Wanted, guest: Therapist, openings: OpeningQuerySet, sort: Sort
) -> Any:
    """One query: openings grouped by office, what they have of the wanted hours, how much that is."""
    # Their ids first: the planner underestimates a radius, and would read every opening's free time.
    candidates = list(candidate_offices(wanted, guest).values_list("pk", flat=True))
    openings = openings.filter(office__in=candidates)
    if wanted.most_cents is not None:
        openings = openings.filter(price_cents__lte=wanted.most_cents)
    zones = _zones()
    common = Common(F("free"), _wanted_by_zone(wanted, zones))
    metres = (
        Value(None, output_field=FloatField())
        if wanted.latitude is None or wanted.longitude is None
        else DistanceTo(wanted.latitude, wanted.longitude, "office__building__")
    )
    useful = ~Q(common=Value([], output_field=DateTimeMultirangeField()))
    ranked = (
        openings.annotate(common=common)
        .filter(useful)
        .values("office")
        .annotate(
            covered=RangeUnion("common"),
            minutes=Minutes(RangeUnion("common")),
            metres=Min(metres, output_field=FloatField()),
            lowest_cents=Min("price_cents"),
            highest_cents=Max("price_cents"),
            confirmed_at=Max("confirmed_at"),
            shortest_minutes=Max("shortest_minutes"),
        )
        .annotate(
            is_too_short=Case(
                When(shortest_minutes__gt=_shortest(wanted), then=Value(value=True)),
                default=Value(value=False),
            )
        )
    )
    if sort != Sort.FIT:
        ranked = ranked.annotate(is_whole=_is_whole(wanted, zones))
    return ranked.order_by("is_too_short", *ORDERS[sort], "office")


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


def _wanted_by_zone(wanted: Wanted, zones: Sequence[ZoneInfo]) -> Any:
    """The same local hours are other instants in another zone: one set of periods per zone there is."""
    periods = {zone: hours.intervals_of(_to_come(wanted, zone)) for zone in zones}
    return _by_zone(periods, DateTimeMultirangeField(), nothing=[])


def _is_whole(wanted: Wanted, zones: Sequence[ZoneInfo]) -> Any:
    """Whether an office, grouped, has all the minutes that are wanted there."""
    minutes = {
        zone: hours.minutes(hours.intervals_of(_to_come(wanted, zone)))
        for zone in zones
    }
    enough = Max(_by_zone(minutes, FloatField(), nothing=0))
    return Case(
        When(GreaterThanOrEqual(F("minutes"), enough), then=Value(value=True)),
        default=Value(value=False),
    )


def _by_zone(values: Mapping[ZoneInfo, Any], output_field: Field, nothing: Any) -> Any:
    """What goes with the zone of an opening's building; a plain value where all have one."""
    cases = {
        zone.key: Value(value, output_field=output_field)
        for zone, value in values.items()
    }
    if len(cases) == 1:
        return next(iter(cases.values()))
    return Case(
        *[
            When(office__building__timezone=name, then=value)
            for name, value in cases.items()
        ],
        default=Value(nothing, output_field=output_field),
        output_field=output_field,
    )


def _to_come(wanted: Wanted, zone: ZoneInfo) -> list[Dated]:
    """The dates that have not begun, and that the clocks do not skip."""
    now = timezone.now()
    return [
        item for item in wanted.dated(zone) if item.period and item.period.lower > now
    ]


def _match(row: dict[str, Any], office: Office, wanted: Wanted) -> Match:
    zone = office.building.zone
    dated = _to_come(wanted, zone)
    fit = describe_misses(dated, row["covered"], zone)
    if row["is_too_short"]:
        fit.texts.insert(0, say_shortest(row["shortest_minutes"]))
    return Match(
        office=office,
        metres=row["metres"],
        minutes=round(row["minutes"]),
        wanted_minutes=hours.minutes(hours.intervals_of(dated)),
        is_too_short=row["is_too_short"],
        lowest_cents=row["lowest_cents"],
        highest_cents=row["highest_cents"],
        confirmed_at=row["confirmed_at"],
        covered=row["covered"],
        dates_total=fit.total,
        dates_covered=fit.whole,
        missing=fit.texts,
        fits=fit.fits,
        misses=fit.misses,
    )
