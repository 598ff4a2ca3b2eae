"""Colleagues as a seeded model has them: what hours they really have, what they say when asked, how long they take.

``coverable`` is what they could do at the very most: for every needed half hour a maximum matching of the people who
need it with rooms of those who would say yes and have it. It knows what no wave can know (hours nobody posted), and
gives everybody another room every half hour if need be.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from directory.enums import Frequency, Topic
from directory.geo import DistanceTo
from directory.models import Block, Therapist
from spaces import hours
from spaces.domain.allotting import suits
from spaces.domain.place import Place
from spaces.hours import Interval, Span
from spaces.models import Building, Need, Occurrence, Office, Opening, UsualHours

POSTED = 0.3  # of those who would help; nobody knows the others' hours
DESCRIBING = (
    0.5  # of those others name a place nobody had heard of; the rest a room they have
)
AWAKE = (8 * 60, 21 * 60)  # when people answer, in minutes of the day
TAKES = (40, 1.1)  # minutes to an answer: median, and how much that varies (lognormal)
LONGEST = 720  # minutes
STEP = timedelta(minutes=hours.STEP)
PARTS: list[tuple[tuple[int, ...], int, int, float]] = [
    # weekdays, from, to, the chance that an own room stands empty then
    ((0, 1, 2, 3, 4), 540, 720, 0.40),
    ((0, 1, 2, 3, 4), 780, 1020, 0.35),
    ((0, 1, 2, 3, 4), 1020, 1260, 0.20),
    ((5, 6), 540, 840, 0.40),
]


class Says(StrEnum):
    YES = "yes"
    PART = "part"
    NO = "no"
    NOTHING = "nothing"


CHANCES = {Says.YES: 0.2, Says.PART: 0.2, Says.NO: 0.2, Says.NOTHING: 0.4}


@dataclass
class Room:
    """``office`` is none before a place was described. ``spans`` are true, whether anybody posted them or not."""

    spans: list[Span]
    office: Office | None = None
    place: Place | None = None
    price_cents: int = 0
    taken: list[Interval] = field(default_factory=list)  # on the day it all began


@dataclass
class Helper:
    person: Therapist
    says: Says
    rooms: list[Room]
    metres: float  # to the closed building

    @property
    def would_help(self) -> bool:
        return self.says in {Says.YES, Says.PART}


class Model:
    """All chance is here. The same seed, the same people."""

    def __init__(self, building: Building, *, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 -- the same people every time
        self.building = building
        self.zone = ZoneInfo(building.timezone)

    def make(self) -> dict[int, Helper]:
        """Of everybody who could be asked; seven in ten of them lose the hours they had posted."""
        people = (
            Therapist.objects.members()
            .filter(helps_in_emergencies=True, user__is_active=True, bounced_at=None)
            .exclude(
                preferences__topic=Topic.EMERGENCIES,
                preferences__frequency=Frequency.OFF,
            )
        )
        rooms = self._rooms_of(people)
        hosts = list(people.filter(pk__in=list(rooms)).order_by("pk"))
        self.chance.shuffle(hosts)
        posting = {
            host.pk
            for host in hosts
            if Opening.objects.filter(office__in=rooms[host.pk]).exists()
        }
        posting = set(sorted(posting)[: round(POSTED * len(hosts))])
        silent = [
            pk for host in hosts if host.pk not in posting for pk in rooms[host.pk]
        ]
        kept = [pk for host in posting for pk in rooms[host]]
        Opening.objects.filter(office__in=set(silent) - set(kept)).delete()
        return {host.pk: self._helper(host, rooms[host.pk]) for host in hosts}

    def delay(self) -> timedelta:
        """Until somebody answers."""
        median, spread = TAKES
        minutes = min(median * self.chance.lognormvariate(0, spread), LONGEST)
        return timedelta(minutes=max(minutes, 1))

    def awake(self, moment: datetime) -> datetime:
        """That moment, or the next morning."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        if AWAKE[0] <= minute < AWAKE[1]:
            return moment
        day = local.date() + timedelta(days=int(minute >= AWAKE[1]))
        late = self.chance.randint(0, 90)
        return hours.instant(day, AWAKE[0] + late, self.zone)

    def some_hours(self) -> list[Span]:
        """What somebody paints of whom nobody knew any hours: two mornings or evenings."""
        days = self.chance.sample(range(5), 2)
        return [
            Span(day, *self.chance.choice([(540, 720), (1020, 1200)])) for day in days
        ]

    # --- Who has what ---------------------------------------------------------------

    def _rooms_of(self, people: Iterable[Therapist]) -> dict[int, list[int]]:
        """Rooms of their own, elsewhere."""
        found: dict[int, list[int]] = defaultdict(list)
        offices = Office.objects.listed().exclude(building=self.building)
        for host, office in (
            offices.filter(hosts__in=people).order_by("pk").values_list("hosts", "pk")
        ):
            found[host].append(office)
        return found

    def _helper(self, person: Therapist, rooms: list[int]) -> Helper:
        says = self.chance.choices([*CHANCES], [*CHANCES.values()])[0]
        offices = list(
            Office.objects.filter(pk__in=rooms)
            .select_related("building")
            .prefetch_related("attributes")
            .annotate(
                metres=DistanceTo(
                    self.building.latitude, self.building.longitude, "building__"
                )
            )
            .order_by("metres", "pk")
        )
        posted = {
            office.pk: list(Opening.objects.filter(office=office, last_date=None))
            for office in offices
        }
        if any(posted.values()):
            found = [
                self._posted(office, posted[office.pk])
                for office in offices
                if posted[office.pk]
            ]
        else:
            found = [self._unposted(offices[0], person)]
        if says == Says.PART:
            for room in found:
                spans = sorted(room.spans)
                room.spans = self.chance.sample(spans, (len(spans) + 1) // 2)
        return Helper(person, says, found, offices[0].metres)

    def _posted(self, office: Office, openings: Sequence[Opening]) -> Room:
        spans = [
            Span(opening.weekday, opening.start, opening.end) for opening in openings
        ]
        cheapest = min(opening.price_cents for opening in openings)
        taken = _taken(office)
        return Room(hours.merge_spans(spans), office, None, cheapest, taken)

    def _unposted(self, office: Office, person: Therapist) -> Room:
        used = [usual.span for usual in UsualHours.objects.filter(office=office)]
        empty = [
            Span(day, start, end)
            for days, start, end, chance in PARTS
            for day in days
            if self.chance.random() < chance
        ]
        spans = hours.without_spans(empty, used)
        if self.chance.random() >= DESCRIBING:
            return Room(spans, office, taken=_taken(office))
        house = office.building
        place = Place(
            street=f"{person.pk} Borrowed Lane",
            city=house.city,
            zip_code=house.zip_code,
            latitude=house.latitude,
            longitude=house.longitude,
            timezone=house.timezone,
            capacity=office.capacity,
            is_step_free=office.is_step_free,
        )
        return Room(spans, place=place)


def _taken(office: Office) -> list[Interval]:
    dates = Occurrence.objects.taking().filter(office=office)
    periods = dates.values_list("period", flat=True)
    return hours.union((period.lower, period.upper) for period in periods)


# --- At the very most -----------------------------------------------------------------


def coverable(wanted: dict[Need, list[Interval]], helpers: Iterable[Helper]) -> int:
    """Minutes."""
    asking = {need.therapist_id for need in wanted} | {
        need.author_id for need in wanted
    }
    known = [
        (helper, room, _has(room, wanted))
        for helper in helpers
        if helper.would_help
        and helper.person.pk not in asking
        and helper.metres <= helper.person.emergency_radius_km * 1000
        for room in helper.rooms
    ]
    minutes = 0
    blocked = set(Block.objects.values_list("blocker", "blocked"))
    for cell, needs in _cells(wanted):
        rooms = [(helper, room) for helper, room, free in known if cell in free]
        minutes += hours.STEP * _most_pairs(
            [
                [
                    at
                    for at, (helper, room) in enumerate(rooms)
                    if _suits(room, need)
                    and (helper.person.pk, need.therapist_id) not in blocked
                    and (need.therapist_id, helper.person.pk) not in blocked
                ]
                for need in needs
            ]
        )
    return minutes


def _suits(room: Room, need: Need) -> bool:
    if room.office:
        return suits(room.office, need)
    assert room.place is not None  # noqa: S101 -- one of the two
    return room.place.capacity >= need.people


def _has(room: Room, wanted: dict[Need, list[Interval]]) -> set[datetime]:
    """The half hours in which this room is to be had."""
    first = min(need.first_date for need in wanted)
    last = max(need.last_date for need in wanted)
    zone = next(iter(wanted)).zone
    free = hours.intervals_of(hours.expand(room.spans, first, last, zone))
    return set(_halves(hours.difference(free, room.taken)))


def _cells(
    wanted: dict[Need, list[Interval]],
) -> Iterator[tuple[datetime, list[Need]]]:
    found: dict[datetime, list[Need]] = defaultdict(list)
    for need, periods in wanted.items():
        for cell in _halves(periods):
            found[cell].append(need)
    yield from sorted(found.items(), key=lambda item: item[0])


def _halves(periods: Iterable[Interval]) -> Iterator[datetime]:
    """Whole half hours."""
    for lower, upper in periods:
        cell = lower
        while cell + STEP <= upper:
            yield cell
            cell += STEP


def _most_pairs(choices: Sequence[Sequence[int]]) -> int:
    """How many can have one of their choices, each another (augmenting paths)."""
    taken: dict[int, int] = {}

    def place(who: int, seen: set[int]) -> bool:
        for choice in choices[who]:
            if choice in seen:
                continue
            seen.add(choice)
            if choice not in taken or place(taken[choice], seen):
                taken[choice] = who
                return True
        return False

    return sum(place(who, set()) for who in range(len(choices)))
