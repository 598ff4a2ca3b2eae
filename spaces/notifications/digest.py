"""What digests say of places: who still needs a room near somebody, whose hours near them were posted or confirmed."""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.enums import Topic
from directory.geo import DistanceTo, distance_band, metres_between, within
from directory.models import Community, Therapist
from directory.notifications.templates import absolute_url
from directory.registry import Line, News, register_news
from spaces.appeal import Appeal, appeals_of
from spaces.matching import waves_asking
from spaces.models.office import OfficeQuerySet
from spaces.notifications.links import help_path
from spaces.queries import offices_open_to, openings_open_to
from spaces.week import say_spans

MOST_ROOMS = 50


def register() -> None:
    """Called once, at start."""
    register_news(
        News(
            Topic.EMERGENCIES,
            lambda count: (
                ngettext("%(count)s call for space", "%(count)s calls for space", count)
                % {"count": count}
            ),
            lambda: reverse("spaces:emergency"),
            calls_near,
        )
    )
    register_news(
        News(
            Topic.HOURS,
            lambda count: (
                ngettext(
                    "%(count)s room with hours near you",
                    "%(count)s rooms with hours near you",
                    count,
                )
                % {"count": count}
            ),
            lambda: reverse("spaces:office_search"),
            rooms_near,
        )
    )


def calls_near(person: Therapist, _since: datetime) -> list[Line]:
    """Those still open, however old: who is without a room is no old news."""
    waves = waves_asking(person)
    appeals = appeals_of((wave, person) for wave in waves)
    return [
        Line(
            _what(appeal),
            absolute_url(help_path(wave, person)),
            _("Still needed: %(hours)s") % {"hours": appeal.hours},
        )
        for wave in waves
        if (appeal := appeals[wave.pk, person.pk]).asked and _is_near(appeal, person)
    ]


def _what(appeal: Appeal) -> str:
    people = len({need.therapist_id for need in appeal.needs})
    said = {"count": people, "place": appeal.place, "what": appeal.what}
    if not appeal.what:
        return _("A colleague needs a room near %(place)s") % said
    return (
        ngettext(
            "%(what)s near %(place)s: one colleague needs a room",
            "%(what)s near %(place)s: %(count)s colleagues need rooms",
            people,
        )
        % said
    )


def _is_near(appeal: Appeal, person: Therapist) -> bool:
    if person.latitude is None or person.longitude is None:
        return True
    home = (person.latitude, person.longitude)
    return any(
        metres_between(home, (need.latitude, need.longitude)) <= _reach(person)
        for need in appeal.needs
    )


def rooms_near(person: Therapist, since: datetime) -> list[Line]:
    """Rooms of others whose hours were posted, or confirmed once more, since then; the nearest first."""
    openings = openings_open_to(person).filter(confirmed_at__gt=since).exclude(free=[])
    rooms = (
        offices_open_to(person)
        .filter(pk__in=openings.values("office"))
        .select_related("building")
        .prefetch_related(
            Prefetch("openings", openings.defer("free"), to_attr="fresh_openings")
        )
    )
    unit = Community.objects.current().distance_unit
    return [_room(room, unit) for room in _nearest(rooms, person)[:MOST_ROOMS]]


def _room(room: Any, unit: str) -> Line:
    """With ``fresh_openings``, and ``metres`` where the reader has a place."""
    hours = say_spans(sorted(opening.span for opening in room.fresh_openings))
    band = distance_band(room.metres, unit) if hasattr(room, "metres") else ""
    return Line(
        f"{room.name}, {room.building.district}",
        absolute_url(room.get_absolute_url()),
        ", ".join(filter(None, [str(band), hours])),
    )


def _nearest(rooms: OfficeQuerySet, person: Therapist) -> OfficeQuerySet:
    if person.latitude is None or person.longitude is None:
        return rooms.order_by("pk")
    home = (person.latitude, person.longitude)
    return (
        rooms.filter(within(*home, _reach(person), "building__"))
        .annotate(metres=DistanceTo(*home, "building__"))
        .order_by("metres", "pk")
    )


def _reach(person: Therapist) -> float:
    """Metres: as far as they would help."""
    return person.emergency_radius_km * 1000.0
