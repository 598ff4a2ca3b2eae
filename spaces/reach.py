"""Which buildings lie in a street or around a place, and what closing them would mean. Reads only."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from directory.geo import DistanceTo
from spaces.models import Building, Occurrence, Office
from spaces.models.booking import TAKEN

NUMBER = re.compile(r"^\s*\d+\S*\s+|\s+\d+\S*\s*$")  # "4100 Piedmont Avenue"


@dataclass(frozen=True)
class Reach:
    """What lies in one building."""

    building: Building
    offices: int
    dates: int
    people: int


def street_of(building: Building) -> str:
    return NUMBER.sub("", building.street).strip()


def streets(buildings: Iterable[Building]) -> list[str]:
    return sorted({name for building in buildings if (name := street_of(building))})


def buildings_in(street: str, buildings: Iterable[Building]) -> list[Building]:
    wanted = street.strip().casefold()
    return [
        building for building in buildings if street_of(building).casefold() == wanted
    ]


def buildings_around(
    centre: Building, metres: int, buildings: QuerySet[Building]
) -> list[Building]:
    """The nearest first."""
    far = DistanceTo(centre.latitude, centre.longitude)
    near = buildings.annotate(metres=far).filter(metres__lte=metres)
    return list(near.order_by("metres", "pk"))


def reaches(buildings: Iterable[Building], until: datetime) -> list[Reach]:
    """In three queries, however many they are."""
    houses = list(buildings)
    rooms: dict[int, set[int]] = {house.pk: set() for house in houses}
    people: dict[int, set[int]] = {house.pk: set() for house in houses}
    dates: dict[int, int] = dict.fromkeys(rooms, 0)
    offices = Office.objects.filter(building__in=houses)
    for house, office in offices.values_list("building", "pk"):
        rooms[house].add(office)
    for house, host in offices.values_list("building", "hosts"):
        people[house] |= {host} if host else set()
    taken = Occurrence.objects.filter(office__in=offices, state__in=TAKEN)
    for house, guest in taken.overlapping(timezone.now(), until).values_list(
        "office__building", "guest"
    ):
        dates[house] += 1
        people[house].add(guest)
    return [
        Reach(house, len(rooms[house.pk]), dates[house.pk], len(people[house.pk]))
        for house in houses
    ]
