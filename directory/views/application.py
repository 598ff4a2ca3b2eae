"""What is to be done and said until somebody is in: by the applicant, by members who know them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.domain.application import (
    appeal,
    decision_to_appeal,
    invitations_left,
    invite_colleague,
    say_usual_wait,
    vouch_for,
    write_message,
)
from directory.enums import Standing
from directory.errors import DomainError
from directory.forms.join import InviteForm
from directory.forms.message import ApplicationMessageForm
from directory.http import TherapistRequest, applicant_required, member_required
from directory.limits import WRITING, limited
from directory.links import read, sign
from directory.models import Therapist
from directory.notifications.templates import absolute_url

VOUCH = "vouch"
VOUCH_SECONDS = 60 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
@applicant_required
@limited(WRITING)
def application(request: TherapistRequest) -> HttpResponse:
    """The conversation with the moderators; after a no, the one way to have it looked at again."""
    me = request.therapist
    form = ApplicationMessageForm(request.POST or None)
    if form.is_valid():
        say = write_message if me.standing == Standing.APPLICANT else appeal
        try:
            say(me, by=me, text=form.cleaned_data["text"])
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Sent. A moderator reads it and answers here."))
            return redirect("directory:application")
    is_waiting = me.standing == Standing.APPLICANT
    token = sign(VOUCH, applicant=me.pk)
    context = {
        "form": form,
        "said": me.application_messages.select_related("author"),
        "is_waiting": is_waiting,
        "decision": decision_to_appeal(me),
        "wait": say_usual_wait() if is_waiting else "",
        "vouch_url": absolute_url(reverse("directory:vouch", args=[token])),
        "vouches": me.vouches_received.select_related("by"),
    }
    return render(request, "directory/application.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@limited(WRITING)
def invite(request: TherapistRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    if form.is_valid():
        try:
            invite_colleague(by=request.therapist, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _("Thank you. If they do not belong here yet, they get one mail."),
            )
            return redirect("directory:invite")
    context = {"form": form, "left": invitations_left(request.therapist)}
    return render(request, "directory/invite.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def vouch(request: TherapistRequest, token: str) -> HttpResponse:
    """From the applicant's own hand: their name, and one button."""
    try:
        known = read(VOUCH, token, VOUCH_SECONDS)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("home")
    applicant = Therapist.objects.filter(pk=known["applicant"]).first()
    if applicant is None or applicant.standing != Standing.APPLICANT:
        messages.info(request, _("Nobody waits for your word here any more."))
        return redirect("home")
    if request.method == "POST":
        try:
            vouch_for(applicant, by=request.therapist)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Thank you. The moderators see your word."))
        return redirect("home")
    return render(request, "directory/vouch.html", {"applicant": applicant})
