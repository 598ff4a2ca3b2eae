from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.models import Therapist
from directory.notifications.templates import absolute_url
from directory.text import plain_address, ways_to_write

CODE_LIFE = timedelta(minutes=10)
MAIL_LIFE = timedelta(days=1)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """allauth's hooks: its mails go through the outbox, newcomers go on to the join form."""

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        about = template_prefix.rsplit("/", maxsplit=1)[-1]
        now = timezone.now()
        cause = f"{about}:{get_random_string(22)}"  # asked for twice is sent twice
        if code := context.get("code"):
            enqueue(
                "sign_in_code",
                address=email,
                cause=cause,
                payload={"code": code},
                expires_at=now + CODE_LIFE,
            )
            return
        payload = {"about": about}
        if (
            url := context.get("password_reset_url")
            if about == "password_reset_key"
            else None
        ):
            payload["url"] = absolute_url(
                urlsplit(url).path
            )  # never the host a request claimed
        enqueue(
            "account_mail",
            address=email,
            cause=cause,
            payload=payload,
            expires_at=now + MAIL_LIFE,
        )

    def clean_email(self, email: str) -> str:
        """Of a new address: as it travels, unless a sign-in has it already as it is read."""
        ways = ways_to_write(email)
        known = EmailAddress.objects.filter(email__in=ways).values_list("email")
        return next((address for (address,) in known), plain_address(email))

    def post_login(
        self, request: HttpRequest, user: AbstractBaseUser, **details: Any
    ) -> HttpResponse:
        if Therapist.objects.filter(user=user.pk).exclude(bounced_at=None).exists():
            messages.warning(
                request,
                _("Your mail comes back to us: see Settings, it takes a minute."),
            )
        response: HttpResponse = super().post_login(request, user, **details)
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if not Therapist.objects.filter(user=request.user.pk).exists():
            return reverse("directory:join")
        return str(super().get_login_redirect_url(request))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return reverse("directory:join")

    def populate_username(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """There are no user names."""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """A member's passkey is one more way in, not a second lock: on another device they still sign in by code.

    For staff it is the second factor.
    """

    def is_mfa_enabled(
        self, user: AbstractBaseUser, types: Sequence[str] | None = None
    ) -> bool:
        passkey = Authenticator.Type.WEBAUTHN
        if (
            types is not None
            and len(types) > 1
            and not getattr(user, "is_staff", False)
        ):
            types = [kind for kind in types if kind != passkey]
        return bool(super().is_mfa_enabled(user, types=types))
