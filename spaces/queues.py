from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.registry import Queue
from spaces.enums import IncidentStatus, WaveState
from spaces.models import Incident, Opening, Wave

UNSURE = [IncidentStatus.REPORTED, IncidentStatus.PROVISIONAL]


def queues_of_places() -> list[Queue]:
    """What waits for a moderator on the desk's front page."""
    return [
        Queue(
            _("Incidents that wait for a word"),
            lambda: Incident.objects.filter(status__in=UNSURE).annotate(
                since=F("created_at")
            ),
            lambda: f"{_list('incident')}?status__in={','.join(UNSURE)}",
        ),
        Queue(
            _("Calls for help that run"),
            lambda: Wave.objects.running().annotate(since=F("started_at")),
            lambda: f"{_list('wave')}?state__exact={WaveState.RUNNING}",
        ),
        Queue(
            _("Posted hours that nobody confirmed for 90 days"),
            lambda: Opening.objects.stale().annotate(since=F("confirmed_at")),
            lambda: f"{_list('opening')}?stale=yes",
        ),
    ]


def _list(model: str) -> str:
    return reverse(f"admin:spaces_{model}_changelist")
