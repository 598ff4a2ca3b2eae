"""One stretch of the demo's week: used by its host, offered, or let to somebody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.utils import timezone

from directory.models import Supervision, Therapist
from spaces import hours
from spaces.demo.people import People
from spaces.demo.places import Places
from spaces.demo.words import MESSAGES
from spaces.enums import Audience, BookingSource, BookingStatus, OccurrenceState
from spaces.hours import Span
from spaces.models import Booking, BookingEvent, Occurrence, Office, Opening, UsualHours

S = BookingStatus
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
MORNING, AFTERNOON, EVENING = (9 * 60, 13 * 60), (13 * 60, 17 * 60), (17 * 60, 21 * 60)


def at(weekday: int, start: float, end: float) -> Span:
    """``at(TUE, 9, 12.5)`` is Tuesday 09:00–12:30."""
    return Span(weekday, round(start * 60), round(end * 60))


@dataclass
class Ledger:
    """Rows that wait to be written together."""

    usual: list[UsualHours] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    occurrences: list[Occurrence] = field(default_factory=list)
    events: list[BookingEvent] = field(default_factory=list)
    asked_at: list[datetime] = field(default_factory=list)  # of each booking

    def write(self) -> None:
        UsualHours.objects.bulk_create(self.usual)
        Opening.objects.bulk_create(self.openings)
        Booking.objects.bulk_create(self.bookings)
        for booking, asked_at in zip(self.bookings, self.asked_at, strict=True):
            booking.created_at = asked_at
        Booking.objects.bulk_update(self.bookings, ["created_at"])
        Occurrence.objects.bulk_create(self.occurrences)
        BookingEvent.objects.bulk_create(self.events)


class Stretches:
    """Stretches of the week, noted in the ledger: used, offered, let."""

    def __init__(self, rng: Random, people: People, places: Places) -> None:
        self.rng = rng
        self.people = people
        self.places = places
        self.now = timezone.now()
        self.zone = ZoneInfo("America/Los_Angeles")
        links = Supervision.objects.select_related("supervisor")
        self.parties = {link.trainee_id: link.supervisor for link in links}
        self.today = hours.local_day(self.now, self.zone)
        self.ledger = Ledger()
        self.guests = [
            *people.others[: len(people.others) - 2],
            *people.subletters[:3],
        ]  # the last two of the others do not want to meet

    def _use(self, office: Office, span: Span) -> None:
        self._keep(self.rng.choice(self.places.hosts[office.pk]), office, [span])

    def _keep(self, host: Therapist, office: Office, spans: Iterable[Span]) -> None:
        self.ledger.usual += [
            UsualHours(
                therapist=host,
                office=office,
                weekday=span.weekday,
                start=span.start,
                end=span.end,
            )
            for span in spans
        ]

    def _offer(
        self,
        office: Office,
        span: Span,
        price: int,
        confirmed_at: datetime,
        *,
        audience: Audience = Audience.ALL,
        first: date | None = None,
        last: date | None = None,
    ) -> None:
        is_evening = span.start >= EVENING[0]
        opening = Opening(
            office=office,
            weekday=span.weekday,
            start=span.start,
            end=span.end,
            first_date=first or self.today - timedelta(days=self.rng.randint(1, 200)),
            last_date=last,
            price_cents=min(price + 800, 3000) if is_evening and price else price,
            audience=audience,
            shortest_minutes=self.rng.choice([60, 60, 60, 90, 120]),
            confirmed_at=confirmed_at,
        )
        self.ledger.openings.append(opening)
        if (
            first is None
            and audience == Audience.ALL
            and self.rng.random() < 0.25
            and office in self.places.others
        ):
            self._let(
                office,
                self._part_of(span),
                opening.price_cents,
                source=BookingSource.REQUEST,
            )

    def _let(
        self,
        office: Office,
        span: Span,
        price: int,
        source: BookingSource = BookingSource.HOST,
    ) -> None:
        """To some colleague: still running, over, cancelled, or never come about."""
        begun, ahead = self.rng.randint(0, 14), self.rng.randint(2, 16)
        status, weeks = self.rng.choices(
            [
                (S.CONFIRMED, (-begun, ahead)),
                (S.ENDED, (-begun - 8, -2)),
                (S.CANCELLED, (-begun, ahead)),
                (S.DECLINED, (1, ahead)),
                (S.REQUESTED, (1, ahead)),
            ],
            weights=[70, 12, 8, 5, 5 if source == BookingSource.REQUEST else 0],
        )[0]
        hosts = self.places.hosts[office.pk]
        guest = self.rng.choice(
            [person for person in self.guests if person not in hosts]
        )
        self._book(
            office,
            guest,
            [span],
            weeks=weeks,
            price=price,
            status=status,
            source=source,
        )

    def _book(
        self,
        office: Office,
        guest: Therapist,
        spans: Sequence[Span],
        *,
        weeks: tuple[int, int],
        price: int,
        status: BookingStatus = S.CONFIRMED,
        source: BookingSource = BookingSource.HOST,
    ) -> None:
        """A series from so many weeks from now to so many; a week begins on Monday."""
        monday = self.today - timedelta(days=self.today.weekday())
        first, last = (monday + timedelta(weeks=week) for week in weeks)
        booking = Booking(
            office=office,
            guest=guest,
            status=status,
            source=source,
            people=self.rng.randint(2, max(2, min(office.capacity, 4))),
            message=self.rng.choice(MESSAGES)
            if source == BookingSource.REQUEST
            else "",
            terms=office.terms,
            notice_days=office.notice_days,
            answer_by=self.now + timedelta(days=self.rng.randint(1, 3))
            if status == S.REQUESTED
            else None,
            party=self.parties.get(guest.pk),
        )
        asked_at = min(hours.instant(first, 0, self.zone), self.now) - timedelta(
            days=self.rng.randint(0, 9), minutes=self.rng.randint(1, 900)
        )
        if booking.party and status not in (S.REQUESTED, S.DECLINED):
            booking.approved_at = asked_at
        self.ledger.bookings.append(booking)
        self.ledger.asked_at.append(asked_at)
        self.ledger.events += self._history(booking, asked_at)
        self.ledger.occurrences += [
            Occurrence(
                booking=booking,
                office=office,
                guest=guest,
                period=item.period,
                price_cents=price * item.span.minutes // 60,
                state=self._state(status, item.period.lower),
            )
            for item in hours.expand(spans, first, last + timedelta(days=6), self.zone)
            if item.period and (status != S.ENDED or item.period.upper < self.now)
        ]

    def _history(self, booking: Booking, asked_at: datetime) -> list[BookingEvent]:
        host = self.places.hosts[booking.office.pk][0]
        steps: list[tuple[Therapist | None, str, str]] = []
        if booking.source == BookingSource.REQUEST:
            steps.append((booking.guest, "", S.REQUESTED))
        if booking.status == S.DECLINED:
            steps.append((host, S.REQUESTED, S.DECLINED))
        elif booking.status != S.REQUESTED:
            steps.append((host, S.REQUESTED if steps else "", S.CONFIRMED))
        if booking.status in (S.CANCELLED, S.ENDED):
            actor = booking.guest if booking.status == S.CANCELLED else None
            steps.append((actor, S.CONFIRMED, booking.status))
        return [
            BookingEvent(booking=booking, actor=actor, old_status=old, new_status=new)
            for actor, old, new in steps
        ]

    def _state(self, status: BookingStatus, begins: datetime) -> OccurrenceState:
        if status == S.DECLINED:
            return OccurrenceState.DECLINED
        if status == S.REQUESTED:
            return OccurrenceState.ASKED
        if status == S.CANCELLED and begins > self.now:
            return OccurrenceState.CANCELLED
        return OccurrenceState.BOOKED

    def _part_of(self, span: Span) -> Span:
        length = min(span.minutes, self.rng.choice([60, 60, 120, 120, 180]))
        start = span.start + 30 * self.rng.randint(0, (span.minutes - length) // 30)
        return Span(span.weekday, start, start + length)
