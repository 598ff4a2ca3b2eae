"""What admin pages of people and of places share."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from directory.models import Therapist


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("The reason, as the person will read it"),
        widget=forms.Textarea({"rows": 4}),
    )


class ReadOnlyRows(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def moderator_of(request: HttpRequest) -> Therapist:
    """The acting person. A sign-in without a profile is nobody, and may decide nothing."""
    therapist: Therapist | None = getattr(request, "therapist", None)
    return therapist or Therapist()


class OnlyFilter(admin.SimpleListFilter):
    """One choice that leaves only some rows; ``choice`` is its name, ``only`` what it leaves."""

    choice: str | Promise

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return [("yes", self.choice)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return self.only(queryset) if self.value() == "yes" else queryset

    def only(self, queryset: Any) -> Any:
        raise NotImplementedError
