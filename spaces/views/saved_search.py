from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.enums import Frequency, Topic
from directory.errors import DomainError, LinkError
from directory.http import TherapistRequest, member_required
from directory.links import read
from directory.views.frequency import chosen_frequency, is_silent, other_frequencies
from spaces.domain.saved_search import (
    forget_search,
    save_search,
    set_search_frequency,
)
from spaces.forms.search import SearchForm
from spaces.models import SavedSearch
from spaces.notifications.search import STOP, STOP_LIFE, search_path
from spaces.views.links import unreadable
from spaces.views.search import said

SAID = {
    Frequency.AT_ONCE: gettext_lazy(
        "We write as soon as another room has all of these hours."
    ),
    Frequency.DAILY: gettext_lazy(
        "We write in the morning, when another room has all of these hours."
    ),
    Frequency.WEEKLY: gettext_lazy(
        "We write on Monday mornings, when another room has all of these hours."
    ),
    Frequency.OFF: gettext_lazy("Stopped. You get no more mail about it."),
}


@require_safe
@member_required
def saved_search_list(request: TherapistRequest) -> HttpResponse:
    searches = SavedSearch.objects.filter(therapist=request.therapist)
    context = {
        "searches": [
            {
                "search": search,
                "url": search_path(search),
                "others": other_frequencies(search.frequency),
            }
            for search in searches
        ],
        "is_silent": is_silent(request.therapist, Topic.HOURS),
    }
    return render(request, "spaces/saved_search_list.html", context)


@require_POST
@member_required
def saved_search_new(request: TherapistRequest) -> HttpResponse:
    """One tap among the results: the search names itself."""
    query = QueryDict(request.POST.get("query", ""))
    back = f"{reverse('spaces:office_search')}?{query.urlencode()}"
    form = SearchForm(query, therapist=request.therapist, community=request.community)
    if not form.is_valid() or not form.cleaned_data["hours"]:
        return redirect(back)
    try:
        save_search(
            request.therapist,
            name=said(form),
            query=form.kept(),
            last_date=form.cleaned_data["last_date"],
            frequency=chosen_frequency(request),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("spaces:saved_search_list")
    messages.success(request, str(SAID[chosen_frequency(request)]))
    return redirect(back)


@require_POST
@member_required
def saved_search_change(request: TherapistRequest, pk: int) -> HttpResponse:
    search = get_object_or_404(SavedSearch, therapist=request.therapist, pk=pk)
    frequency = chosen_frequency(request)
    set_search_frequency(search, frequency=frequency)
    messages.success(request, str(SAID[frequency]))
    return redirect("spaces:saved_search_list")


@require_POST
@member_required
def saved_search_forget(request: TherapistRequest, pk: int) -> HttpResponse:
    forget_search(get_object_or_404(SavedSearch, therapist=request.therapist, pk=pk))
    messages.success(request, _("Forgotten."))
    return redirect("spaces:saved_search_list")


@csrf_exempt  # the signed link is the permission; it works where nobody is signed in
@require_http_methods(["GET", "HEAD", "POST"])
def saved_search_stop(request: HttpRequest, token: str) -> HttpResponse:
    """From the mail. Opening the link changes nothing: mail scanners open every link."""
    try:
        signed = read(STOP, token, STOP_LIFE)
    except LinkError as error:
        return unreadable(request, error)
    search = SavedSearch.objects.filter(pk=signed["search"]).first()
    if search and request.method == "POST":
        undo = "undo" in request.POST
        set_search_frequency(
            search, frequency=Frequency.AT_ONCE if undo else Frequency.OFF
        )
    return render(request, "spaces/saved_search_stop.html", {"search": search})
