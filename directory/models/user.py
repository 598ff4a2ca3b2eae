from typing import Any

from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models.alike import bare_local


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        """Without a password the person signs in by emailed code or passkey."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        return self.create_user(
            email, password, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A sign-in: an email address, no username. Who the person is stands in ``Therapist``."""

    email = models.EmailField(_("email"), unique=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(
        _("moderator"),
        default=False,
        help_text=_("May open the moderation desk and is mailed what waits there."),
    )
    date_joined = models.DateTimeField(_("first seen"), default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        ordering = ["email"]
        indexes = [models.Index(bare_local("email"), name="directory_user_alike")]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="directory_user_email_unique",
                violation_error_message=_("This address has its sign-in already."),
            )
        ]

    def __str__(self) -> str:
        return self.email
