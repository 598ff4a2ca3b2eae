from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.registry import Queue
from spaces.enums import IncidentStatus
from spaces.models import Incident

UNSURE = [IncidentStatus.REPORTED, IncidentStatus.PROVISIONAL]


def queues_of_places() -> list[Queue]:
    """What waits for a moderator on the desk's front page."""
    return [
        Queue(
            _("Incidents that wait for a word"),
            Incident.objects.filter(status__in=UNSURE).count,
            lambda: reverse("admin:spaces_incident_changelist"),
        )
    ]
