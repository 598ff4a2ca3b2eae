from typing import Any

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa import admin as registers_authenticators  # noqa: F401 -- as below
from allauth.mfa.models import Authenticator
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
    show_full_result_count = False
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
for model in (UserSession, EmailAddress, Authenticator):
    admin.site.unregister(model)


@admin.register(UserSession)
class SessionAdmin(UserSessionAdmin):  # type: ignore[misc]  # untyped
    search_fields = ["user__email", "ip"]  # a sign-in has no other name here
    show_full_result_count = False


@admin.register(EmailAddress)
class AddressAdmin(EmailAddressAdmin):  # type: ignore[misc]  # untyped
    list_select_related = ["user"]
    show_full_result_count = False


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin):
    """Second factors: that there is one, and taking it away from who lost it. Its secret is nobody's to see."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    fields = ["user", "type", "created_at", "last_used_at"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
