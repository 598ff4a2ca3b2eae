from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required, render_part
from spaces.domain.busy import (
    MOST_CALENDARS,
    add_calendar,
    read_again,
    remove_calendar,
)
from spaces.forms.busy import BusyCalendarForm
from spaces.models import BusyCalendar
from spaces.tasks import read_calendar


@require_http_methods(["GET", "POST"])
@member_required
def busy_list(request: TherapistRequest) -> HttpResponse:
    """One's own calendars; while one is being read the list looks again every other second."""
    form = BusyCalendarForm(request.POST or None)
    if form.is_valid():
        try:
            calendar = add_calendar(request.therapist, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            _read_soon(calendar)
            messages.success(request, _("Added. It is being read now."))
            return redirect("spaces:busy_list")
    calendars = list(request.therapist.busy_calendars.all())
    context = {
        "form": form,
        "calendars": calendars,
        "is_reading": any(calendar.is_due for calendar in calendars),
        "has_room": len(calendars) < MOST_CALENDARS,
    }
    return render_part(request, "spaces/busy_list.html", "calendars", context)


@require_POST
@member_required
def busy_refresh(request: TherapistRequest, pk: int) -> HttpResponse:
    calendar = _mine(request, pk)
    try:
        read_again(calendar)
    except DomainError as error:
        messages.info(request, str(error))
    else:
        _read_soon(calendar)
    return redirect("spaces:busy_list")


@require_POST
@member_required
def busy_remove(request: TherapistRequest, pk: int) -> HttpResponse:
    calendar = _mine(request, pk)
    remove_calendar(calendar)
    messages.success(
        request,
        _("“%(name)s” is not read any more; nothing of it is kept.")
        % {"name": calendar},
    )
    return redirect("spaces:busy_list")


def _mine(request: TherapistRequest, pk: int) -> BusyCalendar:
    return get_object_or_404(request.therapist.busy_calendars, pk=pk)


def _read_soon(calendar: BusyCalendar) -> None:
    """A lost wake-up costs five minutes: the clock finds what is due."""
    wake = partial(read_calendar.apply_async, (calendar.pk,), expires=300)
    transaction.on_commit(wake, robust=True)
