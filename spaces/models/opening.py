from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import Audience
from spaces.fields import DateTimeMultirangeField
from spaces.hours import Span
from spaces.models.office import Office

FRESH = timedelta(days=60)  # unconfirmed for longer: sinks
STALE = timedelta(days=90)  # unconfirmed for longer: hidden
MOST_CENTS = 50_000  # an hour; a typing error above


class OpeningQuerySet(models.QuerySet["Opening"]):
    def fresh(self, now: datetime | None = None) -> "OpeningQuerySet":
        """Confirmed still true within 90 days."""
        return self.filter(confirmed_at__gt=(now or timezone.now()) - STALE)

    def stale(self) -> "OpeningQuerySet":
        """Of rooms that are listed, and hidden for want of a word: their hosts were asked and did not answer."""
        return self.current().filter(
            confirmed_at__lte=timezone.now() - STALE,
            office__is_hidden=False,
            office__is_draft=False,
        )

    def current(self) -> "OpeningQuerySet":
        """Not over: its last date, if any, is yet to come. (A day of slack covers every zone.)"""
        yesterday = timezone.now().date() - timedelta(days=1)
        return self.filter(Q(last_date=None) | Q(last_date__gte=yesterday))


class Opening(models.Model):
    """Hours offered: one weekday, or one date (then first and last date are that date), one span, one price.

    ``free`` is derived: the hours of the next 53 weeks, less closures and what is taken. Only
    ``spaces.domain.availability`` writes it.
    """

    office = models.ForeignKey(Office, models.CASCADE, related_name="openings")
    weekday = models.PositiveSmallIntegerField(_("weekday"), help_text=_("0 is Monday"))
    start = models.PositiveSmallIntegerField(
        _("from"), help_text=_("minutes of the day")
    )
    end = models.PositiveSmallIntegerField(_("to"), help_text=_("minutes of the day"))
    first_date = models.DateField(_("first date"))
    last_date = models.DateField(_("last date"), null=True, blank=True)
    price_cents = models.PositiveIntegerField(
        _("cents an hour"), default=0, help_text=_("0 is free")
    )
    audience = models.CharField(
        _("for"), max_length=12, choices=Audience, default=Audience.ALL
    )
    shortest_minutes = models.PositiveSmallIntegerField(
        _("shortest block in minutes"), default=60
    )
    confirmed_at = models.DateTimeField(_("confirmed still true"), default=timezone.now)
    free = DateTimeMultirangeField(default=list, editable=False)

    objects = OpeningQuerySet.as_manager()

    class Meta:
        ordering = ["office", "weekday", "start", "pk"]
        verbose_name = _("opening")
        verbose_name_plural = _("openings")
        constraints = [
            models.CheckConstraint(
                name="spaces_opening_weekday_known", condition=Q(weekday__lte=6)
            ),
            models.CheckConstraint(
                name="spaces_opening_forward_within_a_day",
                condition=Q(end__gt=F("start"), end__lte=1440),
                violation_error_message=_(
                    "The hours must end after they begin, on the same day."
                ),
            ),
            models.CheckConstraint(
                name="spaces_opening_dates_forward",
                condition=Q(last_date=None) | Q(last_date__gte=F("first_date")),
                violation_error_message=_(
                    "The last date must not be before the first."
                ),
            ),
            models.CheckConstraint(
                name="spaces_opening_price_sensible",
                condition=Q(price_cents__lte=MOST_CENTS),
                violation_error_message=_(
                    "That price for an hour looks like a typing error."
                ),
            ),
            models.CheckConstraint(
                name="spaces_opening_audience_known",
                condition=Q(audience__in=Audience.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.office} {self.weekday} {self.start}–{self.end}"

    @property
    def span(self) -> Span:
        return Span(self.weekday, self.start, self.end)

    @property
    def is_single_date(self) -> bool:
        return self.first_date == self.last_date


class UsualHours(models.Model):
    """When a host uses their own office, weekly. Private, never offered: where a displaced host's draft need starts."""

    therapist = models.ForeignKey(Therapist, models.CASCADE, related_name="usual_hours")
    office = models.ForeignKey(Office, models.CASCADE, related_name="usual_hours")
    weekday = models.PositiveSmallIntegerField()
    start = models.PositiveSmallIntegerField()
    end = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["office", "weekday", "start"]
        verbose_name = _("usual hours")
        verbose_name_plural = _("usual hours")
        constraints = [
            models.CheckConstraint(
                name="spaces_usualhours_forward_within_a_day",
                condition=Q(end__gt=F("start"), end__lte=1440, weekday__lte=6),
                violation_error_message=_(
                    "The hours must end after they begin, on the same day."
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.therapist} {self.weekday} {self.start}–{self.end}"

    @property
    def span(self) -> Span:
        return Span(self.weekday, self.start, self.end)
