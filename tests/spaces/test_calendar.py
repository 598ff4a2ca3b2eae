from datetime import UTC, date, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import icalendar
import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from directory.domain.delivery.post import write
from directory.registry import Mail, message_kind
from spaces import hours
from spaces.calendar import Reader, dates_for, feed_of, invitations
from spaces.enums import OccurrenceState
from spaces.hours import Span
from spaces.models import Booking, Occurrence
from spaces.vtimezone import vtimezone
from tests.factories.directory import DeliveryFactory, TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.spaces.calendars import BEGIN, END, hours_in, standing_in

pytestmark = pytest.mark.django_db
S = OccurrenceState
FIRST, LAST = (
    date(2026, 10, 6),
    date(2027, 4, 8),
)  # both changes of the clocks are between
TUESDAY, THURSDAY = Span(1, 1080, 1260), Span(3, 1080, 1260)


def booked(*spans, first=FIRST, last=LAST, skip=(), **fields):
    """A confirmed booking of these hours."""
    booking = BookingFactory(status="confirmed", **fields)
    for dated in hours.expand(spans, first, last, booking.office.building.zone):
        if dated.period and dated.day not in skip:
            OccurrenceFactory(booking=booking, period=dated.period)
    return booking


def feed_for(person=None, *, rooms=(), names_rooms=False):
    reader = Reader(
        person.pk if person else None, frozenset(o.pk for o in rooms), names_rooms
    )
    return feed_of(dates_for(reader, BEGIN, END), reader, name="Rooms")


def events_of(text):
    return icalendar.Calendar.from_ical(text).walk("VEVENT")


def change(occurrence, state, **columns):
    """As ``spaces.domain.dates`` writes it."""
    Occurrence.objects.filter(pk=occurrence.pk).update(
        state=state, sequence=occurrence.sequence + 1, **columns
    )
    occurrence.refresh_from_db()


def periods(booking, *states):
    return [
        (o.period.lower, o.period.upper)
        for o in booking.occurrences.filter(state__in=states or [S.BOOKED])
    ]


# --- The same dates in two parsers ------------------------------------------------


PACIFIC, NEAR_SYDNEY = "America/Los_Angeles", "Australia/Lord_Howe"  # by half an hour


@pytest.mark.parametrize(
    ("zone", "spans"),
    [
        (PACIFIC, [TUESDAY, THURSDAY]),
        (PACIFIC, [Span(6, 0, 240)]),  # over the missing hour, and the doubled one
        (PACIFIC, [Span(6, 60, 120)]),  # the doubled hour itself: the first is meant
        (PACIFIC, [Span(6, 120, 180)]),  # the missing hour itself: no date
        (PACIFIC, [Span(0, 1380, 1440), Span(1, 0, 60)]),  # to and from midnight
        ("Europe/Berlin", [Span(6, 120, 180)]),
        (NEAR_SYDNEY, [Span(6, 60, 120)]),
        ("Asia/Kolkata", [THURSDAY]),
    ],
)
def test_every_parser_finds_every_date(spans, zone):
    booking = booked(*spans, office__building__timezone=zone)

    assert standing_in(feed_for(booking.guest)) == periods(booking)


def test_a_series_is_one_event_that_keeps_its_local_time():
    booking = booked(TUESDAY, THURSDAY, skip=[date(2026, 12, 24)])

    [event] = events_of(feed_for(booking.guest))

    assert set(event["RRULE"].to_ical().split(b";")) == {
        b"FREQ=WEEKLY",
        b"UNTIL=20270409T010000Z",
        b"BYDAY=TU,TH",
        b"INTERVAL=1",
        b"WKST=MO",
    }
    assert event["DTSTART"].to_ical() == b"20261006T180000"
    assert event["EXDATE"].to_ical() == b"20261224T180000"
    assert event["UID"] == f"occurrence-{booking.occurrences.first().pk}@localhost"


def test_every_other_week_says_so():
    booking = booked(THURSDAY)
    for occurrence in list(booking.occurrences.all())[1::2]:
        occurrence.delete()

    text = feed_for(booking.guest)

    assert "INTERVAL=2" in text
    assert "EXDATE" not in text
    assert standing_in(text) == periods(booking)


