"""The moderation desk for people: the admin looks, the domain moves."""

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from directory.domain.delivery import try_again
from directory.domain.membership import (
    approve_applicant,
    decline_applicant,
    next_standings,
    reinstate_member,
    suspend_member,
)
from directory.enums import DeliveryState, Standing
from directory.errors import DomainError
from directory.models import (
    Community,
    Delivery,
    Licence,
    StandingEvent,
    Supervision,
    SupervisionRule,
    Term,
    Therapist,
    User,
)
from directory.registry import message_kinds

S = Standing
WAITING = [DeliveryState.PENDING, DeliveryState.UNCERTAIN]
OVER = [DeliveryState.FAILED, DeliveryState.SKIPPED]
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


class ReadOnlyRows(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StandingRows(ReadOnlyRows):
    model = StandingEvent
    fk_name = "therapist"
    fields = ["created_at", "old", "new", "actor", "reason"]

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


class SupervisionRows(admin.TabularInline):
    model = Supervision
    fk_name = "trainee"
    extra = 0
    fields = ["supervisor_name", "supervisor", "employer", "stand_in", "accepted_at"]
    raw_id_fields = ["supervisor", "stand_in"]


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


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("The reason, as the person will read it"),
        widget=forms.Textarea({"rows": 4}),
    )


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
    list_filter = [StandingFilter]
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
            "title": _("Decline with a reason"),
            "opts": self.opts,
            "form": form,
            "therapists": queryset,
        }
        return TemplateResponse(
            request, "admin/directory/therapist/decline.html", context
        )

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Therapist],
        verb: Callable[..., Therapist],
        **words: str,
    ) -> None:
        by = _moderator(request)
        done = 0
        for therapist in queryset:
            try:
                verb(therapist, by=by, **words)
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
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
        return [decide, *super().get_urls()]

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
            },
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        therapist = get_object_or_404(Therapist, pk=pk)
        found = VERBS.get((therapist.standing, request.POST.get("to", "")))
        if found is None:
            self.message_user(request, _("Someone decided already."), messages.WARNING)
        else:
            reason = request.POST.get("reason", "")
            self._decide(
                request, Therapist.objects.filter(pk=pk), found[0], reason=reason
            )
        return redirect(reverse("admin:directory_therapist_change", args=[pk]))


def _moderator(request: HttpRequest) -> Therapist:
    """The acting person. A sign-in without a profile is nobody, and may decide nothing."""
    therapist: Therapist | None = getattr(request, "therapist", None)
    return therapist or Therapist()


class KindFilter(admin.SimpleListFilter):
    """By what the apps registered: the table is not read for it."""

    title = gettext_lazy("message")
    parameter_name = "kind"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return [(kind.name, kind.name) for kind in message_kinds()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Delivery]
    ) -> QuerySet[Delivery]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):
    """What was promised to whom, and where it is. What it carries is not shown: some of it is secret."""

    list_display = [
        "kind",
        "whom",
        "state",
        "priority",
        "attempts",
        "created_at",
        "sent_at",
        "reason",
    ]
    list_filter = ["state", "priority", KindFilter]
    list_select_related = ["recipient__user"]
    search_fields = ["recipient__name", "recipient__user__email", "address", "cause"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["kind", "whom", "cause", "priority", "state", "reason"]}),
        (
            gettext_lazy("Its life"),
            {
                "fields": [
                    "life",
                    "attempts",
                    "message_id",
                    "not_before",
                    "next_attempt_at",
                    "expires_at",
                    "drain",
                ]
            },
        ),
    ]
    actions = ["send_again"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("to"), ordering="recipient__name")
    def whom(self, delivery: Delivery) -> str:
        return str(delivery.recipient or delivery.address)

    @admin.display(description=gettext_lazy("what happened"))
    def life(self, delivery: Delivery) -> str:
        """In order of time, as far as the row tells: of several attempts the last."""
        moments = [
            (delivery.created_at, _("promised")),
            (delivery.claimed_at, _("taken up by a sender")),
            (delivery.uncertain_at, _("its fate was lost")),
            (delivery.sent_at, _("sent")),
        ]
        happened = sorted((moment, what) for moment, what in moments if moment)
        lines = [
            (date_format(timezone.localtime(moment), "DATETIME_FORMAT"), what)
            for moment, what in happened
        ]
        if delivery.next_attempt_at and delivery.state in WAITING:
            due = date_format(
                timezone.localtime(delivery.next_attempt_at), "DATETIME_FORMAT"
            )
            lines.append((due, _("due (again)") if delivery.attempts else _("due")))
        elif delivery.state in OVER:
            lines.append((_("in the end"), delivery.get_state_display()))
        return format_html_join("", "<div>{}: {}</div>", lines)

    @admin.action(description=gettext_lazy("Try again"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        count = try_again(queryset.values_list("pk", flat=True))
        said = ngettext(
            "%(count)s message goes out again.",
            "%(count)s messages go out again.",
            count,
        )
        self.message_user(request, said % {"count": count})


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


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Sign-ins, for administrators. Passwords are nobody's but their owner's."""

    list_display = [
        "email",
        "therapist",
        "is_active",
        "is_staff",
        "is_superuser",
        "date_joined",
        "last_login",
    ]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    list_select_related = ["therapist"]
    search_fields = ["email", "therapist__name"]
    fields = [
        "email",
        "is_active",
        "is_staff",
        "is_superuser",
        "date_joined",
        "last_login",
    ]
    readonly_fields = ["email", "date_joined", "last_login"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
