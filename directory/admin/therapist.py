"""People: the admin looks, the domain moves."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from directory.admin.merge import merge_into
from directory.admin.roster import roster, roster_export
from directory.admin.rows import OnlyFilter, ReadOnlyRows, ReasonForm, moderator_of
from directory.admin.seeing import see_as
from directory.alike import people_with_an_address_like
from directory.domain.application import write_message
from directory.domain.licence import check_licence
from directory.domain.membership import (
    approve_applicant,
    decline_applicant,
    next_standings,
    reinstate_member,
    suspend_member,
)
from directory.enums import Standing
from directory.errors import DomainError
from directory.models import (
    Insurance,
    Licence,
    LicenceRegister,
    StandingEvent,
    Supervision,
    Therapist,
)
from directory.registry import commitments_of
from directory.tasks import settle_departures, soon

S = Standing
VERBS: dict[
    tuple[str, str], tuple[Callable[..., Therapist], Any, bool]
] = {  # the verb, its button, asks why?
    (S.APPLICANT, S.MEMBER): (approve_applicant, gettext_lazy("Approve"), False),
    (S.APPLICANT, S.LEFT): (
        decline_applicant,
        gettext_lazy("Decline with this reason"),
        True,
    ),
    (S.MEMBER, S.SUSPENDED): (
        suspend_member,
        gettext_lazy("Suspend with this reason"),
        True,
    ),
    (S.SUSPENDED, S.MEMBER): (reinstate_member, gettext_lazy("Reinstate"), False),
}


class StandingRows(ReadOnlyRows):
    model = StandingEvent
    fk_name = "therapist"
    fields = ["created_at", "old", "new", "actor", "reason", "is_unsafe"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StandingEvent]:
        return super().get_queryset(request).select_related("actor")


class LicenceRows(admin.TabularInline):
    model = Licence
    fk_name = "therapist"
    extra = 0
    fields = [
        "kind",
        "number",
        "jurisdiction",
        "expires_on",
        "checked_by",
        "checked_at",
    ]
    readonly_fields = ["checked_by", "checked_at"]
    autocomplete_fields = ["kind"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_own(request, obj) and super().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_own(request, obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its checks are history


class SupervisionRows(admin.TabularInline):
    model = Supervision
    fk_name = "trainee"
    extra = 0
    fields = ["supervisor_name", "supervisor", "employer", "stand_in", "accepted_at"]
    raw_id_fields = ["supervisor", "stand_in"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_own(request, obj) and super().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_own(request, obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_own(request, obj) and super().has_delete_permission(request, obj)


def _is_own(request: HttpRequest, therapist: Therapist | None) -> bool:
    """Nobody decides about themselves."""
    return therapist is not None and therapist.user_id == request.user.pk


class LapsedFilter(OnlyFilter):
    title = gettext_lazy("licence")
    parameter_name = "lapsed"
    choice = gettext_lazy("Lapsed")

    def only(self, queryset: QuerySet[Therapist]) -> QuerySet[Therapist]:
        return queryset.filter(lapsed_on__isnull=False)


class StandingFilter(admin.SimpleListFilter):
    """The queue of applicants, unless one asks for others."""

    title = gettext_lazy("standing")
    parameter_name = "standing"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return [*Standing.choices, ("all", gettext_lazy("All"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for value, label in self.lookup_choices:
            yield {
                "selected": (self.value() or S.APPLICANT) == value,
                "query_string": changelist.get_query_string(
                    {self.parameter_name: value}
                ),
                "display": label,
            }

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Therapist]
    ) -> QuerySet[Therapist]:
        wanted = self.value() or S.APPLICANT
        return queryset if wanted == "all" else queryset.filter(standing=wanted)


@admin.register(Therapist)
class TherapistAdmin(admin.ModelAdmin):
    list_display = [
        "name",
        "credentials",
        "licence",
        "zip_code",
        "standing",
        "since",
        "decided_by",
    ]
    list_filter = [StandingFilter, LapsedFilter]
    show_full_result_count = False
    search_fields = ["name", "user__email", "email"]
    actions = ["approve", "decline"]
    inlines = [LicenceRows, SupervisionRows, StandingRows]
    fields = [
        "name",
        "standing",
        "user",
        "email",
        "credentials",
        "neighbourhood",
        "zip_code",
        "pronouns",
        "headline",
        "bio",
        "contact_email",
        "phone",
        "website",
        "supervises",
        "invited_by",
        "joined_at",
        "agreed_at",
        "bounced_at",
    ]  # what people chose about mail and emergencies is theirs
    readonly_fields = ["standing", "joined_at", "agreed_at"]
    raw_id_fields = ["user", "invited_by"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    change_form_template = "admin/directory/therapist/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Therapist]:
        rows: QuerySet[Therapist] = super().get_queryset(request)
        return rows.select_related("user").prefetch_related(
            "licences__kind", "standing_events__actor"
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # nothing is deleted that someone else relied on

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: bool
    ) -> None:
        """Whoever enters or corrects a licence has looked it up, and stands for it."""
        super().save_formset(request, form, formset, change)
        if formset.model is Licence:
            changed = [row for row, _fields in formset.changed_objects]
            for licence in [*formset.new_objects, *changed]:
                check_licence(licence, by=moderator_of(request))

    @admin.display(description=gettext_lazy("licence"))
    def licence(self, therapist: Therapist) -> str:
        return ", ".join(str(licence) for licence in therapist.licences.all())

    @admin.display(description=gettext_lazy("since"))
    def since(self, therapist: Therapist) -> Any:
        events = list(therapist.standing_events.all())
        return events[-1].created_at if events else None

    @admin.display(description=gettext_lazy("by"))
    def decided_by(self, therapist: Therapist) -> str:
        events = list(therapist.standing_events.all())
        return str(events[-1].actor or "–") if events else "–"

    @admin.action(description=gettext_lazy("Approve"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Therapist]) -> None:
        self._decide(request, queryset, approve_applicant)

    @admin.action(description=gettext_lazy("Decline with a reason"))
    def decline(
        self, request: HttpRequest, queryset: QuerySet[Therapist]
    ) -> HttpResponse | None:
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            self._decide(
                request, queryset, decline_applicant, reason=form.cleaned_data["reason"]
            )
            return None
        context = self.admin_site.each_context(request) | {
            "back": request.path,
            "title": _("Decline with a reason"),
            "opts": self.opts,
            "form": form,
            "rows": queryset,
            "action": "decline",
            "button": _("Decline and tell them why"),
        }
        return TemplateResponse(request, "admin/directory/reason.html", context)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Therapist],
        verb: Callable[..., Therapist],
        **words: Any,
    ) -> None:
        by = moderator_of(request)
        done = 0
        for therapist in queryset:
            try:
                verb(therapist, by=by, **words)
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                said = f"{verb.__name__}: {words.get('reason', '')}"
                if words.get("is_unsafe"):
                    said += _(" (for safety: what was booked ends at once)")
                self.log_change(request, therapist, said.strip(": "))
                done += 1
        if done:
            said = ngettext(
                "%(count)s person is told.", "%(count)s people are told.", done
            )
            self.message_user(request, said % {"count": done}, messages.SUCCESS)

    # --- One person's page ---

    def get_urls(self) -> list[URLPattern]:
        decide = path(
            "<int:pk>/decide/",
            self.admin_site.admin_view(self.decide),
            name="directory_therapist_decide",
        )
        write = path(
            "<int:pk>/write/",
            self.admin_site.admin_view(self.write),
            name="directory_therapist_write",
        )
        imported = path(
            "roster/", self.admin_site.admin_view(roster), name="directory_roster"
        )
        exported = path(
            "roster/export/",
            self.admin_site.admin_view(roster_export),
            name="directory_roster_export",
        )
        see = path(
            "<int:pk>/see/",
            self.admin_site.admin_view(see_as),
            name="directory_therapist_see",
        )
        merged = path(
            "<int:pk>/merge/",
            self.admin_site.admin_view(merge_into),
            name="directory_therapist_merge",
        )
        return [decide, write, imported, exported, see, merged, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        therapist = self.get_object(request, object_id)
        by = getattr(request, "therapist", None)
        decisions = []
        if isinstance(therapist, Therapist) and by is not None:
            decisions = [
                {
                    "to": new,
                    "label": VERBS[therapist.standing, new][1],
                    "asks": VERBS[therapist.standing, new][2],
                }
                for new in next_standings(therapist, by)
                if (therapist.standing, new) in VERBS
            ]
        return super().change_view(
            request,
            object_id,
            form_url,
            {
                **(extra_context or {}),
                "decisions": decisions,
                "reason_form": ReasonForm(),
                "may_suspend": any(
                    decision["to"] == S.SUSPENDED for decision in decisions
                ),
                **(_file_of(therapist) if isinstance(therapist, Therapist) else {}),
            },
        )

    def write(self, request: HttpRequest, pk: int) -> HttpResponse:
        """To an applicant, who is mailed and answers on their own page."""
        therapist = get_object_or_404(Therapist, pk=pk)
        try:
            write_message(
                therapist, by=moderator_of(request), text=request.POST.get("text", "")
            )
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.log_change(request, therapist, _("Wrote to the applicant."))
            self.message_user(request, _("Sent."), messages.SUCCESS)
        return redirect(reverse("admin:directory_therapist_change", args=[pk]))

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        therapist = get_object_or_404(Therapist, pk=pk)
        found = VERBS.get((therapist.standing, request.POST.get("to", "")))
        if found is None:
            self.message_user(request, _("Someone decided already."), messages.WARNING)
        else:
            reason = request.POST.get("reason", "")
            words: dict[str, Any] = {"reason": reason}
            if found[0] is suspend_member:
                words["is_unsafe"] = "is_unsafe" in request.POST
            self._decide(request, Therapist.objects.filter(pk=pk), found[0], **words)
            soon(settle_departures)
        return redirect(reverse("admin:directory_therapist_change", args=[pk]))


def _file_of(therapist: Therapist) -> dict[str, Any]:
    """What a moderator looks at before they decide."""
    held = list(therapist.licences.select_related("kind"))
    same = Q(pk=None)
    for licence in held:
        same |= Q(number__iexact=licence.number, jurisdiction=licence.jurisdiction)
    states = {licence.jurisdiction for licence in held}
    return {
        "said": therapist.application_messages.select_related("author"),
        "insurance": Insurance.objects.filter(therapist=therapist).first(),
        "vouches": therapist.vouches_received.select_related("by"),
        "same_licence": Licence.objects.filter(same)
        .exclude(therapist=therapist)
        .select_related("therapist", "kind"),
        "same_address": people_with_an_address_like(therapist),
        "registers": LicenceRegister.objects.filter(jurisdiction__in=states),
        "commitments": commitments_of(therapist),
        "is_applicant": therapist.standing == S.APPLICANT,
    }
