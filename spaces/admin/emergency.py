"""The bad day for moderators: what was reported, what was asked and offered, whom the waves told and why."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from directory.admin.rows import ReadOnlyRows
from directory.errors import DomainError
from directory.models import Therapist
from spaces.admin.exchange import ReadOnly
from spaces.domain.building_post import remove_post
from spaces.domain.incident import confirm_incident, dismiss_incident, end_incident
from spaces.domain.wave import next_states, pause_wave, resume_wave, stop_wave
from spaces.enums import IncidentStatus, WaveState
from spaces.models import (
    BorrowedRoom,
    BuildingPost,
    Incident,
    IncidentScope,
    IncidentUpdate,
    IncidentWord,
    Need,
    NeedHour,
    Offer,
    OfferHour,
    Reply,
    Wave,
    WayBack,
)
from spaces.models.incident import IN_FORCE
from spaces.notifications.links import closing_path
from spaces.told import told_by


def move_each(
    request: HttpRequest, rows: Iterable[Any], verb: Callable[..., Any]
) -> None:
    """One domain verb for each; what a rule refuses is said, the others go on."""
    moderator = Therapist.objects.filter(user=request.user.pk).first()
    if moderator is None:
        messages.error(
            request, _("Tell who you are first: this sign-in has no profile.")
        )
        return
    moved = 0
    for row in rows:
        try:
            verb(row, by=moderator)
        except DomainError as error:
            messages.error(request, f"{row}: {error}")
        else:
            moved += 1
    if moved:
        messages.success(
            request,
            ngettext("%(count)s done.", "%(count)s done.", moved) % {"count": moved},
        )


class ScopeRows(ReadOnlyRows):
    model = IncidentScope
    fields = ["building", "office", "until"]


class WordRows(ReadOnlyRows):
    model = IncidentWord
    fields = ["therapist", "is_true", "created_at"]
    readonly_fields = ["created_at"]


class UpdateRows(ReadOnlyRows):
    model = IncidentUpdate
    fields = ["created_at", "author", "text"]
    readonly_fields = ["created_at"]


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = [
        "created_at",
        "kind",
        "places",
        "status",
        "reported_by",
        "said_true",
        "displaced",
        "closing",
    ]
    list_filter = ["status", "kind"]
    list_select_related = ["reported_by"]
    search_fields = ["summary", "scopes__building__name", "reported_by__name"]
    inlines = [ScopeRows, WordRows, UpdateRows]
    actions = ["confirm", "dismiss", "end", "add_places"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        incidents: QuerySet[Incident] = (
            super()
            .get_queryset(request)
            .prefetch_related("scopes__building", "scopes__office", "words")
        )
        return incidents.annotate(
            displacement_count=Count("displacements", distinct=True)
        )

    @admin.display(description=_("places"))
    def places(self, incident: Incident) -> str:
        return ", ".join(str(scope) for scope in incident.scopes.all())

    @admin.display(description=_("say it is true / not true"))
    def said_true(self, incident: Incident) -> str:
        words = [word.is_true for word in incident.words.all()]
        return f"{words.count(True)} / {words.count(False)}"

    @admin.display(description=_("displaced"), ordering="displacement_count")
    def displaced(self, incident: Any) -> int:
        return int(incident.displacement_count)

    @admin.display(description=_("what was done"))
    def closing(self, incident: Incident) -> str:
        if incident.status not in {*IN_FORCE, IncidentStatus.OVER}:
            return ""
        return format_html(
            '<a href="{}">{}</a>', closing_path(incident), _("Closing report")
        )

    @admin.action(
        description=_("It is true: close the rooms and tell everyone concerned")
    )
    def confirm(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        move_each(request, queryset, confirm_incident)

    @admin.action(description=_("It is not true: dismiss, everything as it was"))
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        move_each(request, queryset, dismiss_incident)

    @admin.action(description=_("It is over: open everything from now on"))
    def end(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        move_each(request, queryset, end_incident)

    @admin.action(description=_("More buildings: a street, a neighbourhood"))
    def add_places(
        self, request: HttpRequest, queryset: QuerySet[Incident]
    ) -> HttpResponse | None:
        """On the incident's own page for it, which says first what would follow."""
        chosen = list(queryset[:2])
        if len(chosen) != 1:
            messages.error(request, _("Choose one incident."))
            return None
        return redirect("spaces:incident_places", chosen[0].pk)


MOVES = {
    WaveState.PAUSED: (pause_wave, _("Pause: ask nobody else for now")),
    WaveState.RUNNING: (resume_wave, _("Let it go on")),
    WaveState.STOPPED: (stop_wave, _("Stop: send nothing that still waits")),
}


