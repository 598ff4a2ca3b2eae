from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models.therapist import Therapist


class ApplicationMessage(models.Model):
    """What an applicant and the moderators wrote to each other; answers to the join questions come first."""

    applicant = models.ForeignKey(
        Therapist, models.CASCADE, related_name="application_messages"
    )
    author = models.ForeignKey(
        Therapist, models.SET_NULL, related_name="+", null=True, blank=True
    )
    text = models.TextField(_("words"), max_length=4000)
    is_appeal = models.BooleanField(_("asks to look again"), default=False)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("message about an application")
        verbose_name_plural = _("messages about applications")
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.text


class Vouch(models.Model):
    """A member's word for an applicant: they know the person, and that they practise."""

    applicant = models.ForeignKey(
        Therapist, models.CASCADE, related_name="vouches_received"
    )
    by = models.ForeignKey(Therapist, models.CASCADE, related_name="vouches_given")
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("vouch")
        verbose_name_plural = _("vouches")
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["applicant", "by"], name="directory_vouch_once"
            ),
            models.CheckConstraint(
                name="directory_vouch_for_another",
                condition=~models.Q(applicant=models.F("by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by} – {self.applicant}"
