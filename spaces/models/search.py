from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import Frequency
from directory.models import Therapist


class SavedSearch(models.Model):
    """ "Tell me when hours like these appear." The search is kept as its address says it."""

    therapist = models.ForeignKey(
        Therapist, models.CASCADE, related_name="saved_searches"
    )
    name = models.CharField(_("name"), max_length=120)
    query = models.TextField(_("address of the search"))
    frequency = models.CharField(
        _("tell me"), max_length=10, choices=Frequency, default=Frequency.AT_ONCE
    )
    known_offices = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        help_text=_("Offices that fit when it was last looked at: no news."),
    )
    last_date = models.DateField(
        _("over after"), help_text=_("The last date that is looked for.")
    )
    looked_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("saved search")
        verbose_name_plural = _("saved searches")
        constraints = [
            models.CheckConstraint(
                name="spaces_savedsearch_frequency_known",
                condition=Q(frequency__in=Frequency.values),
            )
        ]

    def __str__(self) -> str:
        return self.name
