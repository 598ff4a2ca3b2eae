"""What mails of the bad day say, at the moment they leave. A wave's mail tells what is open then, or is not sent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.models import Community, Delivery, Therapist
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import (
    Mail,
    MessageKind,
    Skip,
    register_emergency_open,
    register_message,
)
from spaces.enums import (
    IncidentStatus,
    NeedStatus,
)
from spaces.matching import is_emergency_open
from spaces.models import Incident, Need
from spaces.models.incident import IN_FORCE
from spaces.notifications.links import need_path, word_path
from spaces.notifications.offer import (
    TO_ASKERS,
    TO_HELPERS,
    offer_renderer,
    render_thanks,
)
from spaces.notifications.wave import render_wave, urgent_wave, wanted_wave
from spaces.week import say_spans

INCIDENT_KINDS = [
    "incident_reported",
    "displaced",
    "incident_moved",
    "incident_dismissed",
    "incident_over",
]


def register() -> None:
    """Called once, at start."""
    for kind in INCIDENT_KINDS:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, incident_renderer(kind))
        )
    for kind in [*TO_ASKERS, *TO_HELPERS]:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, None, offer_renderer(kind))
        )
    register_message(
        MessageKind("need_covered_thanks", Priority.ESSENTIAL, None, render_thanks)
    )
    register_message(
        MessageKind(
            "wave",
            Priority.WAVE,
            Topic.EMERGENCIES,
            render_wave,
            wanted=wanted_wave,
            urgent=urgent_wave,
        )
    )
    register_emergency_open(is_emergency_open)


# --- The incident ----------------------------------------------------------------------


def incident_renderer(
    kind: str,
) -> Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        incidents = Incident.objects.prefetch_related(
            "scopes__building", "scopes__office"
        ).in_bulk([row.payload["incident"] for row in rows])
        community = Community.objects.current()
        return {
            row.pk: _incident_mail(kind, row, incident, community)
            for row in rows
            if (incident := incidents.get(row.payload["incident"]))
        }

    return render


def _incident_mail(
    kind: str, row: Delivery, incident: Incident, community: Community
) -> Mail | Skip:
    scopes = list(incident.scopes.all())
    if row.recipient is None or not scopes:
        return Skip("nobody to tell")
    if kind == "incident_reported" and incident.status not in {
        IncidentStatus.REPORTED,
        IncidentStatus.PROVISIONAL,
    }:
        return Skip("decided meanwhile")
    if kind in {"displaced", "incident_moved"} and incident.status not in IN_FORCE:
        return Skip("not in force any more")
    needs = _needs(incident, row.recipient)
    building = scopes[0].building
    return mail_from_templates(
        "spaces",
        kind,
        {
            "incident": incident,
            "building": building,
            "scopes": scopes,
            "offices": [scope.office for scope in scopes if scope.office],
            "until": max(scope.until for scope in scopes),
            "recipient": row.recipient,
            "needs": needs,
            "action_url": absolute_url(
                _incident_action(kind, incident, row.recipient, needs)
            ),
            "incident_url": absolute_url(incident.get_absolute_url()),
            "reason": _reason(kind),
            "community": community,
            "timezone": building.timezone,
        },
    )


def _incident_action(
    kind: str, incident: Incident, person: Therapist, needs: Sequence[dict[str, Any]]
) -> str:
    if kind == "incident_reported":
        return word_path(incident, person)
    if needs:
        return str(needs[0]["path"])
    return incident.get_absolute_url()


def _needs(incident: Incident, person: Therapist) -> list[dict[str, Any]]:
    """Their own first, then those of trainees they ask for."""
    needs = (
        Need.objects.of(person)
        .filter(incident=incident)
        .exclude(status=NeedStatus.EXPIRED)
    )
    return [
        {
            "need": need,
            "is_own": need.therapist_id == person.pk,
            "name": need.therapist.first_name,
            "hours": say_spans(need.spans),
            "path": need_path(need, person),
            "url": absolute_url(need_path(need, person)),
        }
        for need in sorted(
            needs.with_people().with_hours(),
            key=lambda need: need.therapist_id != person.pk,
        )
    ]


def _reason(kind: str) -> str:
    if kind == "incident_reported":
        return _(
            "You get this because you have a room or hours in this building, or because you moderate."
        )
    return _(
        "You get this because your own hours, or those of somebody you supervise, are concerned. It always arrives."
    )
