from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
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

    def to_come(self) -> "WaitlistEntryQuerySet":
        return self.filter(period__startswith__gt=timezone.now())

    def in_line(self) -> "WaitlistEntryQuerySet":
        """Who came first comes first."""
        return self.order_by("created_at", "pk")

    def with_place_in_line(self) -> "WaitlistEntryQuerySet":
        """``ahead``: how many people came first for some of the same hours."""
        earlier = Q(created_at__lt=OuterRef("created_at")) | Q(
            created_at=OuterRef("created_at"), pk__lt=OuterRef("pk")
        )
        ahead = (
            WaitlistEntry.objects.waiting()
            .filter(
                earlier, office=OuterRef("office"), period__overlap=OuterRef("period")
            )
            .order_by()
            .values("office")
            .annotate(people=Count("guest", distinct=True))
        )
        return self.annotate(ahead=Coalesce(Subquery(ahead.values("people")), 0))


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
