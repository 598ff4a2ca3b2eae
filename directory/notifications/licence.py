"""Licences that run out, and what was found about a renewal."""

from collections.abc import Callable, Sequence

from django.urls import reverse

from directory.enums import Priority
from directory.models import Community, Delivery, Licence, LicenceCheck
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message


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


def register() -> None:
    for kind, render in [
        ("licence_expires", render_warnings),
        ("licence_lapsed", render_lapses),
        ("licence_renewed", render_licence_check("licence_renewed")),
        ("licence_refused", render_licence_check("licence_refused")),
    ]:
        register_message(MessageKind(kind, Priority.ESSENTIAL, None, render))
