from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from directory.domain.delivery import try_again
from directory.enums import DeliveryState
from directory.models import (
    Delivery,
)
from directory.registry import message_kinds

WAITING = [DeliveryState.PENDING, DeliveryState.UNCERTAIN]
OVER = [DeliveryState.FAILED, DeliveryState.SKIPPED]


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
        "fate",
        "priority",
        "attempts",
        "created_at",
        "sent_at",
        "reason",
    ]
    list_filter = ["state", "fate", "priority", KindFilter]
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
            (delivery.fate_at, delivery.get_fate_display()),
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
