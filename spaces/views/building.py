from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from directory.http import TherapistRequest, member_required
from directory.models import Therapist
from spaces.models import (
    Building,
    Closure,
    Incident,
    IncidentScope,
    Office,
)
from spaces.ties import buildings_tied_to
from spaces.views.emergency import news_of


@require_safe
@member_required
def building_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    """A house's own page, for those with a tie to it and for moderators."""
    me = request.therapist
    buildings = Building.objects.all() if me.is_moderator else buildings_tied_to(me)
    building = get_object_or_404(buildings, pk=pk)
    with timezone.override(building.timezone):
        context = {
            "building": building,
            "offices": _offices(building, me),
            "incidents": _incidents(building, me),
            "closures": _closures(building),
        }
        return render(request, "spaces/building_detail.html", context)


def _offices(building: Building, me: Therapist) -> list[dict[str, Any]]:
    """Rooms of hosts who agreed to be named here, and one's own."""
    nameable = Therapist.objects.visible_to(me).filter(agrees_to_be_named=True)
    named = Therapist.objects.filter(Q(pk__in=nameable.values("pk")) | Q(pk=me.pk))
    offices = (
        Office.objects.listed()
        .filter(building=building, hosts__in=named)
        .distinct()
        .prefetch_related(
            Prefetch("hosts", named.order_by("name"), to_attr="named_hosts")
        )
    )
    return [{"office": office, "hosts": office.named_hosts} for office in offices]


def _incidents(building: Building, me: Therapist) -> QuerySet[Incident]:
    scopes = (
        IncidentScope.objects.filter(building=building)
        .select_related("office")
        .order_by("until")
    )
    return (
        Incident.objects.open()
        .filter(scopes__building=building)
        .distinct()
        .prefetch_related(
            Prefetch("scopes", scopes, to_attr="scopes_here"),
            Prefetch("updates", news_of(me)),
        )
    )


def _closures(building: Building) -> QuerySet[Closure]:
    here = Closure.objects.filter(
        Q(building=building) | Q(office__building=building, incident__isnull=False)
    )
    return (
        here.filter(period__endswith__gt=timezone.now())
        .select_related("office")
        .order_by("period")
    )
