from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.models import Block, Therapist
from spaces.enums import LoanKind, LoanStatus
from spaces.models.incident import Incident

UNDER_WAY = [LoanStatus.CLAIMED, LoanStatus.PICKED_UP]


class LoanQuerySet(models.QuerySet["Loan"]):
    def open(self) -> "LoanQuerySet":
        return self.filter(status=LoanStatus.OPEN)

    def involving(self, therapist: Therapist) -> "LoanQuerySet":
        return self.filter(Q(author=therapist) | Q(partner=therapist))

    def visible_to(self, therapist: Therapist) -> "LoanQuerySet":
        """What is open, but across a block; and what one is part of oneself."""
        block = Block.objects.filter(
            Q(blocker=therapist, blocked=OuterRef("author"))
            | Q(blocker=OuterRef("author"), blocked=therapist)
        )
        return self.filter(
            Q(status=LoanStatus.OPEN) & ~Q(Exists(block))
            | Q(author=therapist)
            | Q(partner=therapist)
        )

    def with_people(self) -> "LoanQuerySet":
        return self.select_related("incident", "author__user", "partner__user")


class Loan(models.Model):
    """A thing for somebody who lost theirs: two chairs and a lamp, lent, given or looked for.

    Only ``spaces.domain.loan`` changes ``status``. ``partner`` is who answered: the borrower of what is lent, the
    lender of what is looked for.
    """

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="loans")
    author = models.ForeignKey(Therapist, models.PROTECT, related_name="loans")
    partner = models.ForeignKey(
        Therapist,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="loans_answered",
    )
    kind = models.CharField(
        _("lend, give or look for"),
        max_length=5,
        choices=LoanKind,
        default=LoanKind.LENDS,
    )
    status = models.CharField(max_length=9, choices=LoanStatus, default=LoanStatus.OPEN)
    thing = models.CharField(_("what"), max_length=120)
    note = models.TextField(_("more about it"), blank=True)
    until = models.DateField(
        _("until"),
        help_text=_("When it is needed back, or no longer needed."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LoanQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("loan")
        verbose_name_plural = _("loans")
        constraints = [
            models.CheckConstraint(
                name="spaces_loan_kind_known", condition=Q(kind__in=LoanKind.values)
            ),
            models.CheckConstraint(
                name="spaces_loan_status_known",
                condition=Q(status__in=LoanStatus.values),
            ),
            models.CheckConstraint(
                name="spaces_loan_partner_when_under_way",
                condition=~Q(status__in=UNDER_WAY) | Q(partner__isnull=False),
            ),
            models.CheckConstraint(
                name="spaces_loan_between_two", condition=~Q(author=F("partner"))
            ),
        ]

    def __str__(self) -> str:
        return self.thing

    def get_absolute_url(self) -> str:
        return reverse("spaces:loan_detail", args=[self.pk])

    @property
    def comes_back(self) -> bool:
        return self.kind != LoanKind.GIVES


class LoanEvent(models.Model):
    """What was done or said about a loan: with equal statuses it is a message, to agree on the pick-up."""

    loan = models.ForeignKey(Loan, models.CASCADE, related_name="events")
    actor = models.ForeignKey(Therapist, models.PROTECT, null=True, related_name="+")
    old_status = models.CharField(max_length=9, blank=True)
    new_status = models.CharField(max_length=9, choices=LoanStatus)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("event of a loan")
        verbose_name_plural = _("events of loans")

    def __str__(self) -> str:
        return f"{self.loan_id}: {self.old_status} → {self.new_status}"

    @property
    def is_message(self) -> bool:
        return self.old_status == self.new_status
