from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from directory.geo import distance_band
from directory.http import TherapistRequest, member_required, render_part
from directory.limits import SEARCHES, limited
from spaces.forms.booking import said_date, said_span
from spaces.forms.search import SearchForm
from spaces.suggestions import suggestions_for
from spaces.suggestions.found import Part, Suggestion
from spaces.views.search import said
from spaces.week import say_spans
from spaces.words import say_date


@require_safe
@member_required
@limited(SEARCHES)
def suggestions(request: TherapistRequest) -> HttpResponse:
    """Other hours and other rooms for a search that few rooms fit; the results fetch it once they are shown."""
    form = SearchForm(
        request.GET, therapist=request.therapist, community=request.community
    )
    if not form.is_valid() or not form.cleaned_data["hours"]:
        return redirect(f"{reverse('spaces:office_search')}?{request.GET.urlencode()}")
    found = suggestions_for(form.wanted(), guest=request.therapist)
    context = {
        "said": said(form),
        "address": form.address(),
        "suggestions": [_shown(suggestion, form) for suggestion in found],
    }
    return render_part(request, "spaces/suggestions.html", "suggestions", context)


def _shown(suggestion: Suggestion, form: SearchForm) -> dict[str, Any]:
    return {
        "label": suggestion.label,
        "what": [str(change) for change in suggestion.changes],
        "how": _how(suggestion),
        "parts": [_part(part, form) for part in suggestion.parts],
    }


def _how(suggestion: Suggestion) -> str:
    """Of two rooms: how often one changes, and how far it is."""
    if suggestion.kind != "two":
        return ""
    weekdays = [
        {day.weekday() for day, _span in part.dates} for part in suggestion.parts
    ]
    if not weekdays[0] & weekdays[1]:
        return _("Each day of the week always in the same room")
    changes = ngettext(
        "One change of room", "%(count)s changes of room", suggestion.room_changes
    ) % {"count": suggestion.room_changes}
    if not suggestion.minutes_between:
        return _("%(changes)s, in the same house") % {"changes": changes}
    return _("%(changes)s, some %(minutes)s minutes from one to the other") % {
        "changes": changes,
        "minutes": suggestion.minutes_between,
    }


def _part(part: Part, form: SearchForm) -> dict[str, Any]:
    office = part.office
    unit = form.community.distance_unit
    url = reverse("spaces:booking_request", args=[office.pk])
    return {
        "office": office,
        "district": office.building.district,
        "band": "" if part.metres is None else distance_band(part.metres, unit),
        "hours": _hours(part),
        "url": f"{url}?{_query(part, form.cleaned_data['people'])}",
    }


def _hours(part: Part) -> str:
    first, last = say_date(part.first), say_date(part.last)
    if len(part.dates) == 1:
        return f"{first}, {say_spans(part.spans)[4:]}"
    return _("%(hours)s, %(count)s dates from %(first)s to %(last)s") % {
        "hours": say_spans(part.spans),
        "count": len(part.dates),
        "first": first,
        "last": last,
    }


def _query(part: Part, people: int | None) -> str:
    """The page that asks for exactly these hours."""
    query = QueryDict(mutable=True)
    query.setlist("hours", [said_span(span) for span in part.spans])
    query["first_date"] = part.first.isoformat()
    query["until"] = part.last.isoformat()
    if not part.is_exact:
        query.setlist("dates", [said_date(day, span) for day, span in part.dates])
    if people:
        query["people"] = str(people)
    return query.urlencode()
