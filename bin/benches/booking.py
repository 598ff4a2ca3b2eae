"""Booking: a hundred rivals for one hour, through the pages and through the domain; half a year asked for, and accepted."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg
from django.conf import settings
from django.db import connection, connections, transaction
from django.urls import reverse

from benches.figures import Figure, Times, say, side_by_side, since
from benches.town import Town, build_town, settle
from benches.web import Browser, serving, signed_in
from directory.errors import DomainError
from directory.models import Therapist
from spaces.domain.asking import request_booking
from spaces.domain.availability import refresh_free
from spaces.domain.booking import confirm_booking
from spaces.domain.planning import PlannedDate, plan_dates
from spaces.enums import BookingStatus
from spaces.forms.booking import said_date, said_span
from spaces.hours import Span
from spaces.models import TAKEN, Booking, Occurrence, Office, Opening

RIVALS = 100
ROUNDS = 3  # through each door
WEEKS = 26
PATIENCE = 120  # seconds until whoever races gives up


def run(size: int, runs: int) -> list[Figure]:
    say(f"Building a town of {size:,} offices …")
    town = build_town(size)
    settle()
    races = [*_races_in_pages(town), *_races_in_domain(town)]
    say("Half a year, asked for and accepted …")
    times = _series(town, runs)
    return [
        Figure(
            "booking.race.winners",
            size,
            max((race.winners for race in races), key=lambda found: abs(found - 1)),
            "count",
            limit=1,
        ),
        Figure("booking.race.deadlocks", size, _deadlocks(), "count", limit=0),
        Figure(
            "booking.race.errors",
            size,
            sum(race.errors for race in races),
            "count",
            limit=0,
        ),
        times["request26"].figure("booking.request26", size, times["raw.request26"]),
        times["accept26"].figure("booking.accept26", size, times["raw.accept26"]),
    ]


# --- A hundred rivals for one hour ---------------------------------------------------


@dataclass(frozen=True)
class Race:
    winners: int
    errors: int


@dataclass(frozen=True)
class Prize:
    """An hour of an office that is free, and the office's host."""

    office: Office
    host: Therapist
    day: date
    span: Span


def _prizes(town: Town) -> Iterator[Prize]:
    for office in Office.objects.order_by("pk"):
        opening = office.openings.order_by("pk")[0]
        for week in range(1, 50):
            first = town.today + timedelta(weeks=week)
            span = Span(opening.weekday, opening.end - 60, opening.end)
            [planned] = plan_dates(
                office,
                guest=town.guests[0],
                spans=[span],
                first_date=first,
                last_date=first + timedelta(days=6),
            )
            if planned.is_free:
                yield Prize(office, office.hosts.get(), planned.day, span)
                break


def _races_in_pages(town: Town) -> Iterator[Race]:
    """Each asks in a browser of their own; then the host says yes to all of them at the same moment."""
    rivals, prizes = town.guests[:RIVALS], _prizes(town)
    sessions = [signed_in(rival) for rival in rivals]
    with serving(workers=4, threads=RIVALS // 4) as port:
        for number, prize in zip(range(1, ROUNDS + 1), prizes, strict=False):
            ask = reverse("spaces:booking_request", args=[prize.office.pk])
            form = {"dates": said_date(prize.day, prize.span), "people": 2}
            asked = f"{ask}?hours={said_span(prize.span)}&first_date={prize.day}"

            def asking(session: str, path: str = asked, form: dict = form) -> None:
                browser = Browser(port, session)
                browser.post(path, form)
                browser.close()

            def answering(pk: int, host: str = signed_in(prize.host)) -> None:
                browser = Browser(port, host)
                path = reverse(
                    "spaces:booking_answer", args=[pk, BookingStatus.CONFIRMED]
                )
                browser.post(path, {"note": ""})
                browser.close()

            yield _race(f"pages, round {number}", prize, asking, sessions, answering)


def _races_in_domain(town: Town) -> Iterator[Race]:
    rivals, prizes = town.guests[:RIVALS], _prizes(town)
    for number, prize in zip(range(1, ROUNDS + 1), prizes, strict=False):
        dates = [(prize.day, prize.span)]

        def asking(
            rival: Therapist, office: Office = prize.office, dates: list = dates
        ) -> None:
            request_booking(office, guest=rival, dates=dates)

        def answering(pk: int, host: Therapist = prize.host) -> None:
            confirm_booking(Booking.objects.get(pk=pk), by=host)

        yield _race(f"domain, round {number}", prize, asking, rivals, answering)


def _race(
    name: str,
    prize: Prize,
    asking: Callable[..., None],
    rivals: Sequence[object],
    answering: Callable[..., None],
) -> Race:
    began = time.monotonic()
    errors = _at_once(asking, rivals)
    bookings = Booking.objects.filter(
        office=prize.office, status=BookingStatus.REQUESTED
    )
    asked = list(bookings.values_list("pk", flat=True))
    errors += _at_once(answering, asked)
    ended = Booking.objects.filter(pk__in=asked)
    refused = ended.filter(status=BookingStatus.DECLINED).count()
    taken = Occurrence.objects.filter(booking__in=asked, state__in=TAKEN).count()
    confirmed = ended.filter(status=BookingStatus.CONFIRMED).count()
    say(
        f"{name}: {len(asked)} asked, {confirmed} confirmed, {refused} refused, {len(errors)} errors,"
        f" {time.monotonic() - began:.1f} s"
    )
    for error in errors[:3]:
        say(f"  {error!r}")
    missing = RIVALS - confirmed - refused
    return Race(max(taken, confirmed), max(len(errors), missing))


def _at_once(work: Callable[..., None], each: Sequence[object]) -> list[Exception]:
    """Everybody starts at the same moment. What a rule refuses is no error; everything else is."""
    errors: list[Exception] = []
    start = threading.Barrier(len(each))

    def one(subject: object) -> None:
        try:
            connection.ensure_connection()
            start.wait(PATIENCE)
            work(subject)
        except DomainError:
            pass
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is counted
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=[subject]) for subject in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


