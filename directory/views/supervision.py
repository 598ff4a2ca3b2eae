from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from directory.domain.supervision import (
    accept_supervision,
    accepted_party,
    end_supervision,
    is_supervised,
    name_supervisor,
    rule_for,
)
from directory.errors import DomainError
from directory.forms.supervision import SupervisionForm
from directory.http import TherapistRequest, member_required
from directory.models import Supervision


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def supervision(request: TherapistRequest) -> HttpResponse:
    """Both sides of it: whom one supervises, and who answers for oneself."""
    me = request.therapist
    form = SupervisionForm(request.POST or None, me=me)
    if form.is_valid():
        try:
            name_supervisor(me, by=me, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Asked. You hear as soon as they answer."))
            return redirect("directory:supervision")
    links = Supervision.objects.select_related("trainee", "supervisor", "stand_in")
    received = list(links.filter(trainee=me))
    return render(
        request,
        "directory/supervision.html",
        {
            "form": form,
            "received": received,
            "given": links.filter(supervisor=me),
            "stood_in": links.filter(stand_in=me, accepted_at__isnull=False),
            "rule": rule_for(me),
            "party": accepted_party(me),
            "is_supervised": bool(received) or is_supervised(me),
        },
    )


@require_POST
@member_required
def supervision_accept(request: TherapistRequest, pk: int) -> HttpResponse:
    link = _mine(request, pk)
    try:
        accept_supervision(link, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Accepted. You are asked before anything is booked for them.")
        )
    return redirect("directory:supervision")


@require_POST
@member_required
def supervision_end(request: TherapistRequest, pk: int) -> HttpResponse:
    link = _mine(request, pk)
    try:
        end_supervision(link, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Done. The other side is told; what is booked runs on.")
        )
    return redirect("directory:supervision")


def _mine(request: TherapistRequest, pk: int) -> Supervision:
    me = request.therapist
    mine = Supervision.objects.filter(Q(supervisor=me) | Q(trainee=me))
    return get_object_or_404(mine, pk=pk)
