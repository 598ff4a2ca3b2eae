"""Another time for one date: its host proposes it, its guest answers by the mail's link or from Home."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.links import read
from directory.models import Therapist
from spaces.domain.proposal import (
    accept_proposal,
    decline_proposal,
    propose_move,
    withdraw_proposal,
)
from spaces.enums import BookingStatus, OccurrenceState
from spaces.forms.changes import ProposalForm
from spaces.models import Booking, MoveProposal, Occurrence
from spaces.notifications.proposal import ANSWERABLE_FOR, proposal_path
from spaces.views.links import unreadable


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def proposal_new(request: TherapistRequest, pk: int, date_pk: int) -> HttpResponse:
    hosted = Booking.objects.hosted_by(request.therapist)
    dates = Occurrence.objects.filter(
        booking__in=hosted.filter(pk=pk, status=BookingStatus.CONFIRMED).values("pk"),
        state=OccurrenceState.BOOKED,
        period__startswith__gt=timezone.now(),
    )
    found = get_object_or_404(
        dates.select_related("booking", "guest", "office__building"), pk=date_pk
    )
    zone = found.office.building.zone
    with timezone.override(zone):
        span = found.span(zone)
        standing = {"day": found.day(zone), "starts": span.start, "ends": span.end}
        form = ProposalForm(request.POST or None, initial=standing)
        if form.is_valid():
            to, message = form.cleaned_data["to"], form.cleaned_data["message"]
            try:
                propose_move(found, to=to, by=request.therapist, message=message)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(
                    request,
                    _("Proposed. The date stays as it is until %(guest)s says yes.")
                    % {"guest": found.guest},
                )
                return redirect("spaces:booking_dates", pk)
        context = {
            "booking": found.booking,
            "date": found,
            "form": form,
            "building": found.office.building,
        }
        return render(request, "spaces/proposal_form.html", context)


@require_POST
@member_required
def proposal_withdraw(request: TherapistRequest, pk: int) -> HttpResponse:
    hosted = Booking.objects.hosted_by(request.therapist)
    found = get_object_or_404(
        MoveProposal.objects.select_related("occurrence__booking"),
        pk=pk,
        occurrence__booking__in=hosted.values("pk"),
    )
    try:
        withdraw_proposal(found, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back. The date stays as it is."))
    return redirect("spaces:booking_dates", found.occurrence.booking_id)


@require_http_methods(["GET", "HEAD", "POST"])
def proposal_link(request: HttpRequest, token: str) -> HttpResponse:
    """From the mail, signed in or not. Opening it changes nothing; the buttons do."""
    try:
        ids = read("move_proposal", token, max_age=ANSWERABLE_FOR)
    except DomainError as error:
        return unreadable(request, error)
    proposals = MoveProposal.objects.with_date()
    proposal = get_object_or_404(
        proposals, pk=ids["proposal"], occurrence__guest=ids["guest"]
    )
    answer = request.POST.get("answer")
    said, error_text = "", ""
    if answer in {"yes", "no"}:
        try:
            said = _answer(proposal, answer)
        except DomainError as error:
            error_text = str(error)
        proposal = proposals.get(pk=proposal.pk)
    building = proposal.occurrence.office.building
    with timezone.override(building.timezone):
        context = {
            "proposal": proposal,
            "date": proposal.occurrence,
            "building": building,
            "is_open": MoveProposal.objects.answerable()
            .filter(pk=proposal.pk)
            .exists(),
            "said": said,
            "error": error_text,
        }
        return render(request, "spaces/proposal_link.html", context)


def _answer(proposal: MoveProposal, answer: str) -> str:
    guest = proposal.occurrence.guest
    if answer == "no":
        decline_proposal(proposal, by=guest)
        return _("It stays where it was. Your host is told.")
    accept_proposal(proposal, by=guest)
    return _("Moved. Your host is told.")


# --- On other pages -----------------------------------------------------------------


def proposals_context(dates: Iterable[Occurrence], me: Therapist) -> dict[str, Any]:
    """Of these dates: what is proposed and not answered, with the guest's own way to answer."""
    found = MoveProposal.objects.answerable().filter(
        occurrence__in=[date.pk for date in dates]
    )
    return {
        "proposals": [
            (
                proposal,
                proposal_path(proposal)
                if proposal.occurrence.guest_id == me.pk
                else "",
            )
            for proposal in found.with_date()
        ]
    }


def waiting_proposals(me: Therapist) -> list[tuple[MoveProposal, str]]:
    """Those that wait for this member's answer, each with where to give it."""
    mine = MoveProposal.objects.answerable().filter(occurrence__guest=me).with_date()
    return [(proposal, proposal_path(proposal)) for proposal in mine]
