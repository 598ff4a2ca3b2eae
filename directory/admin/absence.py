from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.admin.rows import moderator_of
from directory.models import Absence, Therapist


class AbsenceForm(forms.ModelForm):
    class Meta:
        model = Absence
        fields = ["moderator", "stand_in", "first_date", "last_date"]
        help_texts = {
            "stand_in": gettext_lazy(
                "Another moderator, who is told each morning for whom they stand in."
            ),
            "last_date": gettext_lazy(
                "From the day after, the moderators’ mail comes to you again."
            ),
        }

    def clean(self) -> dict[str, Any]:
        """Whoever stands in is there all the while."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if {"stand_in", "first_date", "last_date"} <= said.keys():
            away = Absence.objects.filter(
                moderator=said["stand_in"],
                first_date__lte=said["last_date"],
                last_date__gte=said["first_date"],
            ).first()
            if away:
                raise ValidationError(
                    {
                        "stand_in": _(
                            "%(name)s is away themselves until %(until)s. Choose somebody else."
                        )
                        % {"name": away.moderator, "until": away.last_date}
                    }
                )
        return said


@admin.register(Absence)
class AbsenceAdmin(admin.ModelAdmin):
    """While somebody is away the moderators' mail goes to the others. Incidents are told to all, as ever."""

    form = AbsenceForm
    list_display = ["moderator", "stand_in", "first_date", "last_date"]
    list_select_related = ["moderator", "stand_in"]
    search_fields = ["moderator__name", "stand_in__name"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"moderator": moderator_of(request).pk}

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Plain: nobody is added or changed from here."""
        moderators = Therapist.objects.moderators().order_by("name", "pk")
        return db_field.formfield(**{**kwargs, "queryset": moderators})

    def formfield_for_dbfield(
        self, db_field: Field, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if isinstance(db_field, ForeignKey):
            return self.formfield_for_foreignkey(db_field, request, **kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)
