from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

FOR_MODERATORS = {"directory", "spaces"}
FOR_ADMINISTRATORS = {
    "user",
    "community",
}  # who may sign in, and how the community behaves


class ModerationBackend(BaseBackend):
    """Whoever moderates may do what the moderation desk offers; sign-ins and settings are the administrators'."""

    def has_perm(
        self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Any = None
    ) -> bool:
        app, _, action = perm.partition(".")
        model = action.rpartition("_")[2]
        return self.has_module_perms(user_obj, app) and model not in FOR_ADMINISTRATORS

    def has_module_perms(
        self, user_obj: AbstractBaseUser | AnonymousUser, app_label: str
    ) -> bool:
        return (
            user_obj.is_active
            and getattr(user_obj, "is_staff", False)
            and app_label in FOR_MODERATORS
        )
