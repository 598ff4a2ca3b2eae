from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import OccurrenceState, ProposalStatus
from spaces.models.booking import Occurrence


class MoveProposalQuerySet(models.QuerySet["MoveProposal"]):
    def answerable(self) -> "MoveProposalQuerySet":
        """Nobody answered yet, and the date still stands where it stood, both times still to come."""
        now = timezone.now()
        return self.filter(
            status=ProposalStatus.OPEN,
            occurrence__state=OccurrenceState.BOOKED,
            occurrence__period=models.F("old_period"),
            old_period__startswith__gt=now,
            period__startswith__gt=now,
        )

    def with_date(self) -> "MoveProposalQuerySet":
        return self.select_related(
            "by", "occurrence__guest__user", "occurrence__office__building"
        )


class MoveProposal(models.Model):
    """Another time that a host proposes for one booked date. Until its guest says yes the old one stands."""

    occurrence = models.ForeignKey(
        Occurrence, models.CASCADE, related_name="move_proposals"
    )
    by = models.ForeignKey(Therapist, models.PROTECT, related_name="+")
    old_period = DateTimeRangeField(_("where it stands"))
    period = DateTimeRangeField(_("where it would go"))
    price_cents = models.PositiveIntegerField()
    message = models.TextField(_("message"), blank=True)
    status = models.CharField(
        max_length=9, choices=ProposalStatus, default=ProposalStatus.OPEN
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = MoveProposalQuerySet.as_manager()

    class Meta:
        ordering = ["period", "pk"]
        verbose_name = _("proposal of another time")
        verbose_name_plural = _("proposals of another time")
        constraints = [
            models.CheckConstraint(
                name="spaces_moveproposal_status_known",
                condition=Q(status__in=ProposalStatus.values),
            ),
            models.UniqueConstraint(
                name="spaces_moveproposal_one_open",
                fields=["occurrence"],
                condition=Q(status=ProposalStatus.OPEN),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.occurrence} → {self.period}"
