"""How often a saved search may write: the same buttons for colleagues and for rooms."""

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from directory.enums import Frequency, Topic
from directory.models import Preference, Therapist

CHOICES = {
    Frequency.AT_ONCE: gettext_lazy("Tell me at once"),
    Frequency.DAILY: gettext_lazy("Once a day"),
    Frequency.WEEKLY: gettext_lazy("Once a week"),
    Frequency.OFF: gettext_lazy("Stop"),
}


def chosen_frequency(request: HttpRequest) -> Frequency:
    value = request.POST.get("frequency", "")
    return Frequency(value) if value in Frequency.values else Frequency.AT_ONCE


def other_frequencies(current: str) -> list[dict[str, str | Promise]]:
    """The buttons: what it could be set to."""
    return [
        {"value": value, "label": label}
        for value, label in CHOICES.items()
        if value != current
    ]


def is_silent(therapist: Therapist, topic: Topic) -> bool:
    """Whatever the searches are set to: their mails are turned off altogether."""
    return Preference.objects.filter(
        therapist=therapist, topic=topic, frequency=Frequency.OFF
    ).exists()
