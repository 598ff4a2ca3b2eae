from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.domain.application import answer_questions, say_usual_wait
from directory.domain.invitation import invited_at
from directory.domain.membership import apply_to_join
from directory.enums import Standing
from directory.errors import DomainError
from directory.forms.join import JoinForm
from directory.http import VisitorRequest
from directory.limits import JOINING, limited
from directory.models import Therapist


@require_http_methods(["GET", "HEAD", "POST"])
@limited(JOINING)
def join(request: VisitorRequest) -> HttpResponse:
    """First an address (allauth's sign-up), then who one is. Whoever is in already has no business here."""
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_signup')}?next={request.path}")
    if request.therapist is not None and request.therapist.standing != Standing.LEFT:
        return redirect("home")
    known = _known(request)
    form = JoinForm(
        request.POST or None, community=request.community, initial=_told(known)
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
    context = {
        "form": form,
        "inviting": known.invited_by if known else None,
        "wait": say_usual_wait(),
    }
    return render(request, "directory/join.html", context)


def _known(request: VisitorRequest) -> Therapist | None:
    """Somebody who left, or whom a member invited."""
    if request.therapist is None and request.user.is_authenticated:
        return invited_at(request.user)
    return request.therapist


def _told(known: Therapist | None) -> dict[str, str]:
    """What they told us before, or who invited them said."""
    fields = ["name", "credentials", "zip_code", "neighbourhood"] if known else []
    return {name: getattr(known, name) for name in fields}
