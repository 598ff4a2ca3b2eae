"""Where things are, coarsely: snapped points, distances on the sphere, whole bands, ZIP codes."""

import re
from functools import lru_cache
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

import zipcodes
from django.contrib.postgres.indexes import GistIndex
from django.db.models import (
    BooleanField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Q,
    Value,
)
from django.db.models.functions import ASin, Cos, Least, Power, Radians, Sin, Sqrt
from django.db.models.lookups import LessThanOrEqual
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from directory.enums import DistanceUnit

SNAP = 0.01  # degrees: about a kilometre
METRES = {DistanceUnit.KM: 1000.0, DistanceUnit.MI: 1609.344}
ZIP = re.compile(r"[0-9]{5}(-[0-9]{4})?")
EARTH = 6_378_168.0  # metres: the radius that PostgreSQL's earthdistance takes
BANDS = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100]


class Place(NamedTuple):
    zip: str
    city: str
    latitude: float
    longitude: float
    timezone: str


def snap(latitude: float, longitude: float) -> tuple[float, float]:
    """The centre of the grid cell of about 1 km: all that is ever stored of where a person is."""
    return round(round(latitude / SNAP) * SNAP, 6), round(
        round(longitude / SNAP) * SNAP, 6
    )


@lru_cache(maxsize=4096)
def place_of_zip(zip_code: str) -> Place | None:
    code = zip_code.strip()
    if not ZIP.fullmatch(code):
        return None
    found = zipcodes.matching(code)  # type: ignore[no-untyped-call]
    if not found:
        return None
    row = found[0]
    return Place(
        row["zip_code"],
        row["city"],
        float(row["lat"]),
        float(row["long"]),
        row["timezone"],
    )


class Point(Func):
    """A point on the earth, of two columns or two numbers."""

    function = "ll_to_earth"
    arity = 2
    output_field = FloatField()


def columns(prefix: str = "") -> Point:
    return Point(F(f"{prefix}latitude"), F(f"{prefix}longitude"))


def earth_index(name: str) -> GistIndex:
    """For a model with ``latitude`` and ``longitude``: what ``within`` looks up."""
    return GistIndex(columns(), name=name)


def point(latitude: float, longitude: float) -> Point:
    return Point(
        Value(latitude, output_field=FloatField()),
        Value(longitude, output_field=FloatField()),
    )


class DistanceTo(ExpressionWrapper):
    """Metres between the row's point and this one; null where the row has none.

    What ``earth_distance`` says, in plain arithmetic: making a cube of every row's point takes ten times as long.
    """

    def __init__(self, latitude: float, longitude: float, prefix: str = "") -> None:
        north = Radians(F(f"{prefix}latitude") - latitude) / 2
        east = Radians(F(f"{prefix}longitude") - longitude) / 2
        narrower = cos(radians(latitude)) * Cos(Radians(F(f"{prefix}latitude")))
        chord = Sqrt(Power(Sin(north), 2) + narrower * Power(Sin(east), 2))
        super().__init__(2 * EARTH * ASin(Least(chord, 1.0)), FloatField())


class Away(Func):
    """Of the same order as ``DistanceTo``, in the words of the earth index: the nearest rows come from it one by one."""

    template = "(%(expressions)s)"
    arg_joiner = " <-> "
    output_field = FloatField()

    def __init__(self, latitude: float, longitude: float) -> None:
        super().__init__(columns(), point(latitude, longitude))


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """What ``DistanceTo`` says, of two points given as latitude and longitude."""
    north, east = (radians(b - a) / 2 for a, b in zip(one, other, strict=True))
    narrower = cos(radians(one[0])) * cos(radians(other[0]))
    chord = sqrt(sin(north) ** 2 + narrower * sin(east) ** 2)
    return 2 * EARTH * asin(min(chord, 1.0))


class Contains(Func):
    template = "(%(expressions)s)"
    arg_joiner = " @> "
    output_field = BooleanField()


class EarthBox(Func):
    function = "earth_box"
    output_field = FloatField()


def nearer_than(latitude: float, longitude: float, metres: float) -> Q:
    """The same as ``within``, reckoned row by row: where other conditions have left few rows already."""
    return Q(
        LessThanOrEqual(
            DistanceTo(latitude, longitude),
            Value(float(metres), output_field=FloatField()),
        )
    )


def within(latitude: float, longitude: float, metres: float, prefix: str = "") -> Q:
    """Rows at most ``metres`` away. The box is what the GiST index knows, the distance is exact."""
    box = EarthBox(
        point(latitude, longitude), Value(float(metres), output_field=FloatField())
    )
    return Q(Contains(box, columns(prefix))) & Q(
        LessThanOrEqual(
            DistanceTo(latitude, longitude, prefix),
            Value(float(metres), output_field=FloatField()),
        )
    )


def distance_band(metres: float, unit: str = DistanceUnit.KM) -> str | Promise:
    """Whole bands only, so that nobody can be found by adding up distances: "under 1 km", "1–2 km"."""
    distance = metres / METRES[DistanceUnit(unit)]
    if distance < BANDS[0]:
        return format_lazy(_("under {far} {unit}"), far=BANDS[0], unit=unit)
    for near, far in pairwise(BANDS):
        if distance < far:
            return format_lazy(_("{near}–{far} {unit}"), near=near, far=far, unit=unit)
    return format_lazy(_("over {far} {unit}"), far=BANDS[-1], unit=unit)
