from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from spaces.enums import ReplyOutcome
from spaces.hours import Span
from spaces.models.office import Office
from spaces.models.wave import WaveRecipient


class Reply(models.Model):
    """An answer by mail, and what became of it. Nothing of its words is kept; of its Message-ID a hash."""

    told = models.ForeignKey(WaveRecipient, models.CASCADE, related_name="replies")
    key = models.CharField(max_length=64, help_text=_("a hash of its Message-ID"))
    outcome = models.CharField(
        _("outcome"), max_length=11, choices=ReplyOutcome, default=ReplyOutcome.ASKED
    )
    choice = models.CharField(max_length=5, blank=True)
    hours = models.JSONField(default=list, blank=True)
    office = models.ForeignKey(
        Office, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    price_cents = models.PositiveIntegerField(default=0)
    last_date = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, help_text=_("what we say"))
    created_at = models.DateTimeField(_("received"), auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("answer by mail")
        verbose_name_plural = _("answers by mail")
        constraints = [
            UniqueConstraint(fields=["told", "key"], name="spaces_reply_once"),
            models.CheckConstraint(
                name="spaces_reply_outcome_known",
                condition=Q(outcome__in=ReplyOutcome.values),
            ),
            models.CheckConstraint(
                name="spaces_reply_choice_known",
                condition=Q(choice__in=["", "yes", "no", "never"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.told}: {self.get_outcome_display()}"

    @property
    def spans(self) -> list[Span]:
        return [Span(*hour) for hour in self.hours]
