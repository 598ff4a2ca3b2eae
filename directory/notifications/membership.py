"""Joining and standing: applications, what was decided, invitations."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from django.urls import reverse

from directory.enums import Priority, Standing
from directory.models import (
    ApplicationMessage,
    Community,
    Delivery,
    StandingEvent,
    Therapist,
)
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message

DECISIONS = [
    "application_approved",
    "application_declined",
    "membership_suspended",
    "membership_reinstated",
    "membership_left",
]


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


def register() -> None:
    for kind, render in [
        ("application_received", render_applications),
        *((kind, render_decision(kind)) for kind in DECISIONS),
        ("application_message", render_application_messages),
        ("invitation", render_invitations),
        ("fast_lane", render_fast_lanes),
    ]:
        register_message(MessageKind(kind, Priority.ESSENTIAL, None, render))
