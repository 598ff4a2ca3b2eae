import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from spaces.fetch import FetchError, Problem
from spaces.ics import MOST_DATES, MOST_EVENTS, busy_hours, busy_hours_apart

HERE = ZoneInfo("America/Los_Angeles")
LOWER, UPPER = datetime(2026, 11, 30, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC)
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tests//EN\r\n"
DECEMBER_1 = datetime(2026, 12, 1, tzinfo=UTC)  # a Tuesday


def event(*lines, uid="1"):
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""])


def calendar(*parts):
    return (HEAD + "".join(parts) + "END:VCALENDAR\r\n").encode()


def busy(content, **more):
    window = {"zone": HERE, "lower": LOWER, "upper": UPPER, **more}
    return [
        (f"{lower:%m-%d %H:%M}", f"{upper:%m-%d %H:%M}")
        for lower, upper in busy_hours(content, **window)
    ]


def problem_of(content, read=busy_hours, **more):
    with pytest.raises(FetchError) as caught:
        read(content, zone=HERE, lower=LOWER, upper=UPPER, **more)
    return caught.value.problem


HOUR = ("DTSTART:20261201T180000Z", "DTEND:20261201T190000Z")
SAID = [("12-01 18:00", "12-01 19:00")]
VTIMEZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Our office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([event(*HOUR)], SAID),
        ([event(*HOUR, "STATUS:CANCELLED")], []),
        ([event(*HOUR, "TRANSP:TRANSPARENT")], []),
        ([event(*HOUR, "X-MICROSOFT-CDO-BUSYSTATUS:FREE")], []),
        ([event(*HOUR, "STATUS:TENTATIVE", "TRANSP:OPAQUE")], SAID),
        ([event("DTSTART:20261201T180000Z", "DURATION:PT1H")], SAID),
        ([event("DTSTART:20261201T180000Z")], []),
        # all day, in the community's zone, and in the calendar's own
        ([event("DTSTART;VALUE=DATE:20261201")], [("12-01 08:00", "12-02 08:00")]),
        (
            ["X-WR-TIMEZONE:Europe/Berlin\r\n", event("DTSTART;VALUE=DATE:20261202")],
            [("12-01 23:00", "12-02 23:00")],
        ),
        # without a zone, with one nobody knows, with one of its own, with one of Microsoft's
        ([event("DTSTART:20261201T100000", "DTEND:20261201T110000")], SAID),
        (
            [
                "X-WR-TIMEZONE:../../etc/passwd\r\n",
                event("DTSTART:20261201T100000", "DTEND:20261201T110000"),
            ],
            SAID,
        ),
        (
            [
                event(
                    "DTSTART;TZID=Nowhere:20261201T100000",
                    "DTEND;TZID=Nowhere:20261201T110000",
                )
            ],
            SAID,
        ),
        (
            [
                VTIMEZONE,
                event(
                    "DTSTART;TZID=Our office:20261201T210000",
                    "DTEND;TZID=Our office:20261201T220000",
                ),
            ],
            SAID,
        ),
        (
            [
                event(
                    "DTSTART;TZID=Pacific Standard Time:20261201T100000",
                    "DTEND;TZID=Pacific Standard Time:20261201T110000",
                )
            ],
            SAID,
        ),
        # repeated, but for one, and another moved
        (
            [
                event(
                    *HOUR,
                    "RRULE:FREQ=WEEKLY;COUNT=4",
                    "EXDATE:20261208T180000Z",
                ),
                event(
                    "RECURRENCE-ID:20261215T180000Z",
                    "DTSTART:20261216T180000Z",
                    "DTEND:20261216T190000Z",
                ),
            ],
            [
                ("12-01 18:00", "12-01 19:00"),
                ("12-16 18:00", "12-16 19:00"),
                ("12-22 18:00", "12-22 19:00"),
            ],
        ),
        # what touches is joined, what is past or far away is not kept
        (
            [
                event(*HOUR),
                event("DTSTART:20261201T190000Z", "DTEND:20261201T200000Z", uid="2"),
                event("DTSTART:20261101T190000Z", "DTEND:20261101T200000Z", uid="3"),
                event("DTSTART:20281101T190000Z", "DTEND:20281101T200000Z", uid="4"),
            ],
            [("12-01 18:00", "12-01 20:00")],
        ),
        (
            [event("DTSTART:20261120T000000Z", "DTEND:20261130T020000Z")],
            [("11-30 00:00", "11-30 02:00")],
        ),
        # where only busy times are shared, whatever their kind; beside events
        (
            [
                "BEGIN:VFREEBUSY\r\nDTSTART:20261101T000000Z\r\nDTEND:20271101T000000Z\r\n"
                "FREEBUSY:20261201T180000Z/20261201T190000Z,20261202T180000Z/PT1H30M\r\n"
                "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261201T183000Z/PT1H\r\n , \r\n"
                "FREEBUSY;FBTYPE=FREE:20261204T180000Z/PT1H\r\n"
                'FREEBUSY;X-A=1;FBTYPE="free";X-B=2:20261205T180000Z/PT1H\r\n'
                "FREEBUSY:20261206T100000/20261206T110000,20280101T000000Z/PT1H\r\n"
                "FREEBUSY:nonsense,20261207T180000Z/-PT1H,20261207T180000Z/P3000000D\r\n"
                "FREEBUSY\r\nEND:VFREEBUSY\r\n",
                event("DTSTART:20261203T180000Z", "DTEND:20261203T190000Z"),
            ],
            [
                ("12-01 18:00", "12-01 19:30"),
                ("12-02 18:00", "12-02 19:30"),
                ("12-03 18:00", "12-03 19:00"),
                ("12-06 18:00", "12-06 19:00"),
            ],
        ),
        # other things in it, and one that is broken
        (
            [
                "BEGIN:VTODO\r\nUID:9\r\nDTSTART:20261203T100000Z\r\nEND:VTODO\r\n",
                event("DTSTART:yesterday", "DTEND:tomorrow", uid="2"),
                event(*HOUR, "BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM"),
            ],
            SAID,
        ),
        # the words of a bomb are words
        ([event(*HOUR, 'DESCRIPTION:<!ENTITY lol "&lol;&lol;">&lol;' * 1000)], SAID),
        ([event("SUMMARY:x" + "\r\n y" * 100_000, *HOUR)], SAID),
    ],
)
def test_busy_is_what_takes_time(parts, expected):
    assert busy(calendar(*parts)) == expected


