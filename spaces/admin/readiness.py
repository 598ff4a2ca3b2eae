"""Before the bad day, for moderators: what was pledged, what drills found."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from directory.admin.rows import ReadOnlyRows
from spaces.admin.exchange import ReadOnly
from spaces.models import Drill, Pledge, PledgeHour


class PledgeHourRows(ReadOnlyRows):
    model = PledgeHour
    fields = ["weekday", "start", "end"]


@admin.register(Pledge)
class PledgeAdmin(ReadOnly):
    list_display = [
        "therapist",
        "office",
        "weeks",
        "price_cents",
        "joins_drills",
        "confirmed_at",
    ]
    list_filter = ["joins_drills"]
    list_select_related = ["therapist", "office"]
    search_fields = ["therapist__name", "office__name"]
    exclude = ["free"]
    inlines = [PledgeHourRows]


@admin.register(Drill)
class DrillAdmin(ReadOnly):
    """Started and read on pages of their own."""

    list_display = ["created_at", "places", "by", "state", "found"]
    list_filter = ["state"]
    list_select_related = ["by"]
    fields = ["by", "days", "mails_who_joined", "state", "problem", "found"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drill]:
        drills: QuerySet[Drill] = super().get_queryset(request)
        return drills.prefetch_related("buildings")

    @admin.display(description=_("places"))
    def places(self, drill: Drill) -> str:
        return str(drill)

    @admin.display(description=_("what it found"))
    def found(self, drill: Drill) -> str:
        return format_html('<a href="{}">{}</a>', drill.get_absolute_url(), _("Report"))
