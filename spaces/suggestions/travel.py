"""How long it takes from one room to the next, as straight lines say it."""

from math import asin, ceil, cos, radians, sin, sqrt

from spaces.models import Office

# Streets are 1.4 times as long (Boscoe, Henry and Zdeb, "A
# nationwide comparison of driving distance versus straight-line distance to hospitals", 2012: 1.417). On foot 3.5 feet
# a second, what US traffic signals allow for (MUTCD 4E.06). By car half of the 25 mph allowed in business and
# residence districts (California Vehicle Code 22352), for lights and turns: our assumption, as are ten minutes to
# fetch and to park it.
DETOUR = 1.4
WALK = 3.84 * 1000 / 60  # metres a minute
DRIVE = 20.0 * 1000 / 60
PARK = 10  # minutes
EARTH = 6_371_000  # metres


def minutes_between(one: Office, other: Office) -> int:
    """How long it takes from door to door, on foot or by car, in steps of five minutes; nothing within a house."""
    if one.building_id == other.building_id:
        return 0
    metres = DETOUR * _metres(
        (one.building.latitude, one.building.longitude),
        (other.building.latitude, other.building.longitude),
    )
    return max(5, 5 * ceil(min(metres / WALK, PARK + metres / DRIVE) / 5))


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Along the sphere (haversine)."""
    south, north = radians(one[0]), radians(other[0])
    across = radians(other[1] - one[1])
    square = (
        sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(across / 2) ** 2
    )
    return 2 * EARTH * asin(sqrt(square))
