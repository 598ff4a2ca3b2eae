from django.db import models
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.models.booking import Booking


class BookingMessage(models.Model):
    """What the parties of a booking wrote to each other about it."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="messages")
    author = models.ForeignKey(Therapist, models.PROTECT, related_name="+")
    text = models.TextField(_("message"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("message about a booking")
        verbose_name_plural = _("messages about bookings")

    def __str__(self) -> str:
        return f"{self.booking_id}: {self.author}"
