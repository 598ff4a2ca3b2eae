from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models.therapist import Therapist

KEPT = timedelta(hours=24)


class Export(models.Model):
    """ "Everything of mine", as a worker puts it together: one for each person, for a day, nowhere but here."""

    therapist = models.OneToOneField(
        Therapist, models.CASCADE, related_name="export", verbose_name=_("of")
    )
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)
    done = models.PositiveSmallIntegerField(_("parts done"), default=0)
    total = models.PositiveSmallIntegerField(_("parts in all"), default=0)
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)
    content = models.BinaryField(null=True)

    class Meta:
        verbose_name = _("download of everything of mine")
        verbose_name_plural = _("downloads of everything of mine")

    def __str__(self) -> str:
        return f"{self.therapist}: {self.done}/{self.total}"

    @property
    def until(self) -> datetime | None:
        return self.ready_at + KEPT if self.ready_at else None

    @property
    def is_ready(self) -> bool:
        return self.until is not None and self.until > timezone.now()
