from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.admin.rows import moderator_of
from directory.domain.report import decide_report
from directory.enums import ReportOutcome
from directory.errors import DomainError
from directory.models import Report

OUTCOMES = [  # as buttons; what was decided is said by the enum
    (ReportOutcome.NOTHING, gettext_lazy("Nothing to be done")),
    (ReportOutcome.SPOKEN, gettext_lazy("Write this reason to them")),
    (ReportOutcome.SUSPENDED, gettext_lazy("Suspend them with this reason")),
]


class DecisionForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("The reason, as the person will read it"),
        widget=forms.Textarea({"rows": 4}),
    )


class OutcomeFilter(admin.SimpleListFilter):
    title = gettext_lazy("decision")
    parameter_name = "decided"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("decided")), ("no", gettext_lazy("open"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.exclude(outcome="")
        return queryset.filter(outcome="") if self.value() == "no" else queryset


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    """Of a conversation only what the one who reported lets moderators read."""

    list_display = ["about", "reporter", "created_at", "outcome", "decided_by"]
    list_filter = [OutcomeFilter]
    list_select_related = ["about", "reporter", "decided_by"]
    search_fields = ["about__name", "reporter__name"]
    show_full_result_count = False
    fields = [
        "about",
        "reporter",
        "created_at",
        "text",
        "messages",
        "outcome",
        "reason",
        "decided_by",
        "decided_at",
    ]
    change_form_template = "admin/directory/report/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("what they wrote to each other"))
    def messages(self, report: Report) -> str:
        if report.conversation is None:
            return "–"
        written = report.conversation.messages.select_related("author")
        lines = [
            (
                date_format(timezone.localtime(one.created_at), "DATETIME_FORMAT"),
                one.author,
                one.text,
            )
            for one in written.order_by("-pk")[:50]
        ]
        return format_html_join("", "<div>{} {}: {}</div>", reversed(lines))

    def get_urls(self) -> list[URLPattern]:
        decide = path(
            "<int:pk>/decide/",
            self.admin_site.admin_view(self.decide),
            name="directory_report_decide",
        )
        return [decide, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        report = self.get_object(request, object_id)
        is_open = isinstance(report, Report) and not report.outcome
        more = {
            "outcomes": OUTCOMES if is_open else [],
            "decision_form": DecisionForm(),
        }
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **more}
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        report = get_object_or_404(Report, pk=pk)
        outcome = request.POST.get("outcome", "")
        if request.method == "POST" and outcome in ReportOutcome.values:
            try:
                decide_report(
                    report,
                    by=moderator_of(request),
                    outcome=ReportOutcome(outcome),
                    reason=request.POST.get("reason", ""),
                )
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, _("Decided."), messages.SUCCESS)
        return redirect(reverse("admin:directory_report_change", args=[pk]))
