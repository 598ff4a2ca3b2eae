"""Somebody who is here twice: choose the duplicate, look at what would go over, do it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.admin.rows import ReasonForm, moderator_of
from directory.domain.merge import merge, preview_merge
from directory.errors import DomainError
from directory.models import Licence, Therapist


class MergeForm(ReasonForm):
    duplicate = forms.ModelChoiceField(
        Therapist.objects.all(),
        label=gettext_lazy("Who is the same person"),
        widget=AutocompleteSelect(Licence._meta.get_field("therapist"), admin.site),  # noqa: SLF001
    )
    field_order = ["duplicate", "reason"]


def merge_into(request: HttpRequest, pk: int) -> HttpResponse:
    into = get_object_or_404(Therapist.objects.with_user(), pk=pk)
    form = MergeForm(request.POST or None)
    context: dict[str, Any] = {"preview": None}
    if form.is_valid():
        duplicate, by = form.cleaned_data["duplicate"], moderator_of(request)
        if "confirm" in request.POST:
            try:
                merge(duplicate, into=into, by=by, reason=form.cleaned_data["reason"])
            except DomainError as error:
                messages.error(request, str(error))
            else:
                messages.success(request, _("Both are one person now. They are told."))
            return redirect("admin:directory_therapist_change", pk)
        context["preview"] = preview_merge(duplicate, into=into, by=by)
        context["duplicate"] = duplicate
    context |= admin.site.each_context(request) | {
        "title": _("Merge somebody into %(name)s") % {"name": into},
        "form": form,
        "into": into,
    }
    return TemplateResponse(request, "admin/directory/merge.html", context)
