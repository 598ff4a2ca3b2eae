"""Sign-in: codes, and what allauth has to say, in our words."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from directory.enums import Priority
from directory.models import Community, Delivery
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message


@dataclass(frozen=True)
class AccountWords:
    """One of allauth's mails. ``url_name`` is the page its button leads to."""

    subject: Promise
    text: Promise
    action: Promise | None = None
    url_name: str = ""


CHANGED = gettext_lazy(
    "If this was not you, sign in at once, look at your sign-in settings, and write to a moderator."
)
ACCOUNT_WORDS = {
    "unknown_account": AccountWords(
        gettext_lazy("Nobody here has this address yet"),
        gettext_lazy(
            "Someone, hopefully you, asked to sign in with this address, but nobody joined with it. "
            "Perhaps you used another one; otherwise tell us who you are."
        ),
        gettext_lazy("Join"),
        "account_signup",
    ),
    "account_already_exists": AccountWords(
        gettext_lazy("You have joined already"),
        gettext_lazy(
            "Someone, hopefully you, asked to join with this address. You can simply sign in."
        ),
        gettext_lazy("Sign in"),
        "account_login",
    ),
    "password_reset_key": AccountWords(
        gettext_lazy("A new password"),
        gettext_lazy(
            "Someone, hopefully you, asked for a new password. If it was not you, do nothing."
        ),
        gettext_lazy("Choose a password"),
    ),
    "email_confirm": AccountWords(gettext_lazy("This address is confirmed"), CHANGED),
    "email_changed": AccountWords(
        gettext_lazy("Your email address was changed"), CHANGED
    ),
    "email_deleted": AccountWords(
        gettext_lazy("An email address was removed"), CHANGED
    ),
    "password_changed": AccountWords(
        gettext_lazy("Your password was changed"), CHANGED
    ),
    "password_reset": AccountWords(gettext_lazy("Your password was changed"), CHANGED),
    "password_set": AccountWords(gettext_lazy("A password was set"), CHANGED),
    "totp_activated": AccountWords(
        gettext_lazy("An authenticator app was added"), CHANGED
    ),
    "totp_deactivated": AccountWords(
        gettext_lazy("The authenticator app was removed"), CHANGED
    ),
    "webauthn_added": AccountWords(gettext_lazy("A passkey was added"), CHANGED),
    "webauthn_removed": AccountWords(gettext_lazy("A passkey was removed"), CHANGED),
    "recovery_codes_generated": AccountWords(
        gettext_lazy("New recovery codes were made"), CHANGED
    ),
}


def render_sign_in_codes(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    community = Community.objects.current()
    return {
        row.pk: mail_from_templates(
            "directory",
            "sign_in_code",
            {"community": community, "code": row.payload["code"]},
        )
        for row in rows
    }


def render_account_mails(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    community = Community.objects.current()
    return {row.pk: _account_mail(row, community) for row in rows}


def _account_mail(row: Delivery, community: Community) -> Mail | Skip:
    words = ACCOUNT_WORDS.get(row.payload["about"])
    if words is None:
        return Skip(f"No words for {row.payload['about']}.")
    url = row.payload.get("url") or (
        absolute_url(reverse(words.url_name)) if words.url_name else ""
    )
    return mail_from_templates(
        "directory",
        "account_mail",
        {"community": community, "words": words, "action_url": url},
    )


def register() -> None:
    for kind, render in [
        ("sign_in_code", render_sign_in_codes),
        ("account_mail", render_account_mails),
    ]:
        register_message(MessageKind(kind, Priority.CODE, None, render, is_secret=True))
