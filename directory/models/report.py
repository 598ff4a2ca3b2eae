from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import ReportOutcome
from directory.models.message import Conversation
from directory.models.therapist import Therapist


class ReportQuerySet(models.QuerySet["Report"]):
    def undecided(self) -> "ReportQuerySet":
        return self.filter(outcome="")


class Report(models.Model):
    """A member tells the moderators of another. ``reporter`` is empty where the clock noticed something.

    With a ``conversation`` the moderators may read that one, and no other.
    """

    about = models.ForeignKey(
        Therapist, models.CASCADE, verbose_name=_("about"), related_name="reports"
    )
    reporter = models.ForeignKey(
        Therapist,
        models.SET_NULL,
        verbose_name=_("reported by"),
        related_name="+",
        null=True,
        blank=True,
    )
    conversation = models.ForeignKey(
        Conversation, models.SET_NULL, related_name="+", null=True, blank=True
    )
    text = models.TextField(_("what happened"), max_length=4000)
    created_at = models.DateTimeField(_("reported"), default=timezone.now)
    outcome = models.CharField(
        _("decision"), max_length=12, choices=ReportOutcome, blank=True
    )
    reason = models.TextField(_("reason"), blank=True)
    decided_by = models.ForeignKey(
        Therapist,
        models.SET_NULL,
        verbose_name=_("decided by"),
        related_name="+",
        null=True,
        blank=True,
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.CheckConstraint(
                name="directory_report_outcome_known",
                condition=Q(outcome__in=["", *ReportOutcome.values]),
            ),
            models.CheckConstraint(
                name="directory_report_of_another",
                condition=Q(reporter=None) | ~Q(reporter=F("about")),
            ),
            models.CheckConstraint(
                name="directory_report_decided_whole",
                condition=Q(outcome="", decided_at=None)
                | ~Q(outcome="") & Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about}, {self.created_at:%Y-%m-%d}"
