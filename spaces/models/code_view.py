from django.db import models
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.models.booking import Booking


class CodeView(models.Model):
    """When somebody was shown an office's entry code and alarm for a booking of theirs."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="code_views")
    viewer = models.ForeignKey(Therapist, models.PROTECT, related_name="+")
    shown_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-shown_at", "-pk"]
        verbose_name = _("view of an entry code")
        verbose_name_plural = _("views of entry codes")

    def __str__(self) -> str:
        return f"{self.booking_id}: {self.viewer}"
