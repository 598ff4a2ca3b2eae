"""Other hours of one office: half an hour earlier or later, a shorter block, another day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Max, Value

from directory.geo import Contains
from spaces import hours
from spaces.fields import DateTimeMultirangeField
from spaces.hours import DAY, STEP, Dated, Interval, Span
from spaces.models import Office
from spaces.models.opening import OpeningQuerySet
from spaces.queries import Match, RangeUnion, Wanted
from spaces.suggestions.found import Change, Part, Suggestion, dates_of

MOST_SPANS = 7  # of a pattern; with more, nothing is shifted
SHIFTS = [-STEP, STEP]
SHORTEST = (
    60  # minutes that a shortened block must keep, and at least half of what was wanted
)


class Offer(NamedTuple):
    """Which of the hours that were thought of an office has on every date, and its shortest block."""

    spans: set[Span]
    shortest: int


def offers_of(
    wanted: Wanted, openings: OpeningQuerySet, offices: Mapping[int, Office]
) -> dict[int, Offer]:
    """One query for each zone among the offices, of which there is usually one."""
    spans = _thought_of(wanted.spans)
    if len(wanted.spans) > MOST_SPANS:
        return {}
    found = {}
    for name in sorted({office.building.timezone for office in offices.values()}):
        ids = [pk for pk, office in offices.items() if office.building.timezone == name]
        rows: Any = (
            openings.filter(office__in=ids)
            .values("office")
            .annotate(
                shortest=Max("shortest_minutes"),
                **{
                    f"has_{number}": _covers(span, wanted, ZoneInfo(name))
                    for number, span in enumerate(spans)
                },
            )
        )
        for row in rows:
            has = {span for number, span in enumerate(spans) if row[f"has_{number}"]}
            found[row["office"]] = Offer(has, row["shortest"])
    return found


def _thought_of(spans: Iterable[Span]) -> list[Span]:
    return sorted(
        {
            option
            for span in spans
            for option in [span, *_shifted(span), *_other_days(span)]
        }
    )


def _shifted(span: Span) -> list[Span]:
    shifted = [Span(span.weekday, span.start + by, span.end + by) for by in SHIFTS]
    return [option for option in shifted if option.start >= 0 and option.end <= DAY]


def _other_days(span: Span) -> list[Span]:
    """The nearest days first."""
    days = sorted(set(range(7)) - {span.weekday}, key=lambda d: abs(d - span.weekday))
    return [span._replace(weekday=weekday) for weekday in days]


def _covers(span: Span, wanted: Wanted, zone: ZoneInfo) -> Any:
    """All dates of it, of which there must be some."""
    periods = hours.intervals_of(dates_of([span], wanted, zone))
    value = Value(periods, output_field=DateTimeMultirangeField())
    return Contains(RangeUnion("free"), value) if periods else Value(value=False)


def changed(
    wanted: Wanted, office: Office, match: Match | None, offer: Offer
) -> Suggestion | None:
    """For each of the wanted hours the smallest change to what this office has; nothing if one has none."""
    kept = _kept(wanted, office, match) if match else {}
    changes: list[Change] = []
    for span in wanted.spans:
        options = [
            option
            for option in _options(span, offer, kept.get(span))
            if not _collides(option.span, [change.span for change in changes])
        ]
        if not options:
            return None
        changes.append(min(options, key=lambda option: option.cost))
    made = [change for change in changes if change.kind]
    if not made:
        return None
    spans = hours.merge_spans(change.span for change in changes)
    dated = dates_of(spans, wanted, office.building.zone)
    metres = match.metres if match else getattr(office, "metres", None)
    return Suggestion(
        kind=max(made, key=lambda change: change.cost).kind,
        parts=[Part(office, metres, spans, [(item.day, item.span) for item in dated])],
        changes=made,
        cost=(sum(change.cost for change in made), metres or 0, office.pk),
    )


def _options(span: Span, offer: Offer, kept: Span | None) -> Iterator[Change]:
    if span.minutes >= offer.shortest:
        if span in offer.spans:
            yield Change("", span, span, 0)
        for option in _shifted(span):
            if option in offer.spans:
                yield Change("shift", span, option, 2)
        for option in _other_days(span):
            if option in offer.spans:
                far = abs(option.weekday - span.weekday)
                yield Change("day", span, option, 6 + far / 10)
    if kept and kept.minutes >= max(SHORTEST, span.minutes / 2, offer.shortest):
        yield Change("shorter", span, kept, 1 + (span.minutes - kept.minutes) / STEP)


def _collides(span: Span, others: Iterable[Span]) -> bool:
    return any(hours.common_spans([span], [other]) for other in others)


def _kept(wanted: Wanted, office: Office, match: Match) -> dict[Span, Span]:
    """Of each of the wanted hours the longest stretch, by half hours, that is free on every date."""
    zone = office.building.zone
    free: dict[Span, list[tuple[int, int]]] = {}
    for item in dates_of(wanted.spans, wanted, zone):
        if item.period is None:
            continue
        parts = hours.intersection(
            [(item.period.lower, item.period.upper)], match.covered
        )
        today = [_minutes_of(part, item) for part in parts]
        before = free.get(item.span)
        free[item.span] = today if before is None else _in_both(before, today)
    return {
        span: Span(span.weekday, *max(stretches, key=lambda part: part[1] - part[0]))
        for span, found in free.items()
        if (stretches := [part for part in map(_by_half_hours, found) if part])
    }


def _minutes_of(part: Interval, item: Dated) -> tuple[int, int]:
    assert item.period is not None  # noqa: S101 -- chosen so by the caller
    start, end = (
        item.span.start + int((moment - item.period.lower).total_seconds()) // 60
        for moment in part
    )
    return start, min(end, item.span.end)


def _in_both(
    some: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    return [
        (max(a[0], b[0]), min(a[1], b[1]))
        for a in some
        for b in others
        if max(a[0], b[0]) < min(a[1], b[1])
    ]


def _by_half_hours(part: tuple[int, int]) -> tuple[int, int] | None:
    start, end = part[0] + -part[0] % STEP, part[1] - part[1] % STEP
    return (start, end) if start < end else None
