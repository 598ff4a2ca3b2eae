"""The weeks of the demo: hours the hosts use themselves, hours they offer, hours that are let."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from spaces.demo.front_door import ask_and_answer
from spaces.demo.stretches import (
    AFTERNOON,
    EVENING,
    FRI,
    MON,
    MORNING,
    SAT,
    SUN,
    THU,
    TUE,
    WED,
    S,
    Stretches,
    at,
)
from spaces.domain.availability import keep_facets, lock_offices, refresh_free
from spaces.enums import Audience
from spaces.hours import Span
from spaces.models import Office

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


class WeekMaker(Stretches):
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
        ask_and_answer(self.people, self.places, self.today)
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

    def _trimmed(self, span: Span) -> Span:
        start = span.start - (
            self.rng.choice([0, 0, 0, 30, 60]) if span.start == MORNING[0] else 0
        )
        return Span(span.weekday, start, span.end - self.rng.choice([0, 0, 0, 30, 60]))

    def _confirmed_at(self) -> datetime:
        days = self.rng.choices(
            [self.rng.randint(0, 50), 70, 100], weights=[84, 10, 6]
        )[0]
        return self.now - timedelta(days=days)
