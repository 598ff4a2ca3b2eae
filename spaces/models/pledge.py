from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.fields import DateTimeMultirangeField
from spaces.hours import Span
from spaces.models.office import Office
from spaces.models.opening import MOST_CENTS

ASKED_AFTER = timedelta(days=335)  # eleven months: is it still true?
LAPSES_AFTER = timedelta(days=395)  # thirteen months: nobody is asked for it any more
MOST_WEEKS = 26


class PledgeQuerySet(models.QuerySet["Pledge"]):
    def standing(self, now: datetime | None = None) -> "PledgeQuerySet":
        """Confirmed within thirteen months."""
        return self.filter(confirmed_at__gt=(now or timezone.now()) - LAPSES_AFTER)

    def of(self, therapist: Therapist) -> "PledgeQuerySet":
        """In rooms they still let."""
        return self.filter(therapist=therapist, office__hosts=therapist)

    def with_office(self) -> "PledgeQuerySet":
        return self.select_related("office__building").prefetch_related("hours")


class Pledge(models.Model):
    """What a host would lend of a room in an emergency. Its matcher, its host and moderators know it, nobody else.

    ``free`` is derived as an opening's is: its hours, less closures and what is taken. Only
    ``spaces.domain.availability`` writes it.
    """

    therapist = models.ForeignKey(Therapist, models.CASCADE, related_name="pledges")
    office = models.ForeignKey(Office, models.CASCADE, related_name="pledges")
    radius_metres = models.PositiveIntegerField(_("how far"), default=5000)
    price_cents = models.PositiveIntegerField(_("cents an hour"), default=0)
    weeks = models.PositiveSmallIntegerField(_("for how many weeks"), default=2)
    joins_drills = models.BooleanField(_("takes part in drills"), default=False)
    confirmed_at = models.DateTimeField(_("confirmed still true"), default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    free = DateTimeMultirangeField(default=list, editable=False)

    objects = PledgeQuerySet.as_manager()

    class Meta:
        ordering = ["office", "pk"]
        verbose_name = _("pledge")
        verbose_name_plural = _("pledges")
        constraints = [
            UniqueConstraint(
                fields=["therapist", "office"], name="spaces_pledge_one_per_office"
            ),
            models.CheckConstraint(
                name="spaces_pledge_weeks_sensible",
                condition=Q(weeks__range=(1, MOST_WEEKS)),
            ),
            models.CheckConstraint(
                name="spaces_pledge_radius_sensible",
                condition=Q(radius_metres__range=(100, 200_000)),
            ),
            models.CheckConstraint(
                name="spaces_pledge_price_sensible",
                condition=Q(price_cents__lte=MOST_CENTS),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.office}"

    def get_absolute_url(self) -> str:
        return reverse("spaces:pledge_edit", args=[self.pk])

    @property
    def spans(self) -> list[Span]:
        return [hour.span for hour in self.hours.all()]

    @property
    def lapses_at(self) -> datetime:
        return self.confirmed_at + LAPSES_AFTER

    @property
    def is_lapsed(self) -> bool:
        return self.lapses_at <= timezone.now()

    @property
    def is_to_confirm(self) -> bool:
        return self.confirmed_at + ASKED_AFTER <= timezone.now()


class PledgeHour(models.Model):
    """One stretch of the week that is pledged."""

    pledge = models.ForeignKey(Pledge, models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField()
    start = models.PositiveSmallIntegerField()
    end = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["weekday", "start"]
        verbose_name = _("pledged hours")
        verbose_name_plural = _("pledged hours")
        constraints = [
            models.CheckConstraint(
                name="spaces_pledgehour_forward_within_a_day",
                condition=Q(end__gt=F("start"), end__lte=1440, weekday__lte=6),
            )
        ]

    def __str__(self) -> str:
        return f"{self.pledge_id}: {self.weekday} {self.start}–{self.end}"

    @property
    def span(self) -> Span:
        return Span(self.weekday, self.start, self.end)
