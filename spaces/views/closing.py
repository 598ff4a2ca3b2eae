from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from directory.http import TherapistRequest, member_required
from directory.models import Therapist
from spaces.closing import closing_of
from spaces.enums import IncidentStatus
from spaces.models.incident import IN_FORCE
from spaces.views.emergency import visible_incidents


@require_safe
@member_required
def incident_closing(request: TherapistRequest, pk: int) -> HttpResponse:
    """What it came to, to read and to print. Names are of those who agreed to be named and are met here."""
    me = request.therapist
    incident = get_object_or_404(
        visible_incidents(me).filter(status__in=[*IN_FORCE, IncidentStatus.OVER]), pk=pk
    )
    scopes = list(incident.scopes.select_related("building", "office"))
    if not scopes:
        raise Http404
    closing = closing_of(incident)
    nameable = set(
        Therapist.objects.filter(
            pk__in=[helper.pk for helper in closing.lent_by], agrees_to_be_named=True
        )
        .unblocked_for(me)
        .values_list("pk", flat=True)
    )
    named = [helper for helper in closing.lent_by if helper.pk in nameable]
    context = {
        "incident": incident,
        "building": scopes[0].building,
        "scopes": scopes,
        "is_over": incident.status == IncidentStatus.OVER,
        "closing": closing,
        "named": named,
        "unnamed": len(closing.lent_by) - len(named),
    }
    with timezone.override(scopes[0].building.timezone):
        return render(request, "spaces/incident_closing.html", context)