def test_a_night_of_another_length_says_its_hours_itself():
    booking = booked(Span(6, 0, 240))

    special = [e for e in events_of(feed_for(booking.guest)) if "RECURRENCE-ID" in e]

    lengths = [
        e.decoded("DTEND").astimezone(UTC) - e.decoded("DTSTART").astimezone(UTC)
        for e in special
    ]
    assert lengths == [timedelta(hours=5), timedelta(hours=3)]


def test_two_zones_in_one_feed():
    guest = TherapistFactory()
    here = booked(THURSDAY, guest=guest)
    there = booked(THURSDAY, guest=guest, office__building__timezone="America/New_York")

    text = feed_for(guest)

    assert standing_in(text) == sorted(periods(here) + periods(there))
    assert text.count("BEGIN:VTIMEZONE") == 2


# --- Dates that change ----------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [S.CANCELLED, S.GIVEN_BACK, S.DISPLACED, S.RELEASED, S.SKIPPED]
)
def test_a_date_that_is_off_is_struck_out_and_comes_back(state):
    booking = booked(THURSDAY)
    off = booking.occurrences.all()[5]
    before = events_of(feed_for(booking.guest))[0]["SEQUENCE"]

    change(off, state)

    text = feed_for(booking.guest)
    assert standing_in(text) == periods(booking)
    assert (off.period.lower, off.period.upper, "CANCELLED") in hours_in(text)
    master, struck = events_of(text)
    assert struck.decoded("RECURRENCE-ID") == off.period.lower
    assert struck["UID"] == master["UID"]
    assert struck["SEQUENCE"] == before + 1
    assert "LOCATION" not in struck
    assert ("displaced" in str(struck.get("DESCRIPTION")).lower()) == (
        state == S.DISPLACED
    )

    change(off, S.BOOKED)

    [again] = events_of(feed_for(booking.guest))
    assert again["SEQUENCE"] == before + 2
    assert len(hours_in(feed_for(booking.guest))) == booking.occurrences.count()


def test_a_moved_date_says_where_it_stood_first():
    booking = booked(THURSDAY)
    first, fifth = booking.occurrences.all()[0], booking.occurrences.all()[4]
    for moved in (first, fifth):
        later = DateTimeTZRange(*(m + timedelta(hours=20) for m in _ends(moved)))
        change(moved, S.BOOKED, moved_from=moved.period, period=later)

    text = feed_for(booking.guest)

    assert standing_in(text) == periods(booking)
    special = [e for e in events_of(text) if "RECURRENCE-ID" in e]
    assert [e.decoded("RECURRENCE-ID") for e in special] == [
        first.moved_from.lower,
        fifth.moved_from.lower,
    ]
    assert len({e["UID"] for e in events_of(text)}) == 1


def _ends(occurrence):
    return occurrence.period.lower, occurrence.period.upper


def test_what_was_never_booked_is_never_shown():
    booking = booked(THURSDAY)
    for occurrence, state in zip(
        booking.occurrences.all(),
        [S.ASKED, S.LOST, S.DECLINED, S.SKIPPED],
        strict=False,
    ):
        Occurrence.objects.filter(pk=occurrence.pk).update(state=state)

    assert [
        (lower, upper) for lower, upper, _status in hours_in(feed_for(booking.guest))
    ] == periods(booking)


def test_a_single_date_is_a_plain_event_wherever_it_moves():
    booking = booked(THURSDAY, last=FIRST + timedelta(days=6))
    [only] = booking.occurrences.all()
    change(
        only,
        S.BOOKED,
        moved_from=only.period,
        period=DateTimeTZRange(*(m + timedelta(days=1) for m in _ends(only))),
    )

    [event] = events_of(feed_for(booking.guest))

    assert "RRULE" not in event
    assert "RECURRENCE-ID" not in event
    assert standing_in(feed_for(booking.guest)) == periods(booking)


