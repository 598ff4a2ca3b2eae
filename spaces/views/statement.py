from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.sheets import write_csv
from spaces.domain.statement import set_due
from spaces.hours import clock
from spaces.models import Occurrence
from spaces.statement import Group, Line, Month, Statement, month_of, statement_of

CHOICES = 18  # months to choose from, the newest first
AHEAD = timedelta(days=31)


@require_safe
@member_required
def statement(request: TherapistRequest) -> HttpResponse:
    month = _month(request)
    found = statement_of(request.therapist, month)
    context = {
        "statement": found,
        "month": month,
        "months": _choices(month),
        "has_any": bool(found.hosted or found.rented),
    }
    return render(request, "spaces/statement.html", context)


@require_safe
@member_required
def statement_csv(request: TherapistRequest) -> HttpResponse:
    """One date a row."""
    month = _month(request)
    found = statement_of(request.therapist, month)
    return HttpResponse(
        write_csv(_rows(found, request.community.currency)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="rooms-{month}.csv"'},
    )


@require_POST
@member_required
def statement_due(request: TherapistRequest, pk: int) -> HttpResponse:
    """A displaced date of one's own room: due all the same, or not."""
    mine = Occurrence.objects.filter(office__hosts=request.therapist)
    occurrence = get_object_or_404(mine.select_related("office__building"), pk=pk)
    is_due = request.POST.get("due") == "yes"
    try:
        set_due(occurrence, is_due=is_due, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("It is due, and your guest is told.")
            if is_due
            else _("It costs nothing, and your guest is told."),
        )
    day = occurrence.day(occurrence.office.building.zone)
    return redirect(f"{reverse('spaces:statement')}?month={Month(day.year, day.month)}")


def _month(request: TherapistRequest) -> Month:
    today = timezone.localdate()
    return month_of(request.GET.get("month", "")) or Month(today.year, today.month)


def _choices(chosen: Month) -> list[Month]:
    """Next month and those before it, and the one that is shown."""
    latest = timezone.localdate() + AHEAD
    months = [Month(latest.year, latest.month)]
    while len(months) < CHOICES:
        months.append(months[-1].previous)
    return months if chosen in months else [chosen, *months]


# --- As a table ----------------------------------------------------------------


def _rows(found: Statement, currency: str) -> Iterable[list[Any]]:
    yield [
        _("You are"),
        _("Office"),
        _("Building"),
        _("Date"),
        _("From"),
        _("To"),
        _("What"),
        _("Guest"),
        _("Hosts"),
        _("Hours"),
        _("Owed by"),
        _("Due (%(currency)s)") % {"currency": currency},
    ]
    for role, groups in ((_("host"), found.hosted), (_("guest"), found.rented)):
        for group in groups:
            for line in group.lines:
                yield [role, *_row(group, line)]


def _row(group: Group, line: Line) -> list[Any]:
    return [
        group.office.name,
        group.office.building.name,
        line.day.isoformat(),
        clock(line.span.start),
        clock(line.span.end),
        line.what,
        line.occurrence.guest.name,
        ", ".join(host.name for host in group.hosts),
        f"{line.minutes / 60:g}",
        line.owed_by.name,
        f"{line.cents / 100:.2f}",
    ]
