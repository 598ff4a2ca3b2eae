"""What people decide once a place is open again: where their own dates go on, and what becomes of a borrowed room."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import BorrowedKind, BorrowedStatus, WayBackStatus
from spaces.hours import Span
from spaces.models.booking import Booking, Occurrence
from spaces.models.incident import Incident


class WayBack(models.Model):
    """Dates of somebody's own room that is open again, who has found another one for the same hours: back, or not?"""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="ways_back")
    guest = models.ForeignKey(Therapist, models.CASCADE, related_name="ways_back")
    occurrences = models.ManyToManyField(Occurrence, related_name="ways_back")
    status = models.CharField(
        max_length=8, choices=WayBackStatus, default=WayBackStatus.ASKED
    )
    answer_by = models.DateTimeField(_("answer expected until"))
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("way back to one's own room")
        verbose_name_plural = _("ways back to one's own room")
        constraints = [
            models.CheckConstraint(
                name="spaces_wayback_status_known",
                condition=Q(status__in=WayBackStatus.values),
            ),
            models.UniqueConstraint(
                fields=["incident", "guest"],
                condition=Q(status=WayBackStatus.ASKED),
                name="spaces_wayback_asked_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guest}: {self.get_status_display()}"

    def get_absolute_url(self) -> str:
        return reverse("spaces:way_back", args=[self.pk])


class BorrowedRoom(models.Model):
    """Asked once of both sides when the guest's own room is open again. The newest proposal replaces the one before.

    ``version`` counts proposals, so that nobody says yes to one they have not seen.
    """

    booking = models.OneToOneField(
        Booking, models.CASCADE, related_name="borrowed", verbose_name=_("booking")
    )
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="borrowed")
    status = models.CharField(
        max_length=8, choices=BorrowedStatus, default=BorrowedStatus.ASKED
    )
    answer_by = models.DateTimeField(_("answer expected until"))
    kind = models.CharField(max_length=6, choices=BorrowedKind, blank=True)
    version = models.PositiveSmallIntegerField(default=0)
    proposed_by = models.ForeignKey(
        Therapist, models.PROTECT, null=True, blank=True, related_name="+"
    )
    first_date = models.DateField(_("from"), null=True, blank=True)
    last_date = models.DateField(_("until"), null=True, blank=True)
    price_cents = models.PositiveIntegerField(_("price an hour"), default=0)
    week = models.JSONField(
        _("hours of the week"),
        default=list,
        blank=True,
        help_text=_("Weekday, from, to, in minutes: what goes on as a sublet."),
    )
    sublet = models.OneToOneField(
        Booking, models.PROTECT, null=True, blank=True, related_name="was_borrowed"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("borrowed room after reopening")
        verbose_name_plural = _("borrowed rooms after reopening")
        constraints = [
            models.CheckConstraint(
                name="spaces_borrowedroom_status_known",
                condition=Q(status__in=BorrowedStatus.values),
            ),
            models.CheckConstraint(
                name="spaces_borrowedroom_kind_known",
                condition=Q(kind__in=["", *BorrowedKind.values]),
            ),
            models.CheckConstraint(
                name="spaces_borrowedroom_proposal_is_whole",
                condition=~Q(status__in=["proposed", "agreed"])
                | Q(proposed_by__isnull=False, first_date__isnull=False)
                & ~Q(kind="")
                & (~Q(kind="sublet") | Q(last_date__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking}: {self.get_status_display()}"

    def get_absolute_url(self) -> str:
        return reverse("spaces:borrowed_room", args=[self.pk])

    @property
    def spans(self) -> list[Span]:
        return [Span(*part) for part in self.week]
