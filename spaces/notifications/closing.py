"""The last mail of a bad day, to everybody who helped."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from directory.enums import Priority
from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.closing import Closing, closing_of
from spaces.enums import IncidentStatus
from spaces.models import Incident
from spaces.notifications.links import closing_path


def register() -> None:
    """Called once, at start."""
    register_message(
        MessageKind("incident_thanks", Priority.ESSENTIAL, None, _render_thanks)
    )


def _render_thanks(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    incidents = Incident.objects.prefetch_related("scopes__building").in_bulk(
        [row.payload["incident"] for row in rows]
    )
    closings = {pk: closing_of(incident) for pk, incident in incidents.items()}
    community = Community.objects.current()
    return {
        row.pk: _thanks(incident, closings[incident.pk], row.recipient, community)
        for row in rows
        if row.recipient and (incident := incidents.get(row.payload["incident"]))
    }


def _thanks(
    incident: Incident, closing: Closing, person: Therapist, community: Community
) -> Mail | Skip:
    if incident.status != IncidentStatus.OVER:
        return Skip("not over any more")
    building = incident.scopes.all()[0].building
    return mail_from_templates(
        "spaces",
        "incident_thanks",
        {
            "incident": incident,
            "district": building.district,
            "closing": closing,
            "minutes": closing.lent_by.get(person, 0),
            "helpers": len(closing.lent_by),
            "action_url": absolute_url(closing_path(incident)),
            "reason": _("You get this because you helped. It is the last mail of it."),
            "community": community,
            "timezone": building.timezone,
        },
    )
