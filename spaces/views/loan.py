from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.limits import WRITING, limited
from directory.models import Therapist
from spaces.domain.loan import (
    bring_back,
    claim_loan,
    let_go,
    next_statuses,
    pick_up,
    post_loan,
    withdraw_loan,
    write_about,
)
from spaces.enums import LoanStatus
from spaces.forms.loan import LoanForm, LoanWordForm
from spaces.models import Loan
from spaces.models.incident import IN_FORCE
from spaces.views.emergency import visible_incidents

VERBS = {
    LoanStatus.CLAIMED: claim_loan,
    LoanStatus.OPEN: let_go,
    LoanStatus.PICKED_UP: pick_up,
    LoanStatus.RETURNED: bring_back,
    LoanStatus.WITHDRAWN: withdraw_loan,
}
SAID = {
    LoanStatus.CLAIMED: _("Good. The other one is told; agree here on the pick-up."),
    LoanStatus.OPEN: _("Let go. It is there for others again."),
    LoanStatus.PICKED_UP: _("Noted as picked up."),
    LoanStatus.RETURNED: _("Noted as returned. Thank you both."),
    LoanStatus.WITHDRAWN: _("Taken back."),
}


@require_http_methods(["GET", "POST"])
@member_required
def loan_new(request: TherapistRequest, pk: int) -> HttpResponse:
    incident = get_object_or_404(
        visible_incidents(request.therapist).filter(status__in=IN_FORCE), pk=pk
    )
    form = LoanForm(request.POST or None, initial={"kind": request.GET.get("kind", "")})
    if form.is_valid():
        try:
            loan = post_loan(incident, by=request.therapist, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _(
                    "It stands on the incident’s page now. You hear when somebody answers."
                ),
            )
            return redirect(loan)
    return render(
        request, "spaces/loan_form.html", {"form": form, "incident": incident}
    )


@require_safe
@member_required
def loan_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    return _page(request, _visible(request.therapist, pk), LoanWordForm())


@require_POST
@member_required
def loan_answer(request: TherapistRequest, pk: int, status: str) -> HttpResponse:
    loan = _visible(request.therapist, pk)
    if status not in set(VERBS):
        raise Http404
    chosen = LoanStatus(status)
    try:
        loan = VERBS[chosen](loan, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, SAID[chosen])
    still_mine = Loan.objects.visible_to(request.therapist).filter(pk=loan.pk)
    return redirect(loan if still_mine.exists() else loan.incident)


@require_POST
@member_required
@limited(WRITING)
def loan_write(request: TherapistRequest, pk: int) -> HttpResponse:
    loan = _visible(request.therapist, pk)
    form = LoanWordForm(request.POST)
    if form.is_valid():
        try:
            write_about(loan, by=request.therapist, text=form.cleaned_data["note"])
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Sent."))
            return redirect(loan)
    return _page(request, loan, form)


def _visible(me: Therapist, pk: int) -> Loan:
    loans = Loan.objects.all() if me.is_moderator else Loan.objects.visible_to(me)
    return get_object_or_404(loans.with_people(), pk=pk)


def _page(request: TherapistRequest, loan: Loan, form: LoanWordForm) -> HttpResponse:
    me = request.therapist
    is_party = me.pk in (loan.author_id, loan.partner_id)
    context: dict[str, Any] = {
        "loan": loan,
        "is_author": me.pk == loan.author_id,
        "statuses": next_statuses(loan, me),
        "events": loan.events.select_related("actor") if is_party else [],
        "form": form if is_party and loan.partner_id else None,
        "is_overdue": loan.status == LoanStatus.PICKED_UP
        and loan.comes_back
        and loan.until < timezone.localdate(),
    }
    return render(request, "spaces/loan_detail.html", context)
