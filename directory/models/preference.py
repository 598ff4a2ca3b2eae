from django.db import models
from django.utils.translation import gettext_lazy as _

from directory.enums import Frequency, Topic
from directory.models.therapist import Therapist

USUAL = dict.fromkeys(Topic, Frequency.AT_ONCE) | {Topic.COMMUNITY: Frequency.WEEKLY}
"""How often those hear of a topic who never said so."""


class Preference(models.Model):
    """How often a person wants to hear of a topic. Without a row: as ``USUAL`` has it."""

    therapist = models.ForeignKey(Therapist, models.CASCADE, related_name="preferences")
    topic = models.CharField(_("topic"), max_length=20, choices=Topic)
    frequency = models.CharField(
        _("how often"), max_length=10, choices=Frequency, default=Frequency.AT_ONCE
    )

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        ordering = ["therapist", "topic"]
        constraints = [
            models.UniqueConstraint(
                fields=["therapist", "topic"], name="directory_preference_once"
            ),
            models.CheckConstraint(
                name="directory_preference_known",
                condition=models.Q(
                    topic__in=Topic.values, frequency__in=Frequency.values
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic}: {self.frequency}"