def test_a_date_that_is_booked_again_in_another_row_is_not_hidden_by_the_first():
    booking = booked(THURSDAY)
    off = booking.occurrences.all()[5]
    change(off, S.CANCELLED)
    before = events_of(feed_for(booking.guest))[0]["SEQUENCE"]
    OccurrenceFactory(booking=booking, period=off.period)

    text = feed_for(booking.guest)
    assert events_of(text)[0]["SEQUENCE"] == before + 1

    assert standing_in(text) == periods(booking)
    assert len({e["UID"] for e in events_of(text)}) == 2


def test_a_date_handed_on_is_in_the_takers_feed_alone():
    booking = booked(THURSDAY)
    taker = TherapistFactory()
    handed = booking.occurrences.all()[3]
    change(handed, S.BOOKED, guest=taker)

    assert standing_in(feed_for(taker)) == [_ends(handed)]
    given = standing_in(feed_for(booking.guest))
    assert _ends(handed) not in given
    assert len(given) == booking.occurrences.count() - 1
    assert len(standing_in(feed_for(rooms=[booking.office]))) == len(given) + 1


def test_held_hours_are_tentative_and_tell_no_address_to_the_guest():
    booking = booked(THURSDAY)
    booking.occurrences.update(state=S.HELD, held_until=END)

    [guests] = events_of(feed_for(booking.guest))
    [hosts] = events_of(feed_for(rooms=[booking.office]))

    assert guests["STATUS"] == hosts["STATUS"] == "TENTATIVE"
    assert "LOCATION" not in guests
    assert booking.office.building.street in hosts["LOCATION"]


def test_a_rooms_feed_names_the_room_and_nobody():
    booking = booked(
        THURSDAY, guest__name="Joel Okafor", office__name="The garden room"
    )
    elsewhere = booking.occurrences.all()[2]
    change(elsewhere, S.BOOKED, office=OfficeFactory())

    text = feed_for(rooms=[booking.office], names_rooms=True)

    [event] = events_of(text)
    assert (event["SUMMARY"], event["LOCATION"]) == ("Room booked", "The garden room")
    assert "Okafor" not in text
    assert booking.office.building.street not in text
    assert _ends(elsewhere) not in standing_in(text)


def test_a_guest_is_busy_and_a_host_is_not():
    booking = booked(THURSDAY)
    host = booking.office.hosts.get()

    [guests] = events_of(feed_for(booking.guest))
    [hosts] = events_of(feed_for(host, rooms=[booking.office]))

    assert (guests["TRANSP"], hosts["TRANSP"]) == ("OPAQUE", "TRANSPARENT")
    assert guests["CLASS"] == "PRIVATE"


# --- Time zones as Outlook reads them: by yearly rule ---------------------------------------


@pytest.mark.parametrize(
    ("zone", "rules"),
    [
        (
            "America/Los_Angeles",
            {"-0800 -0700 2SU 3 02:00", "-0700 -0800 1SU 11 02:00"},
        ),
        ("Europe/Berlin", {"+0100 +0200 -1SU 3 02:00", "+0200 +0100 -1SU 10 03:00"}),
        ("Asia/Kolkata", {"+0530 +0530 - - 00:00"}),
    ],
)
def test_a_zone_is_told_by_yearly_rules(zone, rules):
    component = vtimezone(ZoneInfo(zone), 2026, 2028)

    assert {
        " ".join(
            [
                part["TZOFFSETFROM"].to_ical(),
                part["TZOFFSETTO"].to_ical(),
                str(part.get("RRULE", {}).get("BYDAY", "-")),
                str(part.get("RRULE", {}).get("BYMONTH", "-")),
                f"{part.decoded('DTSTART'):%H:%M}",
            ]
        )
        for part in component.subcomponents
    } == rules


# --- Invitations in mails ----------------------------------------------------------------------


def invited(booking, person, **more):
    booking = Booking.objects.with_parties().with_dates().get(pk=booking.pk)
    return [
        (a, icalendar.Calendar.from_ical(a.content))
        for a in invitations(booking, person, **more)
    ]


