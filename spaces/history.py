"""What happened to a booking, in words: for its page, its mails and their subjects. Dates in the building's time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.models import Therapist
from spaces.enums import BookingStatus, ChangeKind
from spaces.hours import local_day, span_of
from spaces.models import Booking, BookingEvent, Office
from spaces.week import say_spans
from spaces.words import say_date, say_moment

MOST_NAMED = 3  # dates; more are said as a number
MOST_SPANS = 3


@dataclass(frozen=True)
class Happening:
    """One line of the history. ``text`` names who it was, where it was somebody."""

    event: BookingEvent
    text: str


def history_of(booking: Booking) -> list[Happening]:
    """All of it, in as many queries however long it is. ``booking`` with its building loaded."""
    events = list(booking.events.select_related("actor"))
    names = Names(events)
    zone = booking.office.building.zone
    return [
        Happening(
            event,
            capfirst(_with_actor(event, say_change(event, zone=zone, names=names))),
        )
        for event in events
    ]


class Names:
    """The rooms and people that events name by id, read at once."""

    def __init__(self, events: Iterable[BookingEvent]) -> None:
        said = [event.details for event in events]
        offices = {pk for details in said for pk in details.get("offices", [])}
        people = {pk for details in said for pk in details.get("people", [])}
        self.offices = Office.objects.in_bulk(offices) if offices else {}
        self.people = Therapist.objects.in_bulk(people) if people else {}

    def of_offices(self, details: Mapping[str, Any]) -> list[str]:
        """Where from, and last where to. A room that is gone has no name."""
        return [str(self.offices.get(pk, "")) for pk in details.get("offices", [])]

    def of_people(self, details: Mapping[str, Any]) -> list[str]:
        """Who gave, and last who has it now."""
        return [str(self.people.get(pk, "")) for pk in details.get("people", [])]


def say_change(
    event: BookingEvent, *, zone: ZoneInfo | None = None, names: Names | None = None
) -> str:
    """ "Tue 1 Dec, 18:00–21:00 moved to Wed 2 Dec, 18:00–21:00": what an event did, without saying who."""
    zone = zone or event.booking.office.building.zone
    said = Said(event.details, zone, names or Names([event]))
    if not event.change:
        return _status(event)
    words = WORDS[ChangeKind(event.change)](said)
    if event.old_status == event.new_status:
        return words
    return f"{_status(event)}, {words}"


def _status(event: BookingEvent) -> str:
    return str(BookingStatus(event.new_status).label)


def _with_actor(event: BookingEvent, text: str) -> str:
    if event.actor is None:
        return text
    return _("%(what)s – by %(name)s") % {"what": text, "name": event.actor}


class Said:
    """The details of an event, ready for a sentence."""

    def __init__(
        self, details: Mapping[str, Any], zone: ZoneInfo, names: Names
    ) -> None:
        self.details = details
        self.zone = zone
        self.names = names

    def dates(self, key: str) -> str:
        return say_dates(_periods(self.details.get(key, [])), self.zone)

    def both(self) -> str:
        """Dates that were moved are named where they stand now."""
        return self.dates("after") or self.dates("before")

    def spans(self, key: str) -> str:
        spans = {span_of(period, self.zone) for period in self.periods(key)}
        return say_spans(sorted(spans)[:MOST_SPANS])

    def periods(self, key: str) -> list[DateTimeTZRange]:
        return _periods(self.details.get(key, []))

    def until(self) -> str:
        until = self.details.get("until")
        return say_moment(datetime.fromisoformat(until), self.zone) if until else ""

    def first_day(self) -> str:
        day = self.details.get("from")
        return say_date(date.fromisoformat(day)) if day else ""

    def with_due(self, text: str) -> str:
        due = self.dates("due")
        if not due:
            return text
        if text.endswith(due):  # all of what was named
            return _("%(what)s – due unless somebody else takes the hours") % {
                "what": text
            }
        return _("%(what)s; due unless somebody else takes the hours: %(due)s") % {
            "what": text,
            "due": due,
        }


def _skipped(said: Said) -> str:
    return _("skipped: %(dates)s") % {"dates": said.dates("before")}


def _given_back(said: Said) -> str:
    """Dates given up in one go: those in time are skipped, and cost nothing."""
    late = said.details.get("late", said.details.get("before", []))
    in_time = [each for each in said.details.get("before", []) if each not in late]
    words = said.with_due(
        _("given back: %(dates)s") % {"dates": say_dates(_periods(late), said.zone)}
    )
    if not in_time:
        return words
    skipped = say_dates(_periods(in_time), said.zone)
    return f"{_('skipped: %(dates)s') % {'dates': skipped}}; {words}"


def _called_off(said: Said) -> str:
    return _("called off by the host, nothing is due: %(dates)s") % {
        "dates": said.dates("before")
    }


def _changed(said: Said) -> str:
    return _("from %(day)s on %(after)s instead of %(before)s (%(dates)s)") % {
        "day": said.first_day(),
        "after": said.spans("after"),
        "before": said.spans("before"),
        "dates": say_number(len(said.periods("after"))),
    }


def _ended(said: Said) -> str:
    words = _("ended from %(day)s on: %(dates)s") % {
        "day": said.first_day(),
        "dates": said.dates("before"),
    }
    return said.with_due(words)


def _room(said: Said) -> str:
    *before, office = said.names.of_offices(said.details) or [""]
    words = (
        _("moved from %(before)s to “%(office)s”: %(dates)s")
        if any(before)
        else _("moved to the room “%(office)s”: %(dates)s")
    )
    return words % {
        "before": ", ".join(f"“{name}”" for name in before if name),
        "office": office,
        "dates": said.both() or _("all dates"),
    }


def _held(said: Said) -> str:
    return _("held until %(until)s: %(dates)s") % {
        "until": said.until(),
        "dates": said.both(),
    }


def _handed_on(said: Said) -> str:
    *giver, taker = said.names.of_people(said.details) or [""]
    words = (
        _("handed on by %(giver)s to %(taker)s: %(dates)s")
        if any(giver)
        else _("handed on to %(taker)s: %(dates)s")
    )
    return words % {"giver": "".join(giver), "taker": taker, "dates": said.both()}


def _lent(said: Said) -> str:
    *giver, taker = said.names.of_people(said.details) or [""]
    words = (
        _("lent by %(giver)s to %(taker)s: %(dates)s")
        if any(giver)
        else _("lent to %(taker)s: %(dates)s")
    )
    return words % {"giver": "".join(giver), "taker": taker, "dates": said.both()}


def _due(said: Said) -> str:
    """Who owes it hears; where no ``is_due`` is said, somebody else has taken the hours."""
    words = {
        None: _("not due any more, somebody else has the hours: %(dates)s"),
        True: _("due all the same: %(dates)s"),
        False: _("not due: %(dates)s"),
    }
    return words[said.details.get("is_due")] % {"dates": said.both()}


def _unused(said: Said) -> str:
    return _(
        "not used lately; it ends unless somebody says by %(until)s that it is kept"
    ) % {"until": said.until()}


WORDS: dict[ChangeKind, Callable[[Said], str]] = {
    ChangeKind.SKIPPED: lambda said: (
        _called_off(said) if said.details.get("by_host") else _skipped(said)
    ),
    ChangeKind.READDED: lambda said: (
        _("taken up again: %(dates)s") % {"dates": said.dates("after")}
    ),
    ChangeKind.MOVED: lambda said: (
        _("%(before)s moved to %(after)s")
        % {"before": said.dates("before"), "after": said.dates("after")}
    ),
    ChangeKind.CHANGED: _changed,
    ChangeKind.ENDED: _ended,
    ChangeKind.GIVEN_BACK: _given_back,
    ChangeKind.ROOM: _room,
    ChangeKind.PARTLY: lambda said: (
        _("without %(dates)s") % {"dates": said.dates("before")}
    ),
    ChangeKind.HELD: _held,
    ChangeKind.RELEASED: lambda said: _("released: %(dates)s") % {"dates": said.both()},
    ChangeKind.HANDED_ON: _handed_on,
    ChangeKind.LENT: _lent,
    ChangeKind.APPROVED: lambda said: _("approved"),
    ChangeKind.UNUSED: _unused,
    ChangeKind.KEPT: lambda said: _("kept"),
    ChangeKind.DUE: _due,
}


# --- Dates ---------------------------------------------------------------------------


def _periods(said: Sequence[Sequence[str]]) -> list[DateTimeTZRange]:
    return [
        DateTimeTZRange(datetime.fromisoformat(lower), datetime.fromisoformat(upper))
        for lower, upper in said
    ]


def say_dates(periods: Sequence[DateTimeTZRange], zone: ZoneInfo) -> str:
    """ "Tue 1 Dec, 18:00–21:00; Thu 3 Dec, 18:00–21:00", or how many and from when until when."""
    periods = sorted(periods, key=lambda period: period.lower)
    if not periods:
        return ""
    if len(periods) <= MOST_NAMED:
        said = [_say_period(period, zone) for period in periods]
        return "; ".join(said)
    return _("%(number)s from %(first)s to %(last)s") % {
        "number": say_number(len(periods)),
        "first": say_date(local_day(periods[0].lower, zone)),
        "last": say_date(local_day(periods[-1].lower, zone)),
    }


def say_details(events: Iterable[BookingEvent], key: str, zone: ZoneInfo) -> str:
    """Dates that events keep under ``key``, as ``before`` or ``due``; empty where there are none."""
    said = [period for event in events for period in event.details.get(key, [])]
    return say_dates(_periods(said), zone) if said else ""


def say_number(count: int) -> str:
    return ngettext("%(count)s date", "%(count)s dates", count) % {"count": count}


def _say_period(period: DateTimeTZRange, zone: ZoneInfo) -> str:
    day = say_date(local_day(period.lower, zone))
    return f"{day}, {say_spans([span_of(period, zone)])[4:]}"
