"""What mails to hosts say: are these hours still true; who lets the room with you now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.links import sign
from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import (
    absolute_url,
    mail_from_templates,
    unsubscribe_url,
)
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.models import Office, Opening
from spaces.models.opening import FRESH, STALE
from spaces.summary import freshness_of

STILL_TRUE = "hours_still_true"
LINK_DAYS = 60
WARN_BEFORE = timedelta(days=7)  # of sinking and of hiding
COHOST_KINDS = ["cohost_added", "cohost_left"]


def register() -> None:
    """Called once, at start."""
    register_message(
        MessageKind(
            "hours_stale", Priority.DIGEST, Topic.HOURS, _render_stale, may_wait=True
        )
    )
    for kind in COHOST_KINDS:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, Topic.HOURS, _render_hosts(kind))
        )


def true_path(office: Office, host: Therapist) -> str:
    """The page on which one tap renews, signed in or not."""
    token = sign(STILL_TRUE, office=office.pk, therapist=host.pk)
    return reverse("spaces:openings_true", args=[token])


def _render_stale(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    offices = _offices(row.payload["office"] for row in rows)
    community = Community.objects.current()
    return {
        row.pk: _stale(row, offices[row.payload["office"]], community)
        for row in rows
        if row.payload["office"] in offices
    }


def _stale(row: Delivery, office: Any, community: Community) -> Mail | Skip:
    openings: list[Opening] = office.current_openings
    since = min((opening.confirmed_at for opening in openings), default=None)
    if row.recipient is None or row.recipient not in office.hosts.all():
        return Skip("hosts it no longer")
    if since is None or timezone.now() - since < FRESH - WARN_BEFORE:
        return Skip("confirmed meanwhile")
    age = timezone.now() - since
    context = {
        "office": office,
        "openings": openings,
        "freshness": freshness_of(since),
        "sinks_in": _days_until(FRESH - age),
        "hides_in": _days_until(STALE - age),
        "is_sunk": age >= FRESH,
        "is_hidden": age >= STALE,
        "action_url": absolute_url(true_path(office, row.recipient)),
        "reason": _("You get this because you offer hours in “%(office)s”.")
        % {"office": office},
        "unsubscribe_url": unsubscribe_url(row.recipient, Topic.HOURS),
        "community": community,
        "timezone": office.building.timezone,
    }
    return mail_from_templates("spaces", "hours_stale", context)


def _days_until(left: timedelta) -> int:
    """Begun ones count: half a day before is a day before."""
    return max(0, -(-left // timedelta(days=1)))


def _render_hosts(kind: str) -> Any:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        offices = _offices(row.payload["office"] for row in rows)
        people = Therapist.objects.in_bulk(
            [row.payload[who] for row in rows for who in ("about", "by")]
        )
        return {
            row.pk: mail_from_templates(
                "spaces",
                kind,
                {
                    "office": office,
                    "about": people[row.payload["about"]],
                    "by": people[row.payload["by"]],
                    "action_url": absolute_url(office.get_absolute_url()),
                    "reason": _("You get this because you host “%(office)s”.")
                    % {"office": office},
                },
            )
            if row.recipient in office.hosts.all()
            else Skip("hosts it no longer")
            for row in rows
            if (office := offices.get(row.payload["office"]))
        }

    return render


def _offices(ids: Iterable[int]) -> dict[int, Any]:
    openings = Prefetch(
        "openings", Opening.objects.current().defer("free"), "current_openings"
    )
    return (
        Office.objects.select_related("building")
        .prefetch_related("hosts", openings)
        .in_bulk(list(set(ids)))
    )