def test_weekly_hours_stay_at_their_local_time():
    weekly = event(
        "DTSTART;TZID=America/Los_Angeles:20261201T180000",
        "DTEND;TZID=America/Los_Angeles:20261201T190000",
        "RRULE:FREQ=WEEKLY",
    )

    found = busy_hours(calendar(weekly), zone=HERE, lower=LOWER, upper=UPPER)

    assert len(found) == 52
    assert {lower.astimezone(HERE).hour for lower, _upper in found} == {18}
    assert {lower.hour for lower, _upper in found} == {1, 2}


def many(count, *, begin=DECEMBER_1):
    """Ten minutes every eight hours."""
    starts = (begin + timedelta(hours=8 * number) for number in range(count))
    return calendar(
        *(
            event(
                f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
                f"DTEND:{start + timedelta(minutes=10):%Y%m%dT%H%M%SZ}",
                uid=f"{start:%s}",
            )
            for start in starts
        )
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", Problem.NOT_CALENDAR),
        (b"<!doctype html><title>Sign in</title>", Problem.NOT_CALENDAR),
        (
            b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><l>&b;</l>',
            Problem.NOT_CALENDAR,
        ),
        (b"\xff\xfe\x00B", Problem.NOT_CALENDAR),
        (calendar(event(*HOUR))[:-20], Problem.NOT_CALENDAR),  # broken off
        (calendar("BEGIN:VEVENT\r\n" * 9), Problem.NOT_CALENDAR),
        (calendar(event(*HOUR, "RRULE:FREQ=SECONDLY")), Problem.ENDLESS),
        (calendar(event(*HOUR, "RRULE:INTERVAL=1;freq=minutely")), Problem.ENDLESS),
        (
            calendar(VTIMEZONE.replace("END:ST", "RRULE:FREQ=SECONDLY\r\nEND:ST")),
            Problem.ENDLESS,
        ),
        (
            calendar(
                "BEGIN:VFREEBUSY\r\nFREEBUSY:",
                "20261201T180000Z/PT1H," * (MOST_DATES + 1),
                "\r\nEND:VFREEBUSY\r\n",
            ),
            Problem.ENDLESS,
        ),
        (calendar(event(*HOUR) * (MOST_EVENTS + 1)), Problem.MANY),
    ],
)
def test_what_is_no_calendar_or_a_bomb_says_so(content, problem):
    assert problem_of(content) == problem


# --- Apart: as it is really read ----------------------------------------------------------------


def test_ten_thousand_entries_of_nine_years_are_read_apart_in_seconds():
    years = timedelta(days=3000)  # nine thousand entries
    content = many(MOST_EVENTS, begin=DECEMBER_1 - years)

    found = busy_hours_apart(content, zone=HERE, lower=LOWER, upper=UPPER)

    assert len(found) == MOST_EVENTS - 9000 + 3  # LOWER is a day before
    assert found[3] == (DECEMBER_1, DECEMBER_1 + timedelta(minutes=10))


def test_what_is_said_apart_is_said_here():
    assert problem_of(many(1)[:-20], read=busy_hours_apart) == Problem.NOT_CALENDAR


def test_what_never_ends_is_ended():
    never = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    content = calendar(*(event(*HOUR, never, uid=str(n)) for n in range(500)))

    began = time.monotonic()

    problem = problem_of(content, read=busy_hours_apart, seconds=2)

    assert problem == Problem.ENDLESS
    assert time.monotonic() - began < 10
