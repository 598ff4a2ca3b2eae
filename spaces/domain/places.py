"""More buildings for an incident: a street, a neighbourhood. What follows in them is what followed in the first."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.displacement import settle_incident, tell_of_incident
from spaces.domain.incident import check_until, lock_incident, not_decided_otherwise
from spaces.errors import HoursError
from spaces.models import Building, Incident, IncidentScope, Need
from spaces.models.incident import IN_FORCE
from spaces.ties import buildings_tied_to, people_tied_to


def addable_by(therapist: Therapist, incident: Incident) -> Q:
    """Of buildings: those that this person may add. Moderators any; whoever reported it those they have a tie to."""
    fresh = ~Q(pk__in=incident.scopes.filter(office=None).values("building"))
    if therapist.is_moderator:
        return fresh
    if incident.reported_by_id == therapist.pk:
        return fresh & Q(pk__in=buildings_tied_to(therapist).values("pk"))
    return Q(pk__in=[])


@transaction.atomic
def add_places(
    incident: Incident,
    buildings: Sequence[Building],
    *,
    by: Therapist,
    until: datetime,
) -> int:
    """These are closed too, until then. How many were not yet. In force, everybody there is told at once and has a
    draft; before, they are asked whether it is true.
    """
    incident = lock_incident(incident)
    not_decided_otherwise(incident)
    check_until(until, timezone.now())
    wanted = {building.pk for building in buildings}
    allowed = Building.objects.filter(addable_by(by, incident), pk__in=wanted)
    known = incident.scopes.filter(office=None, building__in=wanted)
    new = list(allowed)
    if not wanted:
        raise HoursError(_("Choose at least one building."))
    if (
        wanted
        - {building.pk for building in new}
        - set(known.values_list("building", flat=True))
    ):
        raise NotAllowedError(_("You cannot add some of these buildings."))
    IncidentScope.objects.bulk_create(
        IncidentScope(incident=incident, building=building, until=until)
        for building in new
    )
    if new and incident.status in IN_FORCE:
        _settle(incident, new)
    elif new:
        _ask(incident, new, by=by)
    return len(new)


def _settle(incident: Incident, new: Sequence[Building]) -> None:
    """Whoever was told before, of another building of theirs, hears that there is more."""
    before = set(
        Need.objects.filter(incident=incident).values_list("therapist", flat=True)
    )
    settle_incident(incident)
    again = Therapist.objects.none()
    for building in new:
        again |= Therapist.objects.filter(pk__in=people_tied_to(building).values("pk"))
    tell_of_incident(
        "incident_moved",
        incident,
        again.filter(pk__in=before).with_user(),
        cause=f"incident:{incident.pk}:places:{max(b.pk for b in new)}",
    )


def _ask(incident: Incident, new: Sequence[Building], *, by: Therapist) -> None:
    for building in new:
        people = people_tied_to(building).exclude(pk=by.pk)
        tell_of_incident("incident_reported", incident, people.with_user())