# --- Half a year ---------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """Hours of an office on half a year of dates, as a guest would be shown them."""

    office: Office
    host: Therapist
    span: Span
    first: date
    planned: list[PlannedDate]

    @property
    def last(self) -> date:
        return self.first + timedelta(weeks=WEEKS, days=-1)

    @property
    def free(self) -> list[tuple[date, Span]]:
        return [(item.day, item.span) for item in self.planned if item.is_free]


def _find_series(town: Town, is_wanted: Callable[[int], bool]) -> Series:
    """The first that has so many dates to be had."""
    first = town.today + timedelta(days=7)
    for opening in Opening.objects.select_related("office__building").order_by("pk"):
        span = Span(opening.weekday, opening.end - 60, opening.end)
        planned = plan_dates(
            opening.office,
            guest=town.guests[0],
            spans=[span],
            first_date=first,
            last_date=first + timedelta(weeks=WEEKS, days=-1),
        )
        if is_wanted(sum(item.is_free for item in planned)):
            host = opening.office.hosts.get()
            return Series(opening.office, host, span, first, planned)
    raise LookupError("No office of this town has such hours: choose a larger size.")


def _series(town: Town, runs: int) -> dict[str, Times]:
    guest = town.guests[0]
    partly = _find_series(town, lambda free: WEEKS - 8 <= free <= WEEKS - 3)
    whole = _find_series(town, lambda free: free == WEEKS)
    say(
        f"{len(partly.free)} of {WEEKS} dates are to be had in the first, all in the second."
    )
    with psycopg.connect(settings.DATABASE_URL) as raw:
        return side_by_side(
            {
                "raw.request26": lambda: _raw_request(raw, partly, guest),
                "request26": lambda: _request(partly, guest),
                "raw.accept26": lambda: _raw_accept(raw, whole, guest),
                "accept26": lambda: _accept(whole, guest),
            },
            runs=runs,
        )


def _request(series: Series, guest: Therapist) -> float:
    """Every date with its price or the reason why not, then those that are to be had asked for."""
    began = time.perf_counter()
    planned = plan_dates(
        series.office,
        guest=guest,
        spans=[series.span],
        first_date=series.first,
        last_date=series.last,
    )
    free = [(item.day, item.span) for item in planned if item.is_free]
    booking = request_booking(series.office, guest=guest, dates=free)
    taken = since(began)
    _forget(booking.pk, series.office)
    return taken


def _accept(series: Series, guest: Therapist) -> float:
    booking = request_booking(series.office, guest=guest, dates=series.free)
    began = time.perf_counter()
    confirm_booking(booking, by=series.host)
    taken = since(began)
    _forget(booking.pk, series.office)
    return taken


RAW_BOOKING = """
INSERT INTO spaces_booking
    (office_id, guest_id, status, source, people, message, terms, notice_days, any_room, created_at)
VALUES (%s, %s, 'requested', 'request', 2, '', '', 7, false, now())
RETURNING id
"""
RAW_DATES = """
INSERT INTO spaces_occurrence (booking_id, office_id, guest_id, period, price_cents, state, sequence, is_due)
SELECT %s, %s, %s, period, 1800, %s, 0, false FROM unnest(%s::tstzrange[]) AS period
"""


def _raw_request(raw: psycopg.Connection, series: Series, guest: Therapist) -> float:
    """The booking and its dates, nothing looked at, nobody told."""
    began = time.perf_counter()
    booking = _raw_booking(raw, series, guest)
    _raw_dates(raw, booking, series, guest, "asked")
    raw.commit()
    taken = since(began)
    _forget(booking, series.office)
    return taken


def _raw_accept(raw: psycopg.Connection, series: Series, guest: Therapist) -> float:
    """The office's lock, and the dates under the constraint."""
    booking = _raw_booking(raw, series, guest)
    raw.commit()
    began = time.perf_counter()
    raw.execute(
        "SELECT id FROM spaces_office WHERE id = %s FOR NO KEY UPDATE",
        [series.office.pk],
    )
    _raw_dates(raw, booking, series, guest, "booked")
    raw.commit()
    taken = since(began)
    _forget(booking, series.office)
    return taken


def _raw_booking(raw: psycopg.Connection, series: Series, guest: Therapist) -> int:
    row = raw.execute(RAW_BOOKING, [series.office.pk, guest.pk]).fetchone()
    return int(row[0]) if row else 0


def _raw_dates(
    raw: psycopg.Connection, booking: int, series: Series, guest: Therapist, state: str
) -> None:
    periods = [item.period for item in series.planned if item.is_free]
    values = [booking, series.office.pk, guest.pk, state, periods]
    raw.execute(RAW_DATES, values)


@transaction.atomic
def _forget(booking: int, office: Office) -> None:
    """As it was before, for the next run."""
    Booking.objects.filter(pk=booking).delete()
    refresh_free([office.pk])
