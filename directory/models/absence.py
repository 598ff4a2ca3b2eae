from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from directory.models.therapist import Therapist


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def on(self, day: date) -> "AbsenceQuerySet":
        return self.filter(first_date__lte=day, last_date__gte=day)


class Absence(models.Model):
    """A moderator is away, and another one stands in. Dates are whole days of the community's zone."""

    moderator = models.ForeignKey(
        Therapist, models.CASCADE, verbose_name=_("who is away"), related_name="+"
    )
    stand_in = models.ForeignKey(
        Therapist, models.CASCADE, verbose_name=_("who stands in"), related_name="+"
    )
    first_date = models.DateField(_("first day away"))
    last_date = models.DateField(_("last day away"))

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("moderator's absence")
        verbose_name_plural = _("moderators' absences")
        ordering = ["-first_date", "pk"]
        constraints = [
            models.CheckConstraint(
                name="directory_absence_forward",
                condition=Q(last_date__gte=F("first_date")),
                violation_error_message=_("The last day must not be before the first."),
            ),
            models.CheckConstraint(
                name="directory_absence_another_stands_in",
                condition=~Q(moderator=F("stand_in")),
                violation_error_message=_("Nobody stands in for themselves."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.moderator}, {self.first_date} – {self.last_date}"
