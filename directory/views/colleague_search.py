""" "Tell me when a colleague like this joins." """

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from directory.domain.colleague_search import (
    forget_colleague_search,
    save_colleague_search,
    set_colleague_search,
)
from directory.enums import Frequency, Topic
from directory.errors import DomainError
from directory.filters import chips_of
from directory.http import TherapistRequest, member_required
from directory.models import ColleagueSearch
from directory.newcomers import newcomers_who_fit
from directory.views.frequency import chosen_frequency, is_silent, other_frequencies

SAID = {
    Frequency.AT_ONCE: gettext_lazy("We write as soon as such a colleague joins."),
    Frequency.DAILY: gettext_lazy("We write in the morning, when somebody joined."),
    Frequency.WEEKLY: gettext_lazy(
        "We write on Monday mornings, when somebody joined."
    ),
    Frequency.OFF: gettext_lazy("Stopped. You get no more mail about it."),
}


@require_safe
@member_required
def colleague_search_list(request: TherapistRequest) -> HttpResponse:
    searches = ColleagueSearch.objects.filter(therapist=request.therapist)
    page = reverse("directory:therapist_list")
    context: dict[str, Any] = {
        "searches": [
            {
                "search": search,
                "url": f"{page}?{search.query}",
                "others": other_frequencies(search.frequency),
            }
            for search in searches
        ],
        "is_silent": is_silent(request.therapist, Topic.COMMUNITY),
    }
    return render(request, "directory/colleague_search_list.html", context)


@require_POST
@member_required
def colleague_search_new(request: TherapistRequest) -> HttpResponse:
    """One tap among the results: the search names itself."""
    query = QueryDict(request.POST.get("query", "")[:2000], mutable=True)
    for name in ("page", "sort"):
        query.pop(name, None)
    back = f"{reverse('directory:therapist_list')}?{query.urlencode()}"
    chips = chips_of(query, request.community)
    if not chips:
        return redirect(back)
    try:
        save_colleague_search(
            request.therapist,
            name=", ".join(str(chip.label) for chip in chips),
            query=query.urlencode(),
            frequency=chosen_frequency(request),
            known=newcomers_who_fit(query, request.therapist, request.community),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("directory:colleague_search_list")
    messages.success(request, str(SAID[chosen_frequency(request)]))
    return redirect(back)


@require_POST
@member_required
def colleague_search_change(request: TherapistRequest, pk: int) -> HttpResponse:
    search = _own(request, pk)
    frequency = chosen_frequency(request)
    set_colleague_search(search, frequency=frequency)
    messages.success(request, str(SAID[frequency]))
    return redirect("directory:colleague_search_list")


@require_POST
@member_required
def colleague_search_forget(request: TherapistRequest, pk: int) -> HttpResponse:
    forget_colleague_search(_own(request, pk))
    messages.success(request, _("Forgotten."))
    return redirect("directory:colleague_search_list")


def _own(request: TherapistRequest, pk: int) -> ColleagueSearch:
    return get_object_or_404(ColleagueSearch, therapist=request.therapist, pk=pk)
