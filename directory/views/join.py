from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.domain.application import answer_questions
from directory.domain.membership import apply_to_join, invited_at
from directory.enums import Standing
from directory.errors import DomainError
from directory.forms.join import JoinForm
from directory.http import VisitorRequest


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: VisitorRequest) -> HttpResponse:
    """First an address (allauth's sign-up), then who one is. Whoever is in already has no business here."""
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_signup')}?next={request.path}")
    if request.therapist is not None and request.therapist.standing != Standing.LEFT:
        return redirect("home")
    form = JoinForm(
        request.POST or None, community=request.community, initial=_known(request)
    )
    if form.is_valid():
        try:
            with transaction.atomic():
                applicant = apply_to_join(request.user, **form.answers())
                answer_questions(applicant, form.said())
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("Thank you. A moderator reads it and writes to you.")
            )
            return redirect("home")
    return render(request, "directory/join.html", {"form": form})


def _known(request: VisitorRequest) -> dict[str, str]:
    """What somebody who left told us before, or who invited them said."""
    known = request.therapist
    if known is None and request.user.is_authenticated:
        known = invited_at(request.user)
    if known is None:
        return {}
    return {
        name: getattr(known, name)
        for name in ["name", "credentials", "zip_code", "neighbourhood"]
    }
