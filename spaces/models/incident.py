from datetime import timedelta

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import IncidentKind, IncidentStatus
from spaces.models.booking import Occurrence
from spaces.models.building import Building
from spaces.models.office import Office

OPEN = [IncidentStatus.REPORTED, IncidentStatus.PROVISIONAL, IncidentStatus.CONFIRMED]
IN_FORCE = [IncidentStatus.PROVISIONAL, IncidentStatus.CONFIRMED]
PROVISIONAL_FOR = timedelta(hours=24)


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> "IncidentQuerySet":
        return self.filter(status__in=OPEN)

    def in_force(self) -> "IncidentQuerySet":
        """Confirmed, at least provisionally: its closures stand."""
        return self.filter(status__in=IN_FORCE)


class Incident(models.Model):
    """Something that makes places unusable. What it covers, and until when, are its scope rows."""

    kind = models.CharField(_("what happened"), max_length=12, choices=IncidentKind)
    status = models.CharField(
        max_length=12, choices=IncidentStatus, default=IncidentStatus.REPORTED
    )
    summary = models.CharField(_("in a few words"), max_length=200, blank=True)
    reported_by = models.ForeignKey(Therapist, models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        Therapist, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(_("since"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.CheckConstraint(
                name="spaces_incident_status_known",
                condition=Q(status__in=IncidentStatus.values),
            ),
            models.CheckConstraint(
                name="spaces_incident_kind_known",
                condition=Q(kind__in=IncidentKind.values),
            ),
        ]

    def __str__(self) -> str:
        return self.summary or self.get_kind_display()

    def get_absolute_url(self) -> str:
        return reverse("spaces:incident_detail", args=[self.pk])


class IncidentScope(models.Model):
    """A building, or one office of it, that the incident closes, and until when."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="scopes")
    building = models.ForeignKey(
        Building, models.PROTECT, related_name="incident_scopes"
    )
    office = models.ForeignKey(
        Office, models.PROTECT, null=True, blank=True, related_name="incident_scopes"
    )
    until = models.DateTimeField(_("expected reopening"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("place of an incident")
        verbose_name_plural = _("places of an incident")
        constraints = [
            UniqueConstraint(
                fields=["incident", "building", "office"],
                nulls_distinct=False,
                name="spaces_incidentscope_once",
            )
        ]

    def __str__(self) -> str:
        return str(self.office or self.building)


class IncidentUpdate(models.Model):
    """Dated news: "power out for a week"."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="updates")
    author = models.ForeignKey(Therapist, models.PROTECT, null=True, related_name="+")
    text = models.TextField(_("news"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("news of an incident")
        verbose_name_plural = _("news of incidents")

    def __str__(self) -> str:
        return self.text[:60]


class IncidentWord(models.Model):
    """What one person says of a reported incident: true or not true."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="words")
    therapist = models.ForeignKey(Therapist, models.PROTECT, related_name="+")
    is_true = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("word on an incident")
        verbose_name_plural = _("words on incidents")
        constraints = [
            UniqueConstraint(
                fields=["incident", "therapist"], name="spaces_incidentword_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.is_true}"


class Displacement(models.Model):
    """What an incident took: a booked date, or (occurrence empty) a person's usual hours; and the need drafted for it."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="displacements")
    occurrence = models.ForeignKey(
        Occurrence, models.CASCADE, null=True, blank=True, related_name="displacements"
    )
    need = models.ForeignKey(
        "spaces.Need",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="displacements",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("displacement")
        verbose_name_plural = _("displacements")
        constraints = [
            UniqueConstraint(
                fields=["incident", "occurrence", "need"],
                nulls_distinct=False,
                name="spaces_displacement_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.occurrence_id}"
