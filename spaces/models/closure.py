from datetime import datetime

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from spaces.models.building import Building
from spaces.models.office import Office

FINITE_PERIOD = Q(
    period__isempty=False, period__lower_inf=False, period__upper_inf=False
)


class ClosureQuerySet(models.QuerySet["Closure"]):
    def of_office(self, office: Office) -> "ClosureQuerySet":
        """Its own closures and those of its building."""
        return self.filter(Q(office=office) | Q(building=office.building_id))

    def ending_after(self, moment: datetime) -> "ClosureQuerySet":
        return self.filter(period__endswith__gt=moment)


class Closure(models.Model):
    """A period in which an office, or all of a building, is not to be had. The only way hours are suspended."""

    building = models.ForeignKey(
        Building, models.CASCADE, null=True, blank=True, related_name="closures"
    )
    office = models.ForeignKey(
        Office, models.CASCADE, null=True, blank=True, related_name="closures"
    )
    period = DateTimeRangeField(_("period"))
    reason = models.CharField(_("reason"), max_length=200)
    incident = models.ForeignKey(
        "spaces.Incident",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="closures",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ClosureQuerySet.as_manager()

    class Meta:
        ordering = ["period"]
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        constraints = [
            models.CheckConstraint(
                name="spaces_closure_of_office_or_building",
                condition=Q(building=None, office__isnull=False)
                | Q(building__isnull=False, office=None),
            ),
            models.CheckConstraint(
                name="spaces_closure_period_is_finite",
                condition=FINITE_PERIOD,
                violation_error_message=_("Give both a start and an end."),
            ),
        ]

    def __str__(self) -> str:
        return self.reason
