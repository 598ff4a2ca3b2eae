"""The weeks of the demo: hours the hosts use themselves, hours they offer, hours that are let."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.utils import timezone

from directory.models import Supervision, Therapist
from spaces import hours
from spaces.demo.people import People
from spaces.demo.places import Places
from spaces.demo.words import MESSAGES, WORDS
from spaces.domain.asking import request_booking
from spaces.domain.availability import keep_facets, lock_offices, refresh_free
from spaces.domain.booking import confirm_booking
from spaces.domain.changes import (
    STANDING,
    dates_to_come,
    readd_dates,
    skip_dates,
)
from spaces.domain.host_entry import enter_for, plan_entry
from spaces.domain.message import write_message
from spaces.domain.planning import plan_dates
from spaces.enums import Audience, BookingSource, BookingStatus, OccurrenceState
from spaces.hours import Span
from spaces.models import (
    Booking,
    BookingEvent,
    Occurrence,
    Office,
    Opening,
    UsualHours,
)

S = BookingStatus
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
MORNING, AFTERNOON, EVENING = (9 * 60, 13 * 60), (13 * 60, 17 * 60), (17 * 60, 21 * 60)
SILENT = 0.2  # of the offices say nothing of their free hours

# How likely a part of the week is used by the host, offered, let. Evenings are scarce, weekday mornings plentiful.
CUSTOM = {
    MORNING: (0.25, 0.55, 0.08),
    AFTERNOON: (0.5, 0.2, 0.08),
    EVENING: (0.55, 0.06, 0.2),
}
FOR_EVENINGS = 0.15  # of the offices: their hosts work by day
EVENINGS_TO_LET = (0.05, 0.75, 0.15)
SATURDAY, SUNDAY = (0.1, 0.2, 0.1), (0.0, 0.06, 0.03)


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


class WeekMaker:
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

    def make(self) -> None:
        for office in [*self.places.others, *self.places.flooded]:
            self._ordinary(office)
        for number, office in enumerate(self.places.institute):
            self._institute_room(
                office, is_group_room=office.capacity > 3, number=number
            )
        self._alder_court()
        self._demo_hosts_rooms()
        self._demo_displaced()
        self.ledger.write()
        offices = [office.pk for office in self.places.offices]
        lock_offices(offices)
        refresh_free(offices)
        self._two_open_requests()
        self._a_date_skipped()
        self._entered_by_the_institute()
        self._approval_to_give()
        self._conversations()
        keep_facets(person.pk for person in self.people.members)

    # --- An office like most ---------------------------------------------------------

    def _ordinary(self, office: Office) -> None:
        is_silent = self.rng.random() < SILENT
        price = self.rng.choice([0, 800, 1000, 1200, 1500, 1500, 1800, 2000, 2200])
        confirmed_at = self._confirmed_at()
        unused = []
        is_for_evenings = self.rng.random() < FOR_EVENINGS
        for span, chances in self._parts():
            is_evening = is_for_evenings and span[1:] == EVENING
            used, offered, let = EVENINGS_TO_LET if is_evening else chances
            chance = self.rng.random()
            if chance < used:
                self._use(office, span)
            elif chance < used + offered and not is_silent:
                self._offer(office, self._trimmed(span), price, confirmed_at)
            elif chance < used + offered + let:
                self._let(office, self._part_of(span), price)
            else:
                unused.append(span)
        if not is_silent and unused:
            self._rarities(office, self.rng.choice(unused), price)

    def _parts(self) -> Iterator[tuple[Span, tuple[float, float, float]]]:
        for weekday in range(FRI + 1):
            for (start, end), chances in CUSTOM.items():
                yield Span(weekday, start, end), chances
        for weekday, chances in ((SAT, SATURDAY), (SUN, SUNDAY)):
            yield Span(weekday, *MORNING), chances
            yield Span(weekday, *AFTERNOON), chances

    def _rarities(self, office: Office, span: Span, price: int) -> None:
        """Hours kept for emergencies, or one date only."""
        chance = self.rng.random()
        if chance < 0.15:
            self._offer(office, span, 0, self.now, audience=Audience.EMERGENCIES)
        elif chance < 0.3:
            ahead = (span.weekday - self.today.weekday()) % 7 + 7 * self.rng.randint(
                1, 3
            )
            day = self.today + timedelta(days=ahead)
            self._offer(office, span, price, self.now, first=day, last=day)

    def _institute_room(
        self, office: Office, *, is_group_room: bool, number: int
    ) -> None:
        """Courses in the evening, but for two in one room; by day nearly everything is to be had."""
        for weekday in range(FRI + 1):
            if number == 6 and weekday in (TUE, THU):
                self._offer(office, Span(weekday, *EVENING), 1400, self.now)
            else:
                self._use(office, Span(weekday, *EVENING))
            if (weekday + number) % 4:
                self._offer(office, Span(weekday, *MORNING), 1200, self.now)
            if (weekday + number) % 3:
                self._offer(office, Span(weekday, *AFTERNOON), 1400, self.now)
        if is_group_room:
            self._offer(office, at(SAT, 9, 17), 2200, self.now)

    # --- The building of seven suites -------------------------------------------------

    def _alder_court(self) -> None:
        people, suites = self.people, self.places.suites
        for number, suite in enumerate(suites[:5]):
            for order, host in enumerate(self.places.hosts[suite.pk]):
                days = [(number + order) % 5, (number + order + 2) % 5]
                self._keep(host, suite, [at(day, 14, 17) for day in days])
            self._offer(suite, at(number, 9, 12), 1600, self.now)
        self._keep(people.host, suites[5], [at(MON, 9, 13), at(FRI, 9, 13)])
        self._keep(
            people.displaced,
            suites[6],
            [at(TUE, 9, 13), at(WED, 17, 21), at(THU, 9, 12), at(MON, 18, 19.5)],
        )
        weekend, evenings, friday, invited, other = people.subletters
        one, two, trainee = people.trainees
        for guest, suite, spans in (
            (weekend, suites[0], [at(SAT, 9, 14), at(SUN, 10, 13)]),
            (evenings, suites[1], [at(TUE, 17, 20), at(THU, 17, 20)]),
            (friday, suites[2], [at(FRI, 17, 20)]),
            (invited, suites[5], [at(WED, 17, 21)]),
            (other, suites[0], [at(THU, 17, 21)]),
            (one, suites[0], [at(MON, 17, 20)]),
            (two, suites[0], [at(FRI, 9, 12)]),
            (trainee, suites[1], [at(MON, 9, 13)]),
        ):
            price = 0 if guest in people.trainees else 1500
            self._book(
                office=suite, guest=guest, spans=spans, weeks=(-12, 26), price=price
            )

    # --- The people one can be ------------------------------------------------------------

    def _demo_hosts_rooms(self) -> None:
        """Tuesdays end at 20:30, one Thursday is taken: what a search for Tue and Thu 18–21 nearly finds."""
        lantern, quiet = self.places.lantern, self.places.quiet
        host = self.people.host
        self._keep(host, lantern, [at(MON, 14, 20), at(WED, 14, 20)])
        self._offer(lantern, at(TUE, 17, 20.5), 1600, self.now)
        self._book(
            lantern, self.people.moderator, [at(THU, 18, 21)], weeks=(5, 5), price=2000
        )
        self._keep(host, quiet, [at(WED, 9, 13)])
        for day in (MON, TUE, THU):
            self._offer(quiet, at(day, 9, 13), 1500, self.now)
        self._offer(quiet, at(WED, 17, 21), 2200, self.now)
        long_ago = self.now - timedelta(days=56)  # soon to sink: are they still true?
        self._offer(quiet, at(FRI, 9, 17), 0, long_ago, audience=Audience.EMERGENCIES)
        regulars = self.people.others[12:16]
        self._book(quiet, regulars[0], [at(THU, 9, 11)], weeks=(-9, 14), price=1500)
        self._book(quiet, regulars[1], [at(MON, 10, 12)], weeks=(-20, -2), price=1500)
        self._book(
            quiet,
            regulars[2],
            [at(THU, 11, 12)],
            weeks=(-4, 9),
            price=1500,
            status=S.CANCELLED,
        )
        self._book(
            self.places.institute[8], host, [at(SAT, 10, 12)], weeks=(-3, 5), price=2200
        )
        self._book(
            self.places.institute[1],
            self.people.moderator,
            [at(TUE, 9, 11)],
            weeks=(-6, 12),
            price=1200,
        )

    def _demo_displaced(self) -> None:
        """Two days a week in the house where the water came, and a morning elsewhere."""
        room = self.places.flooded[0]
        self._clear(room, {MON, WED, THU})
        self._book(
            room,
            self.people.displaced,
            [at(MON, 9, 13), at(WED, 9, 13), at(THU, 17, 20)],
            weeks=(-10, 20),
            price=1400,
        )
        self._book(
            self.places.institute[2],
            self.people.displaced,
            [at(FRI, 9, 12)],
            weeks=(-5, 8),
            price=1200,
        )

    def _clear(self, office: Office, weekdays: set[int]) -> None:
        """Nothing else on these days: they are wanted for somebody."""
        ledger = self.ledger
        gone = {
            id(occurrence.booking)
            for occurrence in ledger.occurrences
            if occurrence.office is office
            and occurrence.day(self.zone).weekday() in weekdays
        }
        kept = [
            n for n, booking in enumerate(ledger.bookings) if id(booking) not in gone
        ]
        ledger.bookings = [ledger.bookings[n] for n in kept]
        ledger.asked_at = [ledger.asked_at[n] for n in kept]
        ledger.occurrences = [
            o for o in ledger.occurrences if id(o.booking) not in gone
        ]
        ledger.events = [e for e in ledger.events if id(e.booking) not in gone]
        ledger.openings = [
            o
            for o in ledger.openings
            if o.office is not office or o.weekday not in weekdays
        ]
        ledger.usual = [
            u
            for u in ledger.usual
            if u.office is not office or u.weekday not in weekdays
        ]

    def _two_open_requests(self) -> None:
        """Rivals for an hour on Tuesdays; asked through the front door, so the host is mailed."""
        quiet = self.places.quiet
        first = self.today + timedelta(days=3)
        for guest, span, weeks in (
            (self.people.others[0], at(TUE, 9, 12), 10),
            (self.people.others[1], at(TUE, 11, 13), 8),
        ):
            planned = plan_dates(
                quiet,
                guest=guest,
                spans=[span],
                first_date=first,
                last_date=first + timedelta(weeks=weeks),
            )
            dates = [(item.day, item.span) for item in planned if item.is_free]
            request_booking(quiet, guest=guest, dates=dates, message=MESSAGES[0])

    def _a_date_skipped(self) -> None:
        """In a room of the host one can be: a guest is away twice, and in one of these weeks after all not."""
        running = Booking.objects.filter(
            status=S.CONFIRMED, office__hosts=self.people.host
        ).with_dates()
        for booking in running.order_by("pk"):
            dates = [d for d in dates_to_come(booking) if d.state in STANDING]
            if len(dates) > 4 and booking.guest.is_member:
                skip_dates(booking, dates[2:4], by=booking.guest)
                readd_dates(booking, dates[3:4], by=booking.guest)
                return

    def _entered_by_the_institute(self) -> None:
        """An arrangement from before, with somebody who is no member: one invitation goes out."""
        room = self.places.institute[7]
        first = self.today + timedelta(days=(SAT - self.today.weekday()) % 7 or 7)
        planned = plan_entry(
            room,
            spans=[at(SAT, 9, 12)],
            first_date=first,
            last_date=first + timedelta(weeks=25),
            price_cents=1000,
        )
        enter_for(
            room,
            guest=self.people.invited,
            dates=[(item.day, item.span) for item in planned if item.is_free],
            price_cents=1000,
            by=self.people.institute[0],
        )

    def _approval_to_give(self) -> None:
        """The institute said yes to an associate; the moderator one can be answers for them."""
        room, associate = self.places.institute[3], self.people.associate
        first = self.today + timedelta(days=4)
        for span in (at(day, 9, 12) for day in range(FRI + 1)):
            planned = plan_dates(
                room,
                guest=associate,
                spans=[span],
                first_date=first,
                last_date=first + timedelta(weeks=6),
            )
            if dates := [(item.day, item.span) for item in planned if item.is_free]:
                break
        booking = request_booking(room, guest=associate, dates=dates)
        booking = confirm_booking(booking, by=room.hosts.all()[0])
        for author, text in (
            (associate, WORDS[0]),
            (room.hosts.all()[0], WORDS[1]),
        ):
            write_message(booking, text=text, by=author)

    def _conversations(self) -> None:
        """Between the host one can be and the first who asks for her room."""
        booking = Booking.objects.filter(
            office=self.places.quiet, status=S.REQUESTED
        ).order_by("pk")[0]
        for author, text in (
            (booking.guest, WORDS[2]),
            (self.people.host, WORDS[3]),
        ):
            write_message(booking, text=text, by=author)

    # --- One stretch of the week ------------------------------------------------------------

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

    # --- Chance ---------------------------------------------------------------------------

    def _trimmed(self, span: Span) -> Span:
        start = span.start - (
            self.rng.choice([0, 0, 0, 30, 60]) if span.start == MORNING[0] else 0
        )
        return Span(span.weekday, start, span.end - self.rng.choice([0, 0, 0, 30, 60]))

    def _part_of(self, span: Span) -> Span:
        length = min(span.minutes, self.rng.choice([60, 60, 120, 120, 180]))
        start = span.start + 30 * self.rng.randint(0, (span.minutes - length) // 30)
        return Span(span.weekday, start, start + length)

    def _confirmed_at(self) -> datetime:
        days = self.rng.choices(
            [self.rng.randint(0, 50), 70, 100], weights=[84, 10, 6]
        )[0]
        return self.now - timedelta(days=days)
