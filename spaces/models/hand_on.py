from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import HandOnKind, HandOnStatus
from spaces.models.booking import Booking, Occurrence


class HandOn(models.Model):
    """Booked dates that a guest offers to another member: for good, or lent, where the giver goes on paying."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="hand_ons")
    occurrences = models.ManyToManyField(Occurrence, related_name="hand_ons")
    giver = models.ForeignKey(Therapist, models.PROTECT, related_name="hand_ons_given")
    taker = models.ForeignKey(Therapist, models.PROTECT, related_name="hand_ons_taken")
    kind = models.CharField(
        max_length=7, choices=HandOnKind, default=HandOnKind.HAND_ON
    )
    status = models.CharField(
        max_length=9, choices=HandOnStatus, default=HandOnStatus.OFFERED
    )
    message = models.TextField(_("message"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("handing on of dates")
        verbose_name_plural = _("handings on of dates")
        constraints = [
            models.CheckConstraint(
                name="spaces_handon_kind_known",
                condition=Q(kind__in=HandOnKind.values),
            ),
            models.CheckConstraint(
                name="spaces_handon_status_known",
                condition=Q(status__in=HandOnStatus.values),
            ),
            models.CheckConstraint(
                name="spaces_handon_to_another", condition=~Q(giver=F("taker"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver} → {self.taker}"
