"""Links in mails that work without a sign-in: for what, for whom, how long."""

from datetime import timedelta

from django.urls import reverse

from directory.links import sign
from directory.models import Therapist
from spaces.models import Incident, Need, Wave

# Purposes of signed links, and how long they work.
HELP, WORD, NEED = "help", "word", "need"
LINK_DAYS = {
    HELP: timedelta(days=30),
    WORD: timedelta(days=14),
    NEED: timedelta(days=60),
}


def help_path(wave: Wave, helper: Therapist) -> str:
    return reverse("spaces:offer_answer", args=[sign(HELP, wave=wave.pk, to=helper.pk)])


def word_path(incident: Incident, person: Therapist) -> str:
    return reverse(
        "spaces:incident_word", args=[sign(WORD, incident=incident.pk, to=person.pk)]
    )


def need_path(need: Need, person: Therapist) -> str:
    """For those who have no sign-in yet, a link that is theirs alone; their address is the proof."""
    if person.user_id:
        return need.get_absolute_url()
    return reverse("spaces:need_link", args=[sign(NEED, need=need.pk, to=person.pk)])


def closing_path(incident: Incident) -> str:
    return reverse("spaces:incident_closing", args=[incident.pk])
