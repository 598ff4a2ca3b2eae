from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.admin.rows import moderator_of
from directory.domain.vocabulary import retire_term
from directory.errors import DomainError
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
            gettext_lazy("How many days things are kept"),
            {
                "description": gettext_lazy(
                    "Deleted every night after that. Everybody can read it on the page “What we keep”."
                ),
                "fields": [
                    "keep_messages_days",
                    "keep_deliveries_days",
                    "keep_declined_days",
                    "keep_code_views_days",
                    "keep_posts_days",
                    "keep_drills_days",
                    "keep_audit_days",
                ],
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


class RetireForm(forms.Form):
    into = forms.ModelChoiceField(
        label=gettext_lazy("The term of the same vocabulary that takes its place"),
        queryset=Term.objects.current(),
        widget=AutocompleteSelect(Term.replaced_by.field, admin.site),
    )


@admin.register(Term)
class TermAdmin(admin.ModelAdmin):
    list_display = ["label", "kind", "group", "slug", "synonyms", "retired"]
    list_filter = ["kind", "group", "retired"]
    search_fields = ["label", "slug", "synonyms"]
    actions = ["retire"]
    fields = ["kind", "slug", "label", "synonyms", "group", "retired", "replaced_by"]
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # retired terms stay with those who chose them

    def get_readonly_fields(
        self, request: HttpRequest, obj: Term | None = None
    ) -> list[str]:
        gave_way = obj is not None and obj.replaced_by_id is not None
        return ["replaced_by", *(["retired"] if gave_way else [])]

    @admin.action(
        description=gettext_lazy("Retire into another term …"), permissions=["change"]
    )
    def retire(
        self, request: HttpRequest, queryset: QuerySet[Term]
    ) -> HttpResponse | None:
        form = RetireForm(request.POST if "into" in request.POST else None)
        if form.is_valid():
            for term in queryset:
                self._retire(request, term, form.cleaned_data["into"])
            return None
        context = self.admin_site.each_context(request) | {
            "back": request.path,
            "title": _("Retire into another term"),
            "opts": self.opts,
            "form": form,
            "rows": queryset,
            "action": "retire",
            "button": _("Let it take their place"),
        }
        return TemplateResponse(request, "admin/directory/reason.html", context)

    def _retire(self, request: HttpRequest, term: Term, into: Term) -> None:
        try:
            retire_term(term, into=into, by=moderator_of(request))
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.log_change(
                request, term, _("Gave way to “%(term)s”.") % {"term": into}
            )
            said = _("“%(old)s” is a synonym of “%(new)s” now.")
            self.message_user(
                request, said % {"old": term, "new": into}, messages.SUCCESS
            )


@admin.register(SupervisionRule)
class SupervisionRuleAdmin(admin.ModelAdmin):
    list_display = ["jurisdiction", "kind", "party", "source", "looked_up_on"]
    list_filter = ["jurisdiction"]
    list_select_related = ["kind"]
    autocomplete_fields = ["kind"]
