"""What programs make of a calendar file: read by two parsers that know nothing of each other."""

from datetime import UTC, datetime

import icalendar
import recurring_ical_events
import vobject

BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


def hours_in(text):
    """(from, to, status) of each date in it, on which both agree; moments in UTC."""
    one, other = _as_icalendar(text), _as_vobject(text)
    assert one == other
    return one


def standing_in(text):
    """Those that are not off."""
    return [
        (lower, upper)
        for lower, upper, status in hours_in(text)
        if status != "CANCELLED"
    ]


def _as_icalendar(text):
    calendar = icalendar.Calendar.from_ical(text)
    assert not [e for part in calendar.walk() for e in part.errors]
    assert not calendar.get_missing_tzids()
    found = recurring_ical_events.of(calendar).between(BEGIN, END)
    return sorted(
        (_utc(e.decoded("DTSTART")), _utc(e.decoded("DTEND")), str(e["STATUS"]))
        for e in found
    )


def _as_vobject(text):
    calendar = vobject.readOne(text)
    calendar.validate(raiseException=True)
    found, special = [], {}
    for event in calendar.vevent_list:
        if "recurrence-id" in event.contents:
            key = event.uid.value, _utc(event.recurrence_id.value)
            special[key] = event
            found.append(_of(event, event.dtstart.value))
    for event in calendar.vevent_list:
        if "recurrence-id" not in event.contents:
            starts = list(event.rruleset) if event.rruleset else [event.dtstart.value]
            found += [
                _of(event, start)
                for start in starts
                if (event.uid.value, _utc(start)) not in special
            ]
    return sorted(found)


def _of(event, start):
    end = start + (event.dtend.value - event.dtstart.value)
    if event.dtstart.value == start:
        end = event.dtend.value
    return _utc(start), _utc(end), event.status.value


def _utc(moment):
    return moment.astimezone(UTC)
