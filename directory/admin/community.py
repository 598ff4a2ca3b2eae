from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from directory.models import (
    Community,
    SupervisionRule,
    Term,
)


class CommunityForm(forms.ModelForm):
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=lambda: [(zone, zone) for zone in sorted(available_timezones())],
    )


@admin.register(Community)
class CommunityAdmin(admin.ModelAdmin):
    form = CommunityForm
    list_display = ["name", "area", "timezone", "distance_unit", "currency"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "area",
                    "timezone",
                    "distance_unit",
                    "currency",
                    "jurisdiction",
                    "latitude",
                    "longitude",
                    "answer_days",
                    "join_questions",
                    "invitations_a_month",
                    "agreement",
                ]
            },
        ),
        (
            gettext_lazy("Calls for help"),
            {
                "description": gettext_lazy(
                    "Colleagues are asked in waves: the nearest first, the next wave wider, until all hours are covered."
                ),
                "fields": [
                    "wave_minutes",
                    "urgent_wave_minutes",
                    "wave_size",
                    "wave_growth_percent",
                    "wave_reach_percent",
                    "wave_limit",
                    "daily_cap",
                ],
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Community.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Term)
class TermAdmin(admin.ModelAdmin):
    list_display = ["label", "kind", "group", "slug", "synonyms", "retired"]
    list_filter = ["kind", "group", "retired"]
    search_fields = ["label", "slug", "synonyms"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # retired terms stay with those who chose them


@admin.register(SupervisionRule)
class SupervisionRuleAdmin(admin.ModelAdmin):
    list_display = ["jurisdiction", "kind", "party", "source", "looked_up_on"]
    list_filter = ["jurisdiction"]
    list_select_related = ["kind"]
    autocomplete_fields = ["kind"]
