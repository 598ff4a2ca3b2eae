from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import Frequency
from directory.models.therapist import Therapist


class ColleagueSearch(models.Model):
    """ "Tell me when a colleague like this joins." The search is kept as its address says it."""

    therapist = models.ForeignKey(
        Therapist, models.CASCADE, related_name="colleague_searches"
    )
    name = models.CharField(_("name"), max_length=200)
    query = models.TextField(_("address of the search"))
    frequency = models.CharField(
        _("tell me"), max_length=10, choices=Frequency, default=Frequency.AT_ONCE
    )
    told = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        help_text=_("Newcomers that were told of, or were there before."),
    )
    looked_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("saved search for colleagues")
        verbose_name_plural = _("saved searches for colleagues")
        constraints = [
            models.UniqueConstraint(
                fields=["therapist", "query"], name="directory_colleaguesearch_once"
            ),
            models.CheckConstraint(
                name="directory_colleaguesearch_frequency_known",
                condition=models.Q(frequency__in=Frequency.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name
