"""Rooms, hours and bookings for moderators: the admin looks, the domain moves."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from directory.admin.rows import OnlyFilter, ReadOnlyRows
from spaces.domain.office import keep_local_hours, set_hidden
from spaces.hours import clock
from spaces.models import (
    Booking,
    BookingEvent,
    Building,
    Closure,
    HandOn,
    Occurrence,
    Office,
    Opening,
    WaitlistEntry,
)
from spaces.models.opening import OpeningQuerySet
from spaces.week import day_name


class ReadOnly(admin.ModelAdmin):
    """To look at: what these rows say changes through ``spaces.domain`` alone."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Building)
class BuildingAdmin(admin.ModelAdmin):
    list_display = ["name", "street", "zip_code", "city", "timezone", "office_count"]
    list_filter = ["city", "is_step_free"]
    show_full_result_count = False
    search_fields = ["name", "street", "zip_code"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    ("street", "zip_code", "city"),
                    "neighbourhood",
                    ("latitude", "longitude"),
                    "is_step_free",
                    "access",
                ]
            },
        ),
        (
            _("Time"),
            {
                "fields": ["timezone"],
                "description": _(
                    "If this changes, the hours that rooms offer mean the same time on the clock in the new zone. "
                    "Booked and asked dates, and closures, stay the moments they are: their hours read otherwise, so "
                    "tell those concerned."
                ),
            },
        ),
    ]

    def save_model(
        self, request: HttpRequest, obj: Building, form: Any, change: Any
    ) -> None:
        super().save_model(request, obj, form, change)
        if not (change and "timezone" in form.changed_data):
            return
        offices = keep_local_hours(obj)
        booked = Occurrence.objects.filter(office__in=offices).taking()
        rooms, dates = len(offices), booked.ending_after(timezone.now()).count()
        hours = ngettext(
            "The hours of %(count)s room mean the same on the clock in %(zone)s.",
            "The hours of %(count)s rooms mean the same on the clock in %(zone)s.",
            rooms,
        ) % {"count": rooms, "zone": obj.timezone}
        moments = ngettext(
            "%(count)s booked date to come stays the moment it was and reads as other hours now: look at it.",
            "%(count)s booked dates to come stay the moments they were and read as other hours now: look at them.",
            dates,
        ) % {"count": dates}
        said = f"{hours} {moments}"
        self.message_user(request, said, messages.WARNING)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Building]:
        buildings: QuerySet[Building] = super().get_queryset(request)
        return buildings.annotate(rooms=Count("offices"))

    @admin.display(description=_("offices"), ordering="rooms")
    def office_count(self, building: Any) -> int:
        return int(building.rooms)


class OpeningRows(ReadOnlyRows):
    model = Opening
    fields = [
        "hours",
        "first_date",
        "last_date",
        "price_cents",
        "audience",
        "confirmed_at",
    ]
    readonly_fields = ["hours"]

    @admin.display(description=_("hours"))
    def hours(self, opening: Opening) -> str:
        return said_hours(opening)


class ClosureRows(ReadOnlyRows):
    model = Closure
    fields = ["period", "reason", "incident"]


@admin.register(Office)
class OfficeAdmin(admin.ModelAdmin):
    list_display = [
        "name",
        "building",
        "host_names",
        "capacity",
        "is_hidden",
        "is_draft",
    ]
    list_filter = ["is_hidden", "is_draft", "is_step_free", "lease_permits"]
    list_select_related = ["building"]
    search_fields = ["name", "building__name", "hosts__name"]
    autocomplete_fields = ["building", "hosts", "attributes"]
    show_full_result_count = False
    readonly_fields = ["is_hidden", "is_draft", "created_at"]
    inlines = [OpeningRows, ClosureRows]
    actions = ["hide", "show_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Office]:
        return super().get_queryset(request).prefetch_related("hosts")

    @admin.display(description=_("hosts"))
    def host_names(self, office: Office) -> str:
        return ", ".join(str(host) for host in office.hosts.all())

    @admin.action(description=_("Hide from members"))
    def hide(self, request: HttpRequest, queryset: QuerySet[Office]) -> None:
        self._set_hidden(request, queryset, is_hidden=True)

    @admin.action(description=_("Show to members again"))
    def show_again(self, request: HttpRequest, queryset: QuerySet[Office]) -> None:
        self._set_hidden(request, queryset, is_hidden=False)

    def _set_hidden(
        self, request: HttpRequest, offices: QuerySet[Office], *, is_hidden: bool
    ) -> None:
        count = set_hidden(offices, is_hidden=is_hidden)
        said = (
            ngettext(
                "%(count)s office is hidden.", "%(count)s offices are hidden.", count
            )
            if is_hidden
            else ngettext(
                "%(count)s office is shown.", "%(count)s offices are shown.", count
            )
        )
        self.message_user(request, said % {"count": count}, messages.SUCCESS)


def said_hours(opening: Opening) -> str:
    return f"{day_name(opening.weekday)} {clock(opening.start)}–{clock(opening.end)}"


class StaleFilter(OnlyFilter):
    title = _("still true?")
    parameter_name = "stale"
    choice = _("Not confirmed for 90 days")

    def only(self, queryset: OpeningQuerySet) -> OpeningQuerySet:
        return queryset.stale()


@admin.register(Opening)
class OpeningAdmin(ReadOnly):
    list_display = [
        "office",
        "hours",
        "first_date",
        "last_date",
        "price_cents",
        "audience",
        "confirmed_at",
    ]
    list_filter = [StaleFilter, "audience", "weekday"]
    list_select_related = ["office"]
    search_fields = ["office__name"]

    @admin.display(description=_("hours"), ordering="weekday")
    def hours(self, opening: Opening) -> str:
        return said_hours(opening)


@admin.register(Closure)
class ClosureAdmin(ReadOnly):
    list_display = ["reason", "building", "office", "period", "incident"]
    list_select_related = ["building", "office", "incident"]
    search_fields = ["reason", "office__name", "building__name"]


class OccurrenceRows(ReadOnlyRows):
    model = Occurrence
    fields = ["period", "office", "guest", "state", "price_cents"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Occurrence]:
        return super().get_queryset(request).select_related("office", "guest")


class EventRows(ReadOnlyRows):
    model = BookingEvent
    fields = ["created_at", "actor", "old_status", "new_status", "note"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookingEvent]:
        return super().get_queryset(request).select_related("actor")


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(ReadOnly):
    list_display = ["office", "guest", "period", "state", "created_at"]
    list_filter = ["state"]
    list_select_related = ["office", "guest"]
    search_fields = ["office__name", "guest__name"]


@admin.register(HandOn)
class HandOnAdmin(ReadOnly):
    list_display = ["booking", "giver", "taker", "kind", "status", "created_at"]
    list_filter = ["status", "kind"]
    list_select_related = ["booking__guest", "booking__office", "giver", "taker"]
    search_fields = ["giver__name", "taker__name", "booking__office__name"]


@admin.register(Booking)
class BookingAdmin(ReadOnly):
    list_display = ["office", "guest", "status", "source", "answer_by", "created_at"]
    list_filter = ["status", "source"]
    list_select_related = ["office", "guest"]
    search_fields = ["office__name", "guest__name"]
    date_hierarchy = "created_at"
    inlines = [OccurrenceRows, EventRows]
