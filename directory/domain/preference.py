from collections.abc import Collection

from django.db import transaction

from directory.enums import Frequency, Topic
from directory.models import Preference, Therapist


def set_frequency(therapist: Therapist, *, topic: Topic, frequency: Frequency) -> None:
    """How often ``therapist`` hears of ``topic`` from now on. Essential messages come in any case."""
    Preference.objects.update_or_create(
        therapist=therapist, topic=topic, defaults={"frequency": frequency}
    )


@transaction.atomic
def set_topics(therapist: Therapist, *, wanted: Collection[str]) -> None:
    """Hear of these topics at once, of the others not at all. A daily digest chosen before stays."""
    for topic in Topic:
        if topic not in wanted:
            set_frequency(therapist, topic=topic, frequency=Frequency.OFF)
    therapist.preferences.filter(topic__in=wanted, frequency=Frequency.OFF).delete()


def mail_works_again(therapist: Therapist) -> None:
    """The person says so: an address that refused our mail gets more than essentials again."""
    Therapist.objects.filter(pk=therapist.pk).update(bounced_at=None)
