from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from spaces.hours import Span, local_period
from spaces.models import Booking, Occurrence
from spaces.summary import Summary

ZONE = ZoneInfo("America/Los_Angeles")
FIRST = date(2019, 12, 3)  # a Tuesday
EVENING, LATE = (17, 20), (18, 20)


def summary(*evenings):
    """One Tuesday after the other, from when until when; a third number is the day of the week instead."""
    dates = []
    for week, (start, end, *weekday) in enumerate(evenings):
        day = FIRST + timedelta(weeks=week, days=weekday[0] - 1 if weekday else 0)
        period = local_period(day, start * 60, end * 60, ZONE)
        dates.append(Occurrence(period=period))
    return Summary(Booking(), ZONE, dates)


@pytest.mark.parametrize(
    ("evenings", "said"),
    [
        ([], "no dates left"),
        ([EVENING], "Tue 3 Dec 2019, 17:00–20:00"),
        ([EVENING] * 3, "Tue 17:00–20:00, 3 dates from Tue 3 Dec 2019 to Tue 17 Dec 2019"),
        (
            [EVENING, EVENING, LATE, LATE],
            "Tue 17:00–20:00, 2 dates from Tue 3 Dec 2019 to Tue 10 Dec 2019; "
            "Tue 18:00–20:00, 2 dates from Tue 17 Dec 2019 to Tue 24 Dec 2019",
        ),
        (
            [EVENING, EVENING, LATE],
            "Tue 17:00–20:00, 2 dates from Tue 3 Dec 2019 to Tue 10 Dec 2019; Tue 17 Dec 2019, 18:00–20:00",
        ),
        (
            [EVENING, LATE, EVENING],
            "mostly Tue 17:00–20:00, 3 dates from Tue 3 Dec 2019 to Tue 17 Dec 2019",
        ),
        (
            [EVENING, (17, 20, 2), EVENING],
            "Tue 17:00–20:00, Wed 17:00–20:00, 3 dates from Tue 3 Dec 2019 to Tue 17 Dec 2019",
        ),
    ],
)  # fmt: skip
def test_a_summary_never_says_hours_that_its_dates_have_not(evenings, said):
    assert summary(*evenings).hours == said


def test_a_pattern_is_made_of_the_commonest_hours():
    assert summary(LATE, EVENING, LATE, (9, 10, 3)).spans == [
        Span(1, 1080, 1200),
        Span(3, 540, 600),
    ]
