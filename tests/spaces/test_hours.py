"""The arithmetic of time, against a slow and obvious reference."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces import hours
from spaces.hours import Span

PACIFIC = ZoneInfo("America/Los_Angeles")
ZONES = [
    "America/Los_Angeles",
    "America/Sao_Paulo",  # once, at midnight
    "Asia/Kathmandu",  # 5:45
    "Australia/Lord_Howe",  # by half an hour
    "Europe/London",
    "Pacific/Apia",
    "UTC",
]
ODD_DAYS = [  # on which the clocks of one of them change, or a day is left out
    date(2011, 12, 30),
    date(2018, 11, 4),
    date(2019, 2, 16),
    date(2024, 2, 29),
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
]
days = st.one_of(
    st.dates(date(2024, 1, 1), date(2032, 12, 31)),
    st.sampled_from(ODD_DAYS),
)

spans = st.builds(
    lambda weekday, start, length: Span(weekday, start, min(start + length, 1440)),
    st.integers(0, 6),
    st.integers(0, 47).map(lambda row: row * 30),
    st.integers(1, 10).map(lambda rows: rows * 30),
)


def slowly(span, day, zone):
    """All UTC minutes of the day and its neighbours whose first local reading lies in the span."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    found, seen = [], set()
    for minute in range(3 * 1440):
        moment = begin + timedelta(minutes=minute)
        local = moment.astimezone(zone)
        of_day = local.hour * 60 + local.minute
        if local.date() == day and span.start <= of_day < span.end:
            if of_day not in seen:
                found.append(moment)
            seen.add(of_day)
    return found


@settings(max_examples=40, deadline=None)
@given(
    span=spans,
    day=days,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_local_period_begins_and_ends_with_the_minutes_that_exist(span, day, zone):
    expected = slowly(span, day, zone)

    period = hours.local_period(day, span.start, span.end, zone)

    if not expected:
        assert period is None
    else:
        assert (period.lower, period.upper) == (
            expected[0],
            expected[-1] + timedelta(minutes=1),
        )


QUARTER = 15  # minutes: no zone of these years is finer


def told(zone, first, last):
    """Quarter by quarter, what the clock of the wall says, by local day; a reading that comes again is left out."""
    moment = datetime(first.year, first.month, first.day, tzinfo=UTC)
    moment -= timedelta(days=1)
    readings = {}
    for _quarter in range(((last - first).days + 3) * 1440 // QUARTER):
        local = moment.astimezone(zone)
        of_day = readings.setdefault(local.date(), {})
        of_day.setdefault(local.hour * 60 + local.minute, moment)
        moment += timedelta(minutes=QUARTER)
    return readings


@settings(max_examples=40, deadline=None)
@given(
    pattern=st.lists(spans, max_size=4),
    first=days,
    length=st.integers(0, 30),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_expansion_is_what_the_clock_on_the_wall_says(pattern, first, length, zone):
    last = first + timedelta(days=length)
    readings = told(zone, first, last)
    expected = []
    for number in range(length + 1):
        day = first + timedelta(days=number)
        for span in sorted(pattern):
            if span.weekday == day.weekday():
                moments = [
                    moment
                    for minute, moment in readings.get(day, {}).items()
                    if span.start <= minute < span.end
                ]
                period = (
                    (min(moments), max(moments) + timedelta(minutes=QUARTER))
                    if moments
                    else None
                )
                expected.append((day, span, period))

    found = hours.expand(pattern, first, last, zone)

    assert [
        (day, span, (period.lower, period.upper) if period else None)
        for day, span, period in found
    ] == expected


def test_weekly_hours_stay_at_their_local_time_across_daylight_saving():
    dated = hours.expand(
        [Span(3, 1080, 1260)], date(2026, 10, 26), date(2026, 11, 12), PACIFIC
    )

    assert [item.period.lower.astimezone(PACIFIC).hour for item in dated] == [
        18,
        18,
        18,
    ]
    assert [item.period.lower.hour for item in dated] == [1, 2, 2]


def test_hours_that_the_clocks_skip_have_no_period():
    assert hours.local_period(date(2026, 3, 8), 120, 180, PACIFIC) is None
    half_gone = hours.local_period(date(2026, 3, 8), 90, 210, PACIFIC)
    assert half_gone.upper - half_gone.lower == timedelta(hours=1)


def test_of_a_doubled_hour_the_first_is_meant():
    period = hours.local_period(date(2026, 11, 1), 60, 120, PACIFIC)

    assert period.lower == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert period.upper == datetime(2026, 11, 1, 9, tzinfo=UTC)


@settings(max_examples=40, deadline=None)
@given(st.lists(spans, max_size=8), st.lists(spans, max_size=8))
def test_common_spans_are_the_cells_in_both(some, others):
    def painted(week):
        return set(hours.cells(week))

    assert painted(hours.common_spans(some, others)) == painted(some) & painted(others)


@settings(max_examples=40, deadline=None)
@given(st.lists(spans, max_size=8))
def test_merged_spans_are_the_same_minutes_none_of_them_touching(pattern):
    def minutes_of(week):
        return {(w, minute) for w, a, b in week for minute in range(a, b)}

    merged = hours.merge_spans(pattern)

    assert minutes_of(merged) == minutes_of(pattern)
    assert all(a.weekday < b.weekday or a.end < b.start for a, b in pairwise(merged))


intervals = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 10)), max_size=12
).map(
    lambda pairs: hours.union(
        (datetime.fromtimestamp(a * 60, UTC), datetime.fromtimestamp((a + b) * 60, UTC))
        for a, b in pairs
    )
)


def minutes_in(parts):
    return {
        lower + timedelta(minutes=n)
        for lower, upper in parts
        for n in range(int((upper - lower).total_seconds()) // 60)
    }


@given(intervals, intervals)
def test_sets_of_periods_behave_as_sets_of_minutes(some, others):
    a, b = minutes_in(some), minutes_in(others)

    assert minutes_in(hours.union([*some, *others])) == a | b
    assert minutes_in(hours.intersection(some, others)) == a & b
    assert minutes_in(hours.difference(some, others)) == a - b
    assert hours.minutes(some) == len(a)


@pytest.mark.parametrize(
    ("minute", "said"), [(0, "00:00"), (1080, "18:00"), (1440, "24:00")]
)
def test_clock_says_minutes_of_the_day(minute, said):
    assert hours.clock(minute) == said


def test_hours_that_touch_at_midnight_are_cut_there_also_when_the_clocks_change():
    """On 1 November 2026 the clocks of California go back: that day has 25 hours."""
    saturday = date(2026, 10, 31)
    whole_days = [Span(day, 0, 1440) for day in range(7)]
    dated = hours.expand(whole_days, saturday, saturday + timedelta(days=2), PACIFIC)

    [joined] = hours.intervals_of(dated)
    cut = hours.by_day([joined], PACIFIC)

    assert cut == [(item.period.lower, item.period.upper) for item in dated]
    assert [hours.minutes([day]) // 60 for day in cut] == [24, 25, 24]


def test_hours_of_the_week_without_others_by_half_hours():
    some = [Span(0, 540, 720), Span(2, 540, 600)]

    assert hours.without_spans(some, [Span(0, 600, 630), Span(2, 0, 1440)]) == [
        Span(0, 540, 600),
        Span(0, 630, 720),
    ]
