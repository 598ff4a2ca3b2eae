"""Places as static/js/map.js draws them. Plain values, no models: any list may have such a map beside it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _


class Pin(NamedTuple):
    """A place on the map and what its popup says. Filled where it fits whole; ``number``: in the list, where that has
    any, else pins say how many they stand for."""

    latitude: float
    longitude: float
    name: str
    url: str
    lines: tuple[str, ...]
    number: int | None = None
    is_full: bool = True


def map_of(
    *,
    centre: tuple[float, float],
    metres: float,
    unit: str,
    label: str,
    many: str,
    places: Sequence[Pin],
    is_ring: bool = True,
) -> dict[str, Any]:
    """For ``components/_map.html``. Without tiles it is paper, pins, a scale, and the circle of ``metres`` where that is
    what was searched. ``many``: of a pin that stands for ``{count}`` places."""
    return {
        "centre": centre,
        "metres": metres,
        "isRing": is_ring,
        "unit": unit,
        "label": label,
        "places": [place._asdict() for place in places],
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_TILES_ATTRIBUTION,
        "words": {
            "zoomIn": _("Closer"),
            "zoomOut": _("Further away"),
            "close": _("Close"),
            "here": _("You search around here"),
            "many": many,
        },
    }
