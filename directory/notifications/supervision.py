"""Supervision: asked for, accepted, ended."""

from collections.abc import Callable, Sequence

from django.urls import reverse

from directory.enums import Priority
from directory.models import Community, Delivery, Supervision, Therapist
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message

KINDS = ["supervision_asked", "supervision_accepted", "supervision_ended"]


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


def register() -> None:
    for kind in KINDS:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, render_supervision(kind))
        )
