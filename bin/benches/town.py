"""An invented town of any size: buildings, offices with hours, and a year of bookings of them. The same seed, the same town.

Rows by the hundred thousand are copied in with their free time beside them; ``prove`` has the application itself say
that this is what it would have computed.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, models, transaction
from django.utils import timezone

from directory.enums import Standing, TermKind
from directory.models import Community, Term, Therapist, User
from spaces import hours
from spaces.domain.availability import verify_free
from spaces.enums import BookingStatus, OccurrenceState
from spaces.forms.office import STEP_FREE
from spaces.hours import Dated, Interval, Span
from spaces.models import Booking, Building, Occurrence, Office, Opening

ZONE = ZoneInfo("America/Los_Angeles")
LATITUDE, LONGITUDE = 37.85, -122.25
SPREAD = 0.13  # degrees of latitude from the centre to the edge: about 14 km
OFFICES_A_BUILDING = 3
OPENINGS = 5  # weekdays on which an office is open
BOOKED = 147  # dates of each office
KNOWN, HAS = 16, 8  # attributes that offices have, and how many of them each has
GUESTS = 200
STARTS, ENDS = (480, 540, 720, 960), (1140, 1200, 1260)
CENTS = (0, 1500, 2000, 2500, 3000)
SAMPLE = 50  # offices whose free time is proved


@dataclass
class Town:
    size: int
    today: date
    guests: list[Therapist]
    terms: list[Term]


def build_town(size: int, *, seed: int = 1) -> Town:
    """Into an empty database, where the vocabularies are."""
    chance = random.Random(seed)  # noqa: S311 -- the same town every time
    today = timezone.now().astimezone(ZONE).date()
    Community.objects.get_or_create(
        defaults={"name": "Town", "latitude": LATITUDE, "longitude": LONGITUDE}
    )
    terms = Term.objects.current().of_kind(TermKind.OFFICE_ATTRIBUTE)
    terms = list(terms.exclude(slug=STEP_FREE)[:KNOWN])
    guests = _people("guest", GUESTS)
    hosts = _people("host", size)
    offices = _offices(hosts, terms, chance)
    _fill_calendars(offices, guests, today, chance)
    return Town(size, today, guests, terms)


def settle() -> None:
    """What autovacuum would do in the minutes after: statistics, and pages marked as seen by all."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def prove(sample: int = SAMPLE) -> None:
    """The application's own computation finds the same free time, to the end of the horizon."""
    ids = list(Office.objects.order_by("pk").values_list("pk", flat=True))
    ids = ids[:: max(1, len(ids) // sample)][:sample]
    openings = Opening.objects.filter(office__in=ids)
    before = dict(openings.values_list("pk", "free"))
    wrong = verify_free(ids)
    after = dict(openings.values_list("pk", "free"))
    if wrong or before != after:
        raise AssertionError(f"Free time of {len(wrong)} openings is not what it is.")


# --- People and places -------------------------------------------------------------


def _people(word: str, count: int) -> list[Therapist]:
    users = User.objects.bulk_create(
        [User(email=f"{word}{n}@example.org", password="!") for n in range(count)],  # noqa: S106 -- none
        batch_size=5000,
    )
    return Therapist.objects.bulk_create(
        [
            Therapist(
                user=user,
                name=f"{word.title()} {n:05}",
                standing=Standing.MEMBER,
                latitude=LATITUDE,
                longitude=LONGITUDE,
            )
            for n, user in enumerate(users)
        ],
        batch_size=5000,
    )


def _offices(
    hosts: list[Therapist], terms: list[Term], chance: random.Random
) -> list[Office]:
    buildings = Building.objects.bulk_create(
        [
            Building(
                name=f"House {n:05}",
                street=f"{n} Main Street",
                city="Town",
                zip_code="94611",
                latitude=LATITUDE + chance.uniform(-SPREAD, SPREAD),
                longitude=LONGITUDE + chance.uniform(-SPREAD, SPREAD) * 1.27,
                timezone=ZONE.key,
            )
            for n in range(-(-len(hosts) // OFFICES_A_BUILDING))
        ],
        batch_size=5000,
    )
    offices = Office.objects.bulk_create(
        [
            Office(
                building=chance.choice(buildings),
                name=f"Room {n:05}",
                capacity=chance.choice((2, 4, 8)),
                is_step_free=chance.random() < 0.6,
            )
            for n in range(len(hosts))
        ],
        batch_size=5000,
    )
    let = Office.hosts.through
    let.objects.bulk_create(
        [
            let(office=office, therapist=host)
            for office, host in zip(offices, hosts, strict=True)
        ],
        batch_size=5000,
    )
    has = Office.attributes.through
    has.objects.bulk_create(
        [
            has(office=office, term=term)
            for office in offices
            for term in chance.sample(terms, k=HAS)
        ],
        batch_size=10_000,
    )
    return offices


# --- Calendars ---------------------------------------------------------------------


@dataclass
class _Calendar:
    """One office: its openings, and weekly series until it has its share of bookings."""

    openings: list[tuple[Span, int]]
    series: list[tuple[int, list[Dated]]]  # guest's number, dates

    @property
    def taken(self) -> list[Interval]:
        return hours.union(
            interval
            for _guest, dates in self.series
            for interval in hours.intervals_of(dates)
        )


def _calendar(today: date, chance: random.Random) -> _Calendar:
    weekdays = chance.sample(range(7), OPENINGS)
    openings = [
        (Span(day, chance.choice(STARTS), chance.choice(ENDS)), chance.choice(CENTS))
        for day in weekdays
    ]
    series: list[tuple[int, list[Dated]]] = []
    taken: set[tuple[date, int]] = set()
    missing = BOOKED
    while missing > 0:
        (weekday, opens, closes), _cents = chance.choice(openings)
        start = chance.randrange(opens, closes - 60, 60)
        span = Span(weekday, start, min(closes, start + chance.choice((60, 120, 180))))
        first = chance.randrange(0, 40)
        series_of = _year(span, today)[
            first : first + chance.choice((1, 4, 12, 26, 52))
        ]
        dates = [
            item
            for item in series_of
            if not any((item.day, cell.start) in taken for cell in _cells(span))
        ][:missing]
        taken |= {(item.day, cell.start) for item in dates for cell in _cells(span)}
        missing -= len(dates)
        if dates:
            series.append((chance.randrange(GUESTS), dates))
    return _Calendar(openings, series)


@cache
def _cells(span: Span) -> list[Span]:
    return hours.cells([span])


@cache
def _year(span: Span, today: date) -> list[Dated]:
    """From tomorrow on."""
    first = today + timedelta(days=1)
    return hours.expand([span], first, today + timedelta(weeks=52), ZONE)


@cache
def _offered(span: Span, today: date) -> list[Interval]:
    return hours.intervals_of(hours.expand([span], today, today + hours.HORIZON, ZONE))


def _fill_calendars(
    offices: list[Office], guests: list[Therapist], today: date, chance: random.Random
) -> None:
    openings: list[tuple[Any, ...]] = []
    bookings: list[tuple[Any, ...]] = []
    dates: list[str] = []
    first_booking = 1 + (Booking.objects.aggregate(top=models.Max("pk"))["top"] or 0)
    for office in offices:
        calendar = _calendar(today, chance)
        taken = calendar.taken
        for span, cents in calendar.openings:
            free = _said_set(hours.difference(_offered(span, today), taken))
            openings.append((office.pk, *span, today, cents, free))
        for number, series in calendar.series:
            booking, guest = first_booking + len(bookings), guests[number].pk
            bookings.append((booking, office.pk, guest))
            dates += [
                f"{booking}\t{office.pk}\t{guest}\t{_said(item.period.lower, item.period.upper)}"
                for item in series
                if item.period
            ]
    with transaction.atomic():
        _copy(
            Opening,
            "office_id weekday start end first_date price_cents free",
            _lines(openings),
        )
        _copy(
            Booking,
            "id office_id guest_id",
            _lines(bookings),
            status=BookingStatus.CONFIRMED,
        )
        with _indexes_made_after(Occurrence):
            _copy(
                Occurrence,
                "booking_id office_id guest_id period",
                dates,
                state=OccurrenceState.BOOKED,
            )


def _said_set(intervals: Iterable[Interval]) -> str:
    return "{" + ",".join(_said(lower, upper) for lower, upper in intervals) + "}"


@cache
def _said(lower: datetime, upper: datetime) -> str:
    return f"[{lower:%Y-%m-%d %H:%M}+00,{upper:%Y-%m-%d %H:%M}+00)"


# --- In bulk -------------------------------------------------------------------------


def _lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    return ("\t".join(str(value) for value in row) for row in rows)


def _copy(
    model: type[models.Model], columns: str, lines: Iterable[str], **constants: Any
) -> None:
    """``lines`` hold the ``columns``, tab between; every other column is as given or as the model says."""
    named = columns.split()
    rest = {
        field.column: _text(constants.get(field.name, field.get_default()))
        for field in model._meta.concrete_fields
        if field.column not in named and not field.primary_key
    }
    rest |= {
        field.column: timezone.now().isoformat()
        for field in model._meta.concrete_fields
        if getattr(field, "auto_now_add", False)
    }
    names = ", ".join(f'"{name}"' for name in [*named, *rest])
    tail = "".join(f"\t{value}" for value in rest.values()) + "\n"
    table = model._meta.db_table
    with connection.cursor() as cursor:
        # What is referred to was made a moment ago: three million look-ups would only say so again.
        cursor.execute("SET LOCAL session_replication_role = replica")
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for line in lines:
                copy.write(line + tail)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        last = "SELECT setval(pg_get_serial_sequence(%s, 'id'), greatest(1, max(id)))"
        cursor.execute(f"{last} FROM {table}", [table])


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if value == []:
        return "{}"  # an array
    return value.isoformat() if isinstance(value, date) else str(value)


@contextmanager
def _indexes_made_after(model: type[models.Model]) -> Iterator[None]:
    """Of all rows at once, which is several times as quick as row by row; the exclusion constraint is one of them."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype = 'x'",
            [table],
        )
        constraints = cursor.fetchall()
        for name, _definition in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
            " AND indexname <> %s",
            [table, f"{table}_pkey"],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        for name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
