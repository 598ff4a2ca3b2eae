"""A room described on the spot, for somebody in need."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from directory.models import Therapist
from spaces.models import Building, Office


@dataclass(frozen=True)
class Place:
    """A room described on the spot. It becomes a private draft office of its helper."""

    street: str
    city: str
    zip_code: str
    latitude: float
    longitude: float
    timezone: str
    capacity: int = 2
    is_step_free: bool = False


@transaction.atomic
def draft_office(place: Place, *, by: Therapist) -> Office:
    """The private draft office for a place described on the spot; the same place again is the same office."""
    known = Office.objects.filter(
        hosts=by,
        is_draft=True,
        building__street__iexact=place.street,
        building__zip_code=place.zip_code,
    ).first()
    if known:
        Office.objects.filter(pk=known.pk).update(
            capacity=place.capacity, is_step_free=place.is_step_free
        )
        known.refresh_from_db()
        return known
    building = Building.objects.filter(
        street__iexact=place.street, zip_code=place.zip_code
    ).first()
    if building is None:
        building = Building.objects.create(
            name=place.street[:120],
            street=place.street,
            city=place.city,
            zip_code=place.zip_code,
            latitude=place.latitude,
            longitude=place.longitude,
            timezone=place.timezone,
        )
    office = Office.objects.create(
        building=building,
        name=_("Room of %(name)s") % {"name": by.first_name[:80]},
        capacity=place.capacity,
        is_step_free=place.is_step_free,
        is_draft=True,
    )
    office.hosts.add(by)
    return office
