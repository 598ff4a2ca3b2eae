"""What a near miss says, from free hours and wanted ones alone."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from spaces import hours
from spaces.fit import describe_misses
from spaces.hours import Span

PACIFIC = ZoneInfo("America/Los_Angeles")
TUESDAY, THURSDAY = Span(1, 1080, 1260), Span(3, 1080, 1260)
FIRST = date(2026, 12, 1)  # a Tuesday
LAST = FIRST + timedelta(weeks=8, days=-1)


def said(spans, free):
    """The words, when ``free(day, span)`` says what is free of each date, or None."""
    dated = hours.expand(spans, FIRST, LAST, PACIFIC)
    had = [free(item.day, item.span) for item in dated]
    covered = hours.union(
        (period.lower, period.upper)
        for item, has in zip(dated, had, strict=True)
        if has and (period := hours.local_period(item.day, *has, PACIFIC))
    )
    return describe_misses(dated, covered, PACIFIC).texts


def all_of(day, span):
    return span[1:]


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (all_of, []),
        (
            lambda day, span: None if day == date(2026, 12, 24) else span[1:],
            ["Free except 24 Dec"],
        ),
        (
            lambda day, span: (
                None
                if day == date(2026, 12, 24)
                else (1080, 1230 if span.weekday == 1 else 1260)
            ),
            ["Free except 24 Dec", "Tue ends 20:30"],
        ),
        (
            lambda day, span: span[1:] if span.weekday == 3 else None,
            ["Tuesdays are not offered"],
        ),
        (
            lambda day, span: (
                None if span.weekday == 1 and day > date(2026, 12, 20) else span[1:]
            ),
            ["Free until 15 Dec, then taken on Tuesdays"],
        ),
        (
            lambda day, span: (
                None if span.weekday == 1 and day < date(2027, 1, 5) else span[1:]
            ),
            ["Tuesdays only from 5 Jan"],
        ),
        (
            lambda day, span: (
                (1140, 1260)
                if day in {date(2026, 12, 8), date(2026, 12, 15)}
                else span[1:]
            ),
            ["Tue begins 19:00 on 8 Dec, 15 Dec"],
        ),
        (
            lambda day, span: (
                (1110, 1200)
                if span.weekday == 3 and day > date(2026, 12, 5)
                else span[1:]
            ),
            ["Thu only 18:30–20:00 on 7 dates"],
        ),
    ],
    ids=[
        "all",
        "one date",
        "one date and shorter",
        "one day",
        "until",
        "from",
        "some shorter",
        "most shorter",
    ],
)
def test_a_near_miss_says_what_misses(free, words):
    assert said([TUESDAY, THURSDAY], free) == words


def test_hours_never_free_of_many_stretches_are_listed():
    stretches = [Span(day, 540, 600) for day in range(5)]

    texts = said(
        [*stretches, Span(0, 1080, 1140)],
        lambda day, span: span[1:] if span.start == 1080 else None,
    )

    assert texts == [
        "Not offered: Mon 09:00–10:00, Tue 09:00–10:00, Wed 09:00–10:00, Thu 09:00–10:00, Fri 09:00–10:00"
    ]
