from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required, render_part
from spaces.domain.drill import progress_of, start_drill
from spaces.forms.drill import DrillForm
from spaces.models import Drill
from spaces.tasks import run_drills
from spaces.week import Block, say_hours

MOST_SHOWN = 30


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def drill_list(request: TherapistRequest) -> HttpResponse:
    """For moderators: try a bad day, read what earlier tries found."""
    _only_moderators(request)
    form = DrillForm(request.POST or None, community=request.community)
    if form.is_valid():
        try:
            drill = start_drill(by=request.therapist, **form.drilled())
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            wake = partial(run_drills.apply_async, expires=60)
            transaction.on_commit(wake, robust=True)  # lost, it costs a minute
            messages.success(request, _("The drill begins. Nobody notices it."))
            return redirect(drill)
    drills = Drill.objects.select_related("by").prefetch_related("buildings")
    return render(
        request,
        "spaces/drill_list.html",
        {"form": form, "drills": drills[:MOST_SHOWN]},
    )


@require_safe
@member_required
def drill_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    _only_moderators(request)
    drill = get_object_or_404(
        Drill.objects.select_related("by").prefetch_related("buildings"), pk=pk
    )
    context = {
        "drill": drill,
        "percent": progress_of(drill),
        **(_report(drill) if drill.report else {"report": None}),
    }
    return render_part(request, "spaces/drill_detail.html", "report", context)


def _report(drill: Drill) -> dict[str, Any]:
    report = drill.report
    needed = report["needed_minutes"]
    return {
        "report": report,
        "share": round(100 * report["coverable_minutes"] / needed) if needed else 100,
        "waves": [_wave(wave, report) for wave in report["waves"]],
        "ready_after": _ready_after(report),
        "blocks": [
            Block(
                weekday,
                start,
                end,
                "open",
                label=_("Nobody"),
                detail=_("%(hours)s h") % {"hours": say_hours(minutes)},
            )
            for weekday, start, end, minutes in report["uncovered"]
        ],
    }


def _wave(wave: dict[str, int], report: dict[str, Any]) -> dict[str, Any]:
    before = [other for other in report["waves"] if other["number"] < wave["number"]]
    return wave | {"starts_after": before[-1]["ends_after"] if before else 0}


def _ready_after(report: dict[str, Any]) -> int | None:
    """Minutes until all who have such hours would have been asked and, at the usual pace, have answered."""
    if report["answer_minutes"] is None or not report["coverable_minutes"]:
        return None
    last = next(
        _wave(wave, report)
        for wave in report["waves"]
        if wave["coverable_minutes"] == report["coverable_minutes"]
    )
    return int(last["starts_after"] + report["answer_minutes"])


def _only_moderators(request: TherapistRequest) -> None:
    if not request.therapist.is_moderator:
        raise Http404
