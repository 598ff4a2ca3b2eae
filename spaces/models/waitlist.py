from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import WaitState
from spaces.models.booking import Booking
from spaces.models.closure import FINITE_PERIOD
from spaces.models.office import Office

ON_THE_LIST = [WaitState.WAITING, WaitState.HELD]


class WaitlistEntryQuerySet(models.QuerySet["WaitlistEntry"]):
    def waiting(self) -> "WaitlistEntryQuerySet":
        return self.filter(state=WaitState.WAITING)

    def in_line(self) -> "WaitlistEntryQuerySet":
        """Who came first comes first."""
        return self.order_by("created_at", "pk")


class WaitlistEntry(models.Model):
    """One date of an office that is taken, and who would have it if it became free."""

    office = models.ForeignKey(Office, models.CASCADE, related_name="waitlist")
    guest = models.ForeignKey(Therapist, models.CASCADE, related_name="waitlist")
    period = DateTimeRangeField(_("period"))
    people = models.PositiveSmallIntegerField(_("people"), default=2)
    state = models.CharField(max_length=7, choices=WaitState, default=WaitState.WAITING)
    booking = models.ForeignKey(
        Booking,
        models.SET_NULL,
        related_name="waitlist",
        null=True,
        blank=True,
        help_text=_("The request that was made of it when the hour became free."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("entry of a waitlist")
        verbose_name_plural = _("waitlists")
        constraints = [
            models.UniqueConstraint(
                fields=["office", "guest", "period"],
                condition=Q(state__in=ON_THE_LIST),
                name="spaces_waitlistentry_once",
                violation_error_message=_("You are on the list for this already."),
            ),
            models.CheckConstraint(
                name="spaces_waitlistentry_state_known",
                condition=Q(state__in=WaitState.values),
            ),
            models.CheckConstraint(
                name="spaces_waitlistentry_period_is_finite", condition=FINITE_PERIOD
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guest}: {self.office} {self.period}"
