from datetime import datetime

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import AnswerChoice, WaveState
from spaces.models.incident import Incident
from spaces.models.need import Need


class WaveQuerySet(models.QuerySet["Wave"]):
    def due(self, now: datetime) -> "WaveQuerySet":
        return self.filter(state=WaveState.RUNNING, next_at__lte=now)

    def running(self) -> "WaveQuerySet":
        return self.filter(state=WaveState.RUNNING)


class Wave(models.Model):
    """A round of asking, for all open needs of an incident, or for one lone need. Numbered, at most one at work."""

    incident = models.ForeignKey(
        Incident, models.CASCADE, null=True, blank=True, related_name="waves"
    )
    need = models.ForeignKey(
        Need, models.CASCADE, null=True, blank=True, related_name="waves"
    )
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=WaveState, default=WaveState.RUNNING)
    reach_percent = models.PositiveSmallIntegerField(
        default=100, help_text=_("of each need's radius")
    )
    started_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField(
        help_text=_("when the next, wider wave is due if hours are still open")
    )

    objects = WaveQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("wave")
        verbose_name_plural = _("waves")
        constraints = [
            models.CheckConstraint(
                name="spaces_wave_of_incident_or_lone_need",
                condition=Q(incident=None, need__isnull=False)
                | Q(incident__isnull=False, need=None),
            ),
            UniqueConstraint(
                fields=["incident", "need", "number"],
                nulls_distinct=False,
                name="spaces_wave_numbered",
            ),
            UniqueConstraint(
                fields=["incident", "need"],
                condition=Q(state__in=["running", "paused"]),
                nulls_distinct=False,
                name="spaces_wave_one_running",
            ),
            models.CheckConstraint(
                name="spaces_wave_state_known", condition=Q(state__in=WaveState.values)
            ),
        ]

    def __str__(self) -> str:
        return str(_("Wave %(number)s") % {"number": self.number})


class WaveRecipient(models.Model):
    """One person one wave told, and why: the row behind "why did I get this"."""

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="recipients")
    recipient = models.ForeignKey(Therapist, models.PROTECT, related_name="told")
    is_match = models.BooleanField(
        help_text=_("their posted free hours meet open hours")
    )
    metres = models.PositiveIntegerField()
    reason = models.CharField(max_length=300, help_text=_("shown to moderators"))
    listed = models.JSONField(
        default=list,
        blank=True,
        help_text=_(
            "What its mail listed, each with the room it named: that much “yes all”, answered by mail, can mean."
        ),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["wave", "metres", "pk"]
        verbose_name = _("person told")
        verbose_name_plural = _("people told")
        constraints = [
            UniqueConstraint(
                fields=["wave", "recipient"], name="spaces_waverecipient_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.wave}: {self.recipient}"


class Answer(models.Model):
    """What a person told by a wave said. A "no" is counted, never shown with a name."""

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="answers")
    recipient = models.ForeignKey(Therapist, models.PROTECT, related_name="answers")
    choice = models.CharField(max_length=17, choices=AnswerChoice)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            UniqueConstraint(fields=["wave", "recipient"], name="spaces_answer_once"),
            models.CheckConstraint(
                name="spaces_answer_choice_known",
                condition=Q(choice__in=AnswerChoice.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.choice}"
