"""Places as static/js/map.js draws them. Plain values, no models: any list may have such a map beside it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _


class Pin(NamedTuple):
    """A place on the map and what its popup says. Filled where it fits whole."""

    latitude: float
    longitude: float
    number: int
    name: str
    url: str
    fit: str
    price: str
    is_full: bool


def map_of(
    *,
    centre: tuple[float, float],
    metres: float,
    unit: str,
    label: str,
    places: Sequence[Pin],
) -> dict[str, Any]:
    """For ``components/_map.html``. Without tiles it is paper, pins, the searched circle and a scale."""
    return {
        "centre": centre,
        "metres": metres,
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
            "rooms": _("{count} rooms"),
        },
    }