@admin.register(Wave)
class WaveAdmin(ReadOnly):
    list_display = [
        "number",
        "incident",
        "need",
        "state",
        "reach_percent",
        "told",
        "started_at",
        "next_at",
    ]
    list_filter = ["state"]
    list_select_related = ["incident", "need__therapist"]
    actions = ["pause", "resume", "stop"]
    change_form_template = "admin/spaces/wave/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wave]:
        waves: QuerySet[Wave] = super().get_queryset(request)
        return waves.annotate(recipient_count=Count("recipients"))

    # --- One wave's page: it looks for news by itself while mails are on their way ---

    def get_urls(self) -> list[URLPattern]:
        move = path(
            "<int:pk>/move/",
            self.admin_site.admin_view(self.move),
            name="spaces_wave_move",
        )
        return [move, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        wave = self.get_object(request, object_id)
        shown: dict[str, Any] = {}
        if isinstance(wave, Wave) and self.has_view_permission(request, wave):
            me = Therapist.objects.filter(user=request.user.pk).first()
            shown = {
                "told": told_by(wave),
                "moves": [
                    {"to": state, "label": MOVES[state][1]}
                    for state in (next_states(wave, me) if me else [])
                    if state in MOVES
                ],
            }
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **shown}
        )

    @method_decorator(require_POST)
    def move(self, request: HttpRequest, pk: int) -> HttpResponse:
        wave = get_object_or_404(Wave, pk=pk)
        if not self.has_view_permission(request, wave):
            raise PermissionDenied
        state = request.POST.get("to", "")
        if state in set(MOVES):
            move_each(request, [wave], MOVES[WaveState(state)][0])
        return redirect("admin:spaces_wave_change", pk)

    @admin.display(description=_("people told"), ordering="recipient_count")
    def told(self, wave: Any) -> int:
        return int(wave.recipient_count)

    @admin.action(description=_("Pause: ask nobody else for now"))
    def pause(self, request: HttpRequest, queryset: QuerySet[Wave]) -> None:
        move_each(request, queryset, pause_wave)

    @admin.action(description=_("Let it go on"))
    def resume(self, request: HttpRequest, queryset: QuerySet[Wave]) -> None:
        move_each(request, queryset, resume_wave)

    @admin.action(description=_("Stop: send nothing that still waits"))
    def stop(self, request: HttpRequest, queryset: QuerySet[Wave]) -> None:
        move_each(request, queryset, stop_wave)


class NeedHourRows(ReadOnlyRows):
    model = NeedHour
    fields = ["weekday", "start", "end", "is_must"]


@admin.register(Need)
class NeedAdmin(ReadOnly):
    list_display = [
        "therapist",
        "author",
        "incident",
        "status",
        "first_date",
        "last_date",
        "published_at",
    ]
    list_filter = ["status"]
    list_select_related = ["therapist", "author", "incident"]
    search_fields = ["therapist__name", "author__name"]
    inlines = [NeedHourRows]


class OfferHourRows(ReadOnlyRows):
    model = OfferHour
    fields = ["weekday", "start", "end"]


@admin.register(Offer)
class OfferAdmin(ReadOnly):
    list_display = [
        "helper",
        "need",
        "office",
        "status",
        "price_cents",
        "created_at",
        "decided_at",
    ]
    list_filter = ["status"]
    list_select_related = ["helper", "need__therapist", "office"]
    search_fields = ["helper__name", "need__therapist__name"]
    inlines = [OfferHourRows]


@admin.register(Reply)
class ReplyAdmin(ReadOnly):
    """What became of each answer by mail. Not what it said: a no is shown to nobody."""

    list_display = ["created_at", "recipient", "wave", "outcome"]
    list_filter = ["outcome"]
    list_select_related = ["told__wave", "told__recipient"]
    search_fields = ["told__recipient__name"]
    fields = ["created_at", "recipient", "wave", "outcome"]

    @admin.display(description=_("from"), ordering="told__recipient__name")
    def recipient(self, reply: Reply) -> str:
        return str(reply.told.recipient)

    @admin.display(description=_("wave"))
    def wave(self, reply: Reply) -> str:
        return str(reply.told.wave)


@admin.register(BorrowedRoom)
class BorrowedRoomAdmin(ReadOnly):
    list_display = ["booking", "status", "kind", "proposed_by", "answer_by"]
    list_filter = ["status", "kind"]
    list_select_related = ["booking__guest", "booking__office", "proposed_by"]


@admin.register(WayBack)
class WayBackAdmin(ReadOnly):
    list_display = ["guest", "incident", "status", "answer_by", "decided_at"]
    list_filter = ["status"]
    list_select_related = ["guest", "incident"]


@admin.register(BuildingPost)
class BuildingPostAdmin(ReadOnly):
    list_display = ["created_at", "building", "author", "text", "removed_at"]
    list_select_related = ["building", "author"]
    search_fields = ["building__name", "author__name", "text"]
    actions = ["take_back"]

    @admin.action(description=_("Take back: mails that still wait are not sent"))
    def take_back(self, request: HttpRequest, queryset: QuerySet[BuildingPost]) -> None:
        move_each(request, queryset, remove_post)
