"""Licences that wait to be looked up, one by one or in batches; who checked what."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from directory.admin.rows import ReadOnlyRows, ReasonForm, moderator_of
from directory.domain.licence import check_licence, refuse_renewal
from directory.errors import DomainError
from directory.models import Licence, LicenceCheck, LicenceRegister


class CheckRows(ReadOnlyRows):
    model = LicenceCheck
    fields = ["created_at", "verdict", "expires_on", "by", "words"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[LicenceCheck]:
        return super().get_queryset(request).select_related("by")


class RenewalFilter(admin.SimpleListFilter):
    """Renewals that wait, unless one asks for all."""

    title = gettext_lazy("renewal")
    parameter_name = "renewal"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return [("waits", gettext_lazy("Waits")), ("all", gettext_lazy("All"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for value, label in self.lookup_choices:
            yield {
                "selected": (self.value() or "waits") == value,
                "query_string": changelist.get_query_string({"renewal": value}),
                "display": label,
            }

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Licence]
    ) -> QuerySet[Licence]:
        if self.value() == "all":
            return queryset
        return queryset.filter(renews_until__isnull=False)


@admin.register(Licence)
class LicenceAdmin(admin.ModelAdmin):
    list_display = [
        "therapist",
        "kind",
        "number",
        "jurisdiction",
        "expires_on",
        "renews_until",
        "renewal_sent_at",
        "look_up",
    ]
    list_filter = [RenewalFilter]
    list_select_related = ["therapist", "kind"]
    search_fields = ["number", "therapist__name", "therapist__user__email"]
    show_full_result_count = False
    ordering = ["renewal_sent_at", "pk"]
    fields = [
        "therapist",
        "kind",
        "number",
        "jurisdiction",
        "expires_on",
        "renews_until",
        "checked_by",
        "checked_at",
        "look_up",
    ]
    inlines = [CheckRows]
    actions = ["checked", "refuse"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # on the person's page

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Licence]:
        self.registers = dict(
            LicenceRegister.objects.values_list("jurisdiction", "url")
        )
        rows: QuerySet[Licence] = super().get_queryset(request)
        return rows

    @admin.display(description=gettext_lazy("look up"))
    def look_up(self, licence: Licence) -> str:
        url = self.registers.get(licence.jurisdiction)
        return (
            format_html('<a href="{}" rel="noreferrer">{}</a>', url, _("Look it up"))
            if url
            else "–"
        )

    @admin.action(
        description=gettext_lazy("Looked up: as stated"), permissions=["view"]
    )
    def checked(self, request: HttpRequest, queryset: QuerySet[Licence]) -> None:
        self._decide(request, queryset, check_licence)

    @admin.action(
        description=gettext_lazy("Refuse the renewal with a reason"),
        permissions=["view"],
    )
    def refuse(
        self, request: HttpRequest, queryset: QuerySet[Licence]
    ) -> HttpResponse | None:
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            self._decide(request, queryset, refuse_renewal, **form.cleaned_data)
            return None
        context = self.admin_site.each_context(request) | {
            "back": request.path,
            "title": _("Refuse the renewal with a reason"),
            "opts": self.opts,
            "form": form,
            "rows": queryset,
            "action": "refuse",
            "button": _("Refuse and tell them why"),
        }
        return TemplateResponse(request, "admin/directory/reason.html", context)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Licence],
        verb: Callable[..., Licence],
        **words: str,
    ) -> None:
        by = moderator_of(request)
        done = []
        for licence in queryset:
            try:
                done.append(verb(licence, by=by, **words))
            except DomainError as error:
                self.message_user(request, f"{licence}: {error}", messages.ERROR)
        for licence in done:
            said = f"{verb.__name__}: {words.get('reason', '')}".strip(": ")
            self.log_change(request, licence, said)
        if done:
            said = ngettext(
                "%(count)s licence decided.", "%(count)s licences decided.", len(done)
            )
            self.message_user(request, said % {"count": len(done)}, messages.SUCCESS)


@admin.register(LicenceRegister)
class LicenceRegisterAdmin(admin.ModelAdmin):
    list_display = ["jurisdiction", "url"]

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
