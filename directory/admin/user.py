from typing import Any

from allauth.usersessions.admin import UserSessionAdmin
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth import admin as registers_groups  # noqa: F401 -- before they are taken away
from django.contrib.auth.models import Group
from django.http import HttpRequest

from directory.models import (
    User,
)


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


# Who moderates and who administrates stands at the sign-in.
admin.site.unregister(Group)
admin.site.unregister(UserSession)


@admin.register(UserSession)
class SessionAdmin(UserSessionAdmin):  # type: ignore[misc]  # untyped
    search_fields = ["user__email", "ip"]  # a sign-in has no other name here
    show_full_result_count = False
