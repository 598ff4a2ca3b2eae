"""Leaving, and taking it back; everything of mine; what is kept, and how long."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.domain.export import ask_for_export
from directory.domain.membership import leave, leave_to_undo, take_back_leaving
from directory.enums import Standing
from directory.errors import DomainError
from directory.http import (
    TherapistRequest,
    VisitorRequest,
    render_part,
    therapist_required,
)
from directory.keeping import kept_by
from directory.models import Export
from directory.registry import commitments_of
from directory.tasks import build_export, settle_departures, soon


@require_http_methods(["GET", "HEAD", "POST"])
@therapist_required
def leave_community(request: TherapistRequest) -> HttpResponse:
    me = request.therapist
    if me.standing == Standing.LEFT:
        return redirect("home")
    is_in = me.standing in {Standing.MEMBER, Standing.SUSPENDED}
    if request.method == "POST":
        try:
            leave(me, by=me)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            soon(settle_departures)
            if is_in:
                said = _("A mail tells you, too, how to take it back.")
            else:
                said = _("Your application is taken back.")
            messages.success(request, said)
        return redirect("home")
    context = {"commitments": commitments_of(me), "is_in": is_in}
    return render(request, "directory/leave.html", context)


@require_POST
@therapist_required
def come_back(request: TherapistRequest) -> HttpResponse:
    if leave_to_undo(request.therapist) is None:
        raise Http404
    try:
        take_back_leaving(request.therapist, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("Good to have you back. What ended meanwhile has to be asked for again."),
        )
    return redirect("home")


@require_http_methods(["GET", "HEAD", "POST"])
@therapist_required
def everything(request: TherapistRequest) -> HttpResponse:
    """All that is kept of oneself, whatever one's standing; for whoever left, too. A worker puts it together."""
    me = request.therapist
    if request.method == "POST":
        soon(build_export, ask_for_export(me).pk)
        return redirect("directory:everything")
    export = Export.objects.filter(therapist=me).defer("content").first()
    context = {
        "export": export,
        "is_ready": export is not None and export.is_ready,
        "is_building": export is not None and export.ready_at is None,
    }
    return render_part(request, "directory/everything.html", "state", context)


@require_safe
@therapist_required
def everything_file(request: TherapistRequest) -> HttpResponse:
    """To nobody but its owner, for a day."""
    export = Export.objects.filter(therapist=request.therapist).first()
    if export is None or not export.is_ready or export.content is None:
        raise Http404
    return HttpResponse(
        bytes(export.content),
        content_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="everything-of-mine.zip"',
            "Cache-Control": "private, no-store",
        },
    )


@require_safe
def what_we_keep(request: VisitorRequest) -> HttpResponse:
    context = {"kept": kept_by(request.community)}
    return render(request, "directory/what_we_keep.html", context)
