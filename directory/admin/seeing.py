"""From a person's page at the desk: the community as they see it."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from directory import seeing
from directory.admin.rows import ReasonForm, moderator_of
from directory.domain.seeing import begin_seeing
from directory.errors import DomainError
from directory.models import Therapist


def see_as(request: HttpRequest, pk: int) -> HttpResponse:
    therapist = get_object_or_404(Therapist, pk=pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            begin_seeing(
                therapist, by=moderator_of(request), reason=form.cleaned_data["reason"]
            )
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("admin:directory_therapist_change", pk)
        seeing.begin(request, therapist)
        return redirect("home")
    context = admin.site.each_context(request) | {
        "back": reverse("admin:directory_therapist_change", args=[pk]),
        "title": _("See what %(name)s sees") % {"name": therapist},
        "form": form,
        "rows": [therapist],
        "action": "see",
        "button": _("Tell them, and look for %(minutes)s minutes")
        % {"minutes": seeing.MINUTES},
    }
    return TemplateResponse(request, "admin/directory/reason.html", context)
