from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.errors import DomainError, LinkInvalid
from directory.http import TherapistRequest, member_required
from directory.links import read
from directory.models import Therapist
from spaces.domain.pledge import confirm_pledge, end_pledge, make_pledge
from spaces.forms.pledge import PledgeForm, initial_of_pledge
from spaces.models import Office, Pledge
from spaces.notifications.pledge import LINK_DAYS, PLEDGE_TRUE
from spaces.views.links import unreadable


@require_safe
@member_required
def pledge_list(request: TherapistRequest) -> HttpResponse:
    """What one would lend in an emergency: nobody else reads this."""
    me = request.therapist
    return render(
        request,
        "spaces/pledge_list.html",
        {
            "pledges": Pledge.objects.of(me).with_office(),
            "is_host": Office.objects.listed().hosted_by(me).exists(),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def pledge_new(request: TherapistRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def pledge_edit(request: TherapistRequest, pk: int) -> HttpResponse:
    return _edit(request, _mine(request, pk))


def _edit(request: TherapistRequest, pledge: Pledge | None) -> HttpResponse:
    me = request.therapist
    rooms = Office.objects.listed().hosted_by(me).select_related("building")
    if pledge:
        rooms = rooms.filter(pk=pledge.office_id)
    if not rooms.exists():
        raise Http404
    form = PledgeForm(
        request.POST or None,
        community=request.community,
        offices=rooms,
        initial=initial_of_pledge(pledge, request.community)
        | ({} if pledge else {"office": request.GET.get("office")}),
    )
    if form.is_valid():
        try:
            make_pledge(form.cleaned_data["office"], by=me, **form.pledged())
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _(
                    "Thank you. You are among the first to be asked when it fits; nothing is booked without you."
                ),
            )
            return redirect("spaces:pledge_list")
    return render(request, "spaces/pledge_form.html", {"form": form, "pledge": pledge})


@require_POST
@member_required
def pledge_confirm(request: TherapistRequest, pk: int) -> HttpResponse:
    confirm_pledge(_mine(request, pk), by=request.therapist)
    messages.success(request, _("Thank you. It stands for another year."))
    return redirect(
        "home" if request.POST.get("next") == "home" else "spaces:pledge_list"
    )


@require_POST
@member_required
def pledge_end(request: TherapistRequest, pk: int) -> HttpResponse:
    end_pledge(_mine(request, pk), by=request.therapist)
    messages.success(request, _("Taken back. Nothing of it is kept."))
    return redirect("spaces:pledge_list")


@require_http_methods(["GET", "HEAD", "POST"])
def pledge_true(request: HttpRequest, token: str) -> HttpResponse:
    """From the mail, signed in or not: opening it changes nothing, a button confirms or ends."""
    try:
        pledge, host = _pledged(token)
        answer = request.POST.get("answer", "")
        if answer == "end":
            end_pledge(pledge, by=host)
        elif request.method == "POST":
            confirm_pledge(pledge, by=host)
    except DomainError as error:
        return unreadable(request, error)
    context: dict[str, Any] = {
        "pledge": pledge,
        "is_done": request.method == "POST",
        "is_ended": answer == "end",
    }
    return render(request, "spaces/pledge_true.html", context)


def _pledged(token: str) -> tuple[Pledge, Therapist]:
    said = read(PLEDGE_TRUE, token, LINK_DAYS)
    host = Therapist.objects.members().filter(pk=said["therapist"]).first()
    pledge = (
        Pledge.objects.of(host).with_office().filter(pk=said["pledge"]).first()
        if host
        else None
    )
    if host is None or pledge is None:
        raise LinkInvalid(_("There is no such pledge any more."))
    return pledge, host


def _mine(request: TherapistRequest, pk: int) -> Pledge:
    return get_object_or_404(Pledge.objects.of(request.therapist).with_office(), pk=pk)
