"""What a digest says, composed when it leaves: to moderators what waits for them."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from directory.enums import Priority
from directory.models import Absence, Community, Delivery
from directory.notifications import absolute_url, mail_from_templates
from directory.registry import (
    Mail,
    MessageKind,
    Skip,
    register_message,
    what_waits,
)


def register() -> None:
    """Called once, at start."""
    register_message(MessageKind("desk_digest", Priority.ESSENTIAL, None, render_desk))


def render_desk(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    """One mail a day of all that waits, and for whom one stands in."""
    community = Community.objects.current()
    waiting = [queue for queue in what_waits() if queue.count]
    if not waiting:
        return {row.pk: Skip("Nothing waits.") for row in rows}
    absences = list(
        Absence.objects.on(community.local().date())
        .select_related("moderator")
        .order_by("last_date")
    )
    return {
        row.pk: mail_from_templates(
            "directory",
            "desk_digest",
            {
                "community": community,
                "waiting": waiting,
                "total": sum(queue.count for queue in waiting),
                "absences": [
                    away for away in absences if away.stand_in_id == row.recipient_id
                ],
                "site": settings.BASE_URL,
                "action_url": absolute_url(reverse("admin:index")),
                "reason": _(
                    "You get this because you moderate: once a day, and only when something waits. While you are away,"
                    " say so at the desk under “Moderators’ absences”."
                ),
            },
        )
        for row in rows
    }
