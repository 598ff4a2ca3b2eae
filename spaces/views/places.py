"""A street, a neighbourhood: more buildings for an incident, with what closing them means before it is done."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from spaces.domain.places import add_places, addable_by
from spaces.enums import IncidentStatus
from spaces.forms.places import PlacesForm, PlacesSearchForm
from spaces.models import Building, Incident
from spaces.reach import buildings_around, buildings_in, reaches, streets
from spaces.views.emergency import visible_incidents

CLOSED = [IncidentStatus.OVER, IncidentStatus.DISMISSED]


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def incident_places(request: TherapistRequest, pk: int) -> HttpResponse:
    me = request.therapist
    incident: Incident = get_object_or_404(
        visible_incidents(me).exclude(status__in=CLOSED), pk=pk
    )
    first = incident.scopes.select_related("building").order_by("pk").first()
    addable = Building.objects.filter(addable_by(me, incident))
    if first is None or not addable.exists():
        raise Http404
    search = PlacesSearchForm(
        request.GET or None, streets=streets(addable), unit=request.community.unit
    )
    found: list[Building] = []
    if search.is_valid():
        wanted = search.cleaned_data
        metres = int(wanted["around"] or 0)
        around = buildings_around(first.building, metres, addable) if metres else []
        street = buildings_in(wanted["street"], addable) if wanted["street"] else []
        found = list({house.pk: house for house in [*around, *street]}.values())
    last_day = first.until.astimezone(first.building.zone).date()
    form = PlacesForm(
        request.POST if request.method == "POST" else None,
        buildings=addable,
        initial={"until": last_day},
    )
    if form.is_valid():
        try:
            added = add_places(
                incident,
                list(form.cleaned_data["buildings"]),
                by=me,
                until=form.moment(first.building),
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                ngettext(
                    "%(count)s building more. Everyone there is being told.",
                    "%(count)s buildings more. Everyone there is being told.",
                    added,
                )
                % {"count": added},
            )
            return redirect(incident)
    lines = reaches(found, first.until)
    ticked = set(request.POST.getlist("buildings"))
    with timezone.override(first.building.timezone):
        context = {
            "incident": incident,
            "building": first.building,
            "search": search,
            "form": form,
            "lines": [
                (line, not form.is_bound or str(line.building.pk) in ticked)
                for line in lines
            ],
            "is_searched": search.is_bound,
            "offices": sum(line.offices for line in lines),
            "dates": sum(line.dates for line in lines),
        }
        return render(request, "spaces/incident_places.html", context)
