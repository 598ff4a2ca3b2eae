"""What a message says: from templates, when it is claimed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from directory.enums import DeliveryState, Priority, Standing, Topic
from directory.links import sign
from directory.models import (
    ApplicationMessage,
    Community,
    Delivery,
    Licence,
    LicenceCheck,
    StandingEvent,
    Supervision,
    Therapist,
)
from directory.registry import Attachment, Mail, MessageKind, Skip, register_message

BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def absolute_url(path: str) -> str:
    return f"{settings.BASE_URL}{path}"


def mail_from_templates(
    folder: str,
    kind: str,
    context: dict[str, Any],
    attachments: Sequence[Attachment] = (),
) -> Mail:
    """Renders ``<folder>/email/<kind>_subject.txt``, ``.txt`` and ``.html`` in the community's time zone.

    The templates know ``community``, ``site`` (where links begin), ``reason`` (why the person gets this)
    and ``unsubscribe_url``; the last two are empty unless ``context`` gives them.
    """
    community = context.get("community") or Community.objects.current()
    known = {
        "reason": "",
        "unsubscribe_url": "",
        "action_url": "",
        "site": settings.BASE_URL,
        "community": community,
        **context,
    }
    base = f"{folder}/email/{kind}"
    with timezone.override(known.get("timezone") or community.timezone):
        return Mail(
            subject=" ".join(_text(f"{base}_subject.txt", known).split()),
            text=BLANK_LINES.sub("\n\n", _text(f"{base}.txt", known)).strip() + "\n",
            html=render_to_string(f"{base}.html", known),
            attachments=tuple(attachments),
            url=known["action_url"],
        )


def _text(template: str, context: dict[str, Any]) -> str:
    """Plain text has nothing to escape: O’Rourke stays O’Rourke."""
    found: Any = get_template(template)
    return str(found.template.render(Context(context, autoescape=False)))


def unsubscribe_url(therapist: Therapist, topic: Topic) -> str:
    """One click there, and no mail of this topic follows. The link works for a year."""
    token = sign("unsubscribe", therapist=therapist.pk, topic=topic)
    return absolute_url(reverse("directory:unsubscribe", args=[token]))


# --- Sign-in: what allauth has to say, in our words ---------------------------
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


# --- Membership -----------------------------------------------------------------
def render_applications(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    """To the moderators: someone waits. Skipped once somebody decided."""
    community = Community.objects.current()
    applicants = Therapist.objects.applicants().in_bulk(
        [row.payload["applicant"] for row in rows]
    )
    return {
        row.pk: mail_from_templates(
            "directory",
            "application_received",
            {
                "community": community,
                "applicant": applicants[row.payload["applicant"]],
                "action_url": absolute_url(
                    reverse(
                        "admin:directory_therapist_change",
                        args=[row.payload["applicant"]],
                    )
                ),
            },
        )
        for row in rows
        if row.payload["applicant"] in applicants
    }


def render_decision(
    kind: str,
) -> Callable[[Sequence[Delivery]], dict[int, Mail | Skip]]:
    """To the person concerned: what was decided about their standing, and why."""

    def render(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
        community = Community.objects.current()
        events = StandingEvent.objects.select_related("therapist").in_bulk(
            [row.payload["event"] for row in rows]
        )
        return {
            row.pk: mail_from_templates(
                "directory",
                kind,
                {
                    "community": community,
                    "event": event,
                    "action_url": absolute_url("/"),
                },
            )
            for row in rows
            if (event := events.get(row.payload["event"]))
        }

    return render


def render_supervision(
    kind: str,
) -> Callable[[Sequence[Delivery]], dict[int, Mail | Skip]]:
    """To one of the two: asked, accepted, ended. ``by`` is who ended it."""

    def render(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
        community = Community.objects.current()
        links = Supervision.objects.select_related("trainee").in_bulk(
            [row.payload["supervision"] for row in rows]
        )
        enders = Therapist.objects.in_bulk(
            {row.payload["by"] for row in rows if "by" in row.payload}
        )
        where = (
            "/" if kind == "supervision_accepted" else reverse("directory:supervision")
        )
        return {
            row.pk: mail_from_templates(
                "directory",
                kind,
                {
                    "community": community,
                    "link": link,
                    "by": enders.get(row.payload.get("by", 0)),
                    "accepted": row.payload.get("accepted", False),
                    "action_url": absolute_url(where),
                },
            )
            for row in rows
            if (link := links.get(row.payload["supervision"]))
            and not (
                kind == "supervision_asked" and link.supervisor_id != row.recipient_id
            )
        }

    return render


def render_application_messages(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    """To whoever did not write it: the applicant, or the moderators."""
    community = Community.objects.current()
    found = ApplicationMessage.objects.select_related("applicant", "author").in_bulk(
        [row.payload["message"] for row in rows]
    )
    mails: dict[int, Mail | Skip] = {}
    for row in rows:
        if message := found.get(row.payload["message"]):
            path = (
                reverse("directory:application")
                if message.applicant_id == row.recipient_id
                else reverse(
                    "admin:directory_therapist_change", args=[message.applicant_id]
                )
            )
            context = {
                "community": community,
                "message": message,
                "action_url": absolute_url(path),
            }
            mails[row.pk] = mail_from_templates(
                "directory", "application_message", context
            )
    return mails


def render_invitations(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    """Skipped for whoever joined meanwhile."""
    community = Community.objects.current()
    inviting = Therapist.objects.in_bulk([row.payload["by"] for row in rows])
    return {
        row.pk: mail_from_templates(
            "directory",
            "invitation",
            {
                "community": community,
                "by": inviting[row.payload["by"]],
                "action_url": _sign_up(row.recipient),
            },
        )
        for row in rows
        if row.payload["by"] in inviting
        and row.recipient
        and row.recipient.standing == Standing.INVITED
    }


def _sign_up(invited: Therapist) -> str:
    """With their address in the form already: they would type it as we know it, or be a stranger."""
    query = urlencode({"email": invited.email})
    return f"{absolute_url(reverse('account_signup'))}?{query}"


def render_fast_lanes(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    context = {
        "community": Community.objects.current(),
        "action_url": absolute_url("/"),
    }
    return {
        row.pk: mail_from_templates("directory", "fast_lane", context) for row in rows
    }


def render_warnings(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    """A licence runs out soon; no word of it once another date is known."""
    community = Community.objects.current()
    licences = Licence.objects.select_related("kind").in_bulk(
        [row.payload["licence"] for row in rows]
    )
    return {
        row.pk: mail_from_templates(
            "directory",
            "licence_expires",
            {
                "community": community,
                "licence": licence,
                "action_url": absolute_url(reverse("directory:licences")),
            },
        )
        for row in rows
        if (licence := licences.get(row.payload["licence"]))
        and str(licence.expires_on) == row.payload["expires_on"]
        and licence.renews_until is None
    }


def render_lapses(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    context = {
        "community": Community.objects.current(),
        "action_url": absolute_url(reverse("directory:licences")),
    }
    return {
        row.pk: mail_from_templates("directory", "licence_lapsed", context)
        for row in rows
        if row.recipient and row.recipient.lapsed_on
    }


def render_licence_check(
    kind: str,
) -> Callable[[Sequence[Delivery]], dict[int, Mail | Skip]]:
    """What a moderator found about a renewal."""

    def render(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
        community = Community.objects.current()
        checks = LicenceCheck.objects.select_related("licence__kind").in_bulk(
            [row.payload["check"] for row in rows]
        )
        return {
            row.pk: mail_from_templates(
                "directory",
                kind,
                {
                    "community": community,
                    "check": check,
                    "action_url": absolute_url(reverse("directory:licences")),
                },
            )
            for row in rows
            if (check := checks.get(row.payload["check"]))
        }

    return render


def render_mail_limit(rows: Sequence[Delivery]) -> dict[int, Mail | Skip]:
    """To the moderators: the provider takes no more mail today, the rest waits."""
    community = Community.objects.current()
    context = {
        "community": community,
        "limit": settings.OUTBOX_DAILY_LIMIT,
        "waiting": Delivery.objects.filter(state=DeliveryState.PENDING).count(),
        "action_url": absolute_url(
            f"{reverse('admin:directory_delivery_changelist')}?state__exact=pending"
        ),
    }
    return {
        row.pk: mail_from_templates("directory", "mail_limit", context) for row in rows
    }


SUPERVISIONS = ["supervision_asked", "supervision_accepted", "supervision_ended"]
DECISIONS = [
    "application_approved",
    "application_declined",
    "membership_suspended",
    "membership_reinstated",
    "membership_left",
]


def register() -> None:
    """Called once, at start."""
    register_message(
        MessageKind(
            "sign_in_code", Priority.CODE, None, render_sign_in_codes, is_secret=True
        )
    )
    register_message(
        MessageKind(
            "account_mail", Priority.CODE, None, render_account_mails, is_secret=True
        )
    )
    register_message(
        MessageKind(
            "application_received", Priority.ESSENTIAL, None, render_applications
        )
    )
    register_message(MessageKind("mail_limit", Priority.CODE, None, render_mail_limit))
    for kind in DECISIONS:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, render_decision(kind))
        )
    for kind, render in [
        ("application_message", render_application_messages),
        ("invitation", render_invitations),
        ("fast_lane", render_fast_lanes),
    ]:
        register_message(MessageKind(kind, Priority.ESSENTIAL, None, render))
    register_message(
        MessageKind("licence_expires", Priority.ESSENTIAL, None, render_warnings)
    )
    register_message(
        MessageKind("licence_lapsed", Priority.ESSENTIAL, None, render_lapses)
    )
    for kind in ["licence_renewed", "licence_refused"]:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, render_licence_check(kind))
        )
    for kind in SUPERVISIONS:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, render_supervision(kind))
        )
