from directory.enums import Frequency, Topic
from directory.models import Preference, Therapist


def set_frequency(therapist: Therapist, *, topic: Topic, frequency: Frequency) -> None:
    """How often ``therapist`` hears of ``topic`` from now on. Essential messages come in any case."""
    Preference.objects.update_or_create(
        therapist=therapist, topic=topic, defaults={"frequency": frequency}
    )
