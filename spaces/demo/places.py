"""The buildings and rooms of the demo: who lets which, what they look like."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, count
from random import Random

from directory.enums import TermKind
from directory.models import Term, Therapist
from spaces.demo.people import People, point_near
from spaces.demo.words import (
    BUILDING_NAMES,
    DESCRIPTIONS,
    DIRECTIONS,
    GROUP_ROOM_NAMES,
    NEIGHBOURHOODS,
    ROOM_NAMES,
    STEP_FREE_ACCESS,
    STEPPED_ACCESS,
    TERMS,
    Neighbourhood,
)
from spaces.enums import LeasePermits
from spaces.models import Building, Office

FEWEST = 30  # the rooms of the story, and some more
SUITES, INSTITUTE_ROOMS, FLOODED_ROOMS = 7, 9, 5
ROOMS_PER_BUILDING = 2.25  # of those that are no institution
HOSTS_OF_SUITES = [3, 2, 2, 2, 1, 1, 1]  # the twelve


@dataclass
class Places:
    suites: list[Office] = field(
        default_factory=list
    )  # seven, in the building that may burn
    institute: list[Office] = field(default_factory=list)  # nine
    flooded: list[Office] = field(
        default_factory=list
    )  # where the incident under way is
    lantern: Office = field(default_factory=Office)  # the demo host's group room
    quiet: Office = field(default_factory=Office)  # the demo host's other room
    others: list[Office] = field(default_factory=list)
    hosts: dict[int, list[Therapist]] = field(default_factory=dict)  # by id of office

    @property
    def offices(self) -> list[Office]:
        return [
            *[*self.suites, *self.institute, *self.flooded],
            *[self.lantern, self.quiet, *self.others],
        ]


class PlaceMaker:
    def __init__(self, rng: Random, size: int) -> None:
        self.rng = rng
        self.taste = Random(rng.random())  # noqa: S311 -- the vocabularies grow; all else stays the same
        self.count = size
        names = rng.sample(BUILDING_NAMES, len(BUILDING_NAMES))
        more = (f"{name} {number}" for number in count(2) for name in names)
        self.names = chain(names, more)
        self.buildings: list[Building] = []
        self.hosts: list[tuple[Office, list[Therapist]]] = []
        terms = Term.objects.filter(kind=TermKind.OFFICE_ATTRIBUTE).order_by("slug")
        self.attributes = {term.slug: term for term in terms}
        self.terms: dict[str, list[Term]] = {}
        for term in Term.objects.filter(kind=TermKind.OFFICE_TERM).order_by("slug"):
            self.terms.setdefault(term.group, []).append(term)

    def make(self, people: People) -> Places:
        places = Places()
        self._alder_court(places, people)
        self._institute(places, people)
        self._quarry_house(places, people)
        self._piedmont_avenue(places, people)
        self._ordinary(places, people)
        Building.objects.bulk_create(self.buildings)
        Office.objects.bulk_create(places.offices)
        self._open_doors(places)
        self._furnish(places)
        return places

    # --- The places of the story -------------------------------------------------

    def _alder_court(self, places: Places, people: People) -> None:
        building = self._building("Alder Court", "Rockridge", is_step_free=True)
        hosts = iter([*people.suites[2:], *people.suites[:2]])
        for number, many in enumerate(HOSTS_OF_SUITES, start=1):
            suite = self._office(building, [next(hosts) for _each in range(many)])
            suite.name, suite.suite = f"Alder Court, suite {number}", str(number)
            places.suites.append(suite)

    def _institute(self, places: Places, people: People) -> None:
        building = self._building(
            "Linden Institute", "Downtown Berkeley", is_step_free=True
        )
        for number in range(1, INSTITUTE_ROOMS + 1):
            room = self._office(building, people.institute)
            room.name, room.suite = f"Linden Institute, room {number}", f"{number}"
            room.capacity = 12 if number > 7 else 3
            room.is_step_free = True
            places.institute.append(room)

    def _quarry_house(self, places: Places, people: People) -> None:
        building = self._building("Quarry House", "Temescal", is_step_free=False)
        for number in range(1, FLOODED_ROOMS + 1):
            room = self._office(building, [people.others[8 + number % 4]])
            room.suite = f"{number}0{number}"
            places.flooded.append(room)

    def _piedmont_avenue(self, places: Places, people: People) -> None:
        building = self._building(
            "Kingfisher House", "Piedmont Avenue", is_step_free=True
        )
        places.lantern = self._office(building, [people.host])
        places.lantern.name, places.lantern.suite = "The lantern room", "2A"
        places.lantern.capacity = 8
        places.quiet = self._office(building, [people.host])
        places.quiet.name, places.quiet.suite = "The quiet room", "2B"
        places.quiet.capacity = 3
        for office in (places.lantern, places.quiet):
            office.lease_permits = LeasePermits.YES

    # --- All the others -----------------------------------------------------------

    def _ordinary(self, places: Places, people: People) -> None:
        """Some let two rooms, some share one, most let one; many let none."""
        missing = self.count - SUITES - INSTITUTE_ROOMS - FLOODED_ROOMS - 2
        buildings = [
            self._building(next(self.names), "")
            for _each in range(max(2, round(missing / ROOMS_PER_BUILDING)))
        ]
        hosts = self._hosts(people)
        for number in range(missing):
            building = (
                buildings[number]
                if number < len(buildings)
                else self.rng.choice(buildings)
            )
            shared = 2 if self.rng.random() < 0.12 else 1
            office = self._office(building, [next(hosts) for _each in range(shared)])
            places.others.append(office)

    def _hosts(self, people: People) -> Iterator[Therapist]:
        others = people.others[12:]
        while True:
            yield from self.rng.sample(others, len(others))

    def _building(
        self, name: str, neighbourhood: str, *, is_step_free: bool | None = None
    ) -> Building:
        rng = self.rng
        where = self._where(neighbourhood)
        latitude, longitude = point_near(where, rng)
        building = Building(
            name=name,
            street=f"{rng.randint(101, 5999)} {rng.choice(where.streets)}",
            city=where.city,
            neighbourhood=where.name,
            zip_code=where.zip_code,
            latitude=latitude,
            longitude=longitude,
            timezone="America/Los_Angeles",
            is_step_free=rng.random() < 0.55 if is_step_free is None else is_step_free,
        )
        building.access = rng.choice(
            STEP_FREE_ACCESS if building.is_step_free else STEPPED_ACCESS
        )
        self.buildings.append(building)
        return building

    def _where(self, name: str) -> Neighbourhood:
        named = [known for known in NEIGHBOURHOODS if known.name == name]
        return named[0] if named else self.rng.choice(NEIGHBOURHOODS)

    def _office(self, building: Building, hosts: list[Therapist]) -> Office:
        rng = self.rng
        is_large = rng.random() < 0.15
        office = Office(
            building=building,
            name=rng.choice(GROUP_ROOM_NAMES if is_large else ROOM_NAMES),
            suite=f"{rng.randint(1, 4)}{rng.choice('ABCDEF')}",
            description=rng.choice(DESCRIPTIONS),
            capacity=rng.choice([8, 10, 12])
            if is_large
            else rng.choice([2, 2, 3, 3, 4, 5]),
            is_step_free=building.is_step_free and rng.random() < 0.9,
            change_over_minutes=rng.choice([10, 10, 10, 5, 15]),
            terms=rng.choice(TERMS),
            lease_permits=rng.choice(LeasePermits.values),
            directions=rng.choice(DIRECTIONS),
            entry_code=f"{rng.randint(0, 9999):04}#",
            alarm="Panel left of the door: the code, then the green key."
            if rng.random() < 0.3
            else "",
        )
        self.hosts.append((office, hosts))
        return office

    # --- Written down ---------------------------------------------------------------

    def _open_doors(self, places: Places) -> None:
        lets = Office.hosts.through
        lets.objects.bulk_create(
            lets(office=office, therapist=host)
            for office, hosts in self.hosts
            for host in dict.fromkeys(hosts)
        )
        places.hosts = {office.pk: hosts for office, hosts in self.hosts}

    def _furnish(self, places: Places) -> None:
        has = Office.attributes.through
        has.objects.bulk_create(
            has(office=office, term=term)
            for office in places.offices
            for term in [*self._attributes(office), *self._terms()]
        )

    def _attributes(self, office: Office) -> list[Term]:
        slugs = set(
            self.taste.sample(sorted(self.attributes), self.taste.randint(5, 12))
        )
        slugs -= {"step-free", "lift", "group-room"}
        slugs |= {"step-free"} if office.is_step_free else set()
        slugs |= {"group-room"} if office.capacity >= 8 else set()
        return [self.attributes[slug] for slug in sorted(slugs)]

    def _terms(self) -> list[Term]:
        """One of most headings, so that they do not gainsay each other."""
        return [
            self.taste.choice(terms)
            for terms in self.terms.values()
            if self.taste.random() < 0.7
        ]