def test_an_invitation_is_for_its_recipient_and_the_same_event_as_in_the_feed():
    booking = booked(TUESDAY, THURSDAY)
    off = booking.occurrences.all()[4]
    change(off, S.CANCELLED)

    for person in (booking.guest, booking.office.hosts.get()):
        [(attachment, calendar)] = invited(booking, person)

        assert calendar["METHOD"] == "REQUEST"
        assert standing_in(attachment.content) == periods(booking)
        [event] = calendar.walk("VEVENT")
        [in_feed, _struck] = events_of(feed_for(booking.guest))
        assert (event["UID"], event["SEQUENCE"]) == (
            in_feed["UID"],
            in_feed["SEQUENCE"],
        )
        assert event["ORGANIZER"] == "mailto:rooms@example.org"
        assert event["ATTENDEE"] == f"mailto:{person.address}"
        assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert invited(booking, TherapistFactory()) == []


def test_what_does_not_stand_any_more_is_called_off_by_a_later_sequence():
    booking = booked(THURSDAY)
    [(_file, invitation)] = invited(booking, booking.guest)
    for occurrence in booking.occurrences.all():
        change(occurrence, S.CANCELLED)

    [(_file, calendar)] = invited(booking, booking.guest)

    [event], [before] = calendar.walk("VEVENT"), invitation.walk("VEVENT")
    assert (calendar["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert event["UID"] == before["UID"]
    assert event["SEQUENCE"] > before["SEQUENCE"]


def test_a_change_sends_the_series_it_touched_and_no_other():
    booking = booked(THURSDAY, Span(5, 540, 720))
    saturday = booking.occurrences.filter(period__startswith__week_day=7).first()

    found = invited(booking, booking.guest)
    assert [a.name for a, _calendar in found] == ["room.ics", "room-2.ics"]
    assert {a.mimetype for a, _calendar in found} == {"text/calendar; method=REQUEST"}

    [(attachment, calendar)] = invited(booking, booking.guest, about=[saturday])
    assert "BYDAY=SA" in attachment.content
    assert len(calendar.walk("VEVENT")) == 1


def test_mail_programs_find_the_invitation_beside_the_text():
    booking = booked(THURSDAY)
    files = tuple(a for a, _calendar in invited(booking, booking.guest))
    row = DeliveryFactory(recipient=booking.guest)

    sent = write(
        row,
        Mail("Booked", "Text", "<p>Text</p>", files),
        message_kind("booking_confirmed"),
    )

    message = message_from_bytes(sent.message().as_bytes(), policy=policy.default)
    types = [part.get_content_type() for part in message.walk()]
    assert types == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    [calendar] = [p for p in message.walk() if p.get_content_type() == "text/calendar"]
    assert dict(calendar["Content-Type"].params) == {
        "method": "REQUEST",
        "charset": "utf-8",
    }
    assert standing_in(calendar.get_content()) == periods(booking)


def test_no_name_adds_a_line_of_its_own_to_a_calendar():
    """In a feed and in the invitation of a mail, whatever somebody calls a room, a house or themselves."""
    hostile = 'Room"\r\nEND:VEVENT\nBEGIN:VEVENT\rATTACH:file:///x\u2028X-A;B=1:2,\\n'
    host, guest = TherapistFactory(name=hostile), TherapistFactory(name=hostile)
    office = OfficeFactory(name=hostile, hosts=[host], building__name=hostile)
    office.building.street = hostile
    office.building.save()
    booking = booked(TUESDAY, office=office, guest=guest, last=FIRST)
    reader = Reader(guest.pk)
    texts = [
        feed_of(dates_for(reader, BEGIN, END), reader, name=hostile),
        feed_for(rooms=[office], names_rooms=True),
        *(file.content for file in invitations(booking, guest)),
    ]
    for text in texts:
        content = text.decode() if isinstance(text, bytes) else text
        lines = content.replace("\r\n ", "").split("\r\n")
        assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
        assert not [line for line in lines if line.startswith(("ATTACH", "X-A"))]
        assert "\n" not in content.replace("\r\n", "")
        assert "\r" not in content.replace("\r\n", "")
        [event] = events_of(content)
        assert "BEGIN:VEVENT" in event["SUMMARY"] + event.get("LOCATION", "")
