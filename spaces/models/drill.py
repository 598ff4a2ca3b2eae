from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import DrillState
from spaces.models.building import Building


class DrillQuerySet(models.QuerySet["Drill"]):
    def waiting(self) -> "DrillQuerySet":
        return self.filter(state=DrillState.WAITING)


class Drill(models.Model):
    """A bad day that was only tried: who ran it, over which buildings, and what it found. Moderators alone see it.

    ``report`` holds counts and hours of the week, no names.
    """

    buildings = models.ManyToManyField(
        Building, related_name="+", verbose_name=_("buildings")
    )
    days = models.PositiveSmallIntegerField(_("closed for how many days"), default=14)
    by = models.ForeignKey(Therapist, models.PROTECT, related_name="+")
    mails_who_joined = models.BooleanField(
        _("mail those who take part in drills"), default=False
    )
    state = models.CharField(
        max_length=7, choices=DrillState, default=DrillState.WAITING
    )
    report = models.JSONField(default=dict, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DrillQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("drill")
        verbose_name_plural = _("drills")
        constraints = [
            models.CheckConstraint(
                name="spaces_drill_state_known",
                condition=Q(state__in=DrillState.values),
            ),
            models.CheckConstraint(
                name="spaces_drill_days_sensible", condition=Q(days__range=(1, 180))
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(str(building) for building in self.buildings.all())

    def get_absolute_url(self) -> str:
        return reverse("spaces:drill_detail", args=[self.pk])

    @property
    def is_under_way(self) -> bool:
        return self.state in {DrillState.WAITING, DrillState.RUNNING}
