from typing import Any

from django.contrib import admin
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
