from collections.abc import Mapping

from django.db import transaction

from directory.enums import Frequency, Topic
from directory.models import Preference, Therapist
from directory.models.preference import USUAL


@transaction.atomic
def set_frequencies(
    therapist: Therapist, wanted: Mapping[Topic, Frequency | str]
) -> None:
    """How often ``therapist`` hears of each topic from now on. Essential messages come in any case, at once."""
    for topic, frequency in wanted.items():
        set_frequency(therapist, topic=topic, frequency=Frequency(frequency))


def set_frequency(therapist: Therapist, *, topic: Topic, frequency: Frequency) -> None:
    own = Preference.objects.filter(therapist=therapist, topic=topic)
    if frequency == USUAL[topic]:
        own.delete()
    elif not own.update(frequency=frequency):
        Preference.objects.update_or_create(
            therapist=therapist, topic=topic, defaults={"frequency": frequency}
        )


def mail_works_again(therapist: Therapist) -> None:
    """The person says so: an address that refused our mail gets more than essentials again."""
    Therapist.objects.filter(pk=therapist.pk).update(bounced_at=None)
