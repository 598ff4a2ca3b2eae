from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.enums import OfferStatus
from spaces.hours import Span
from spaces.models.booking import Booking
from spaces.models.need import Need
from spaces.models.office import Office
from spaces.models.opening import MOST_CENTS


class OfferQuerySet(models.QuerySet["Offer"]):
    def undecided(self) -> "OfferQuerySet":
        return self.filter(status=OfferStatus.OFFERED)

    def involving(self, therapist: Therapist) -> "OfferQuerySet":
        return self.filter(
            Q(helper=therapist)
            | Q(need__therapist=therapist)
            | Q(need__author=therapist)
        )

    def with_parties(self) -> "OfferQuerySet":
        return self.select_related(
            "helper__user",
            "office__building",
            "need__therapist__user",
            "need__author__user",
            "need__incident",
        ).prefetch_related("hours")


class Offer(models.Model):
    """A member's answer to one need: these of its hours, in this office. Holds nothing; accepting books."""

    need = models.ForeignKey(Need, models.CASCADE, related_name="offers")
    helper = models.ForeignKey(Therapist, models.PROTECT, related_name="offers")
    office = models.ForeignKey(Office, models.PROTECT, related_name="offers")
    status = models.CharField(
        max_length=9, choices=OfferStatus, default=OfferStatus.OFFERED
    )
    price_cents = models.PositiveIntegerField(_("price for an hour"), default=0)
    first_date = models.DateField(_("from"))
    last_date = models.DateField(_("until"))
    message = models.TextField(_("message"), blank=True)
    booking = models.OneToOneField(
        Booking, models.PROTECT, null=True, blank=True, related_name="offer"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = [
            models.CheckConstraint(
                name="spaces_offer_status_known",
                condition=Q(status__in=OfferStatus.values),
            ),
            models.CheckConstraint(
                name="spaces_offer_dates_forward",
                condition=Q(last_date__gte=F("first_date")),
            ),
            models.CheckConstraint(
                name="spaces_offer_price_sensible",
                condition=Q(price_cents__lte=MOST_CENTS),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.helper} → {self.need_id}"

    @property
    def spans(self) -> list[Span]:
        return [hour.span for hour in self.hours.all()]


class OfferHour(models.Model):
    """One stretch of the need's week that is offered."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField()
    start = models.PositiveSmallIntegerField()
    end = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["weekday", "start"]
        verbose_name = _("offered hours")
        verbose_name_plural = _("offered hours")
        constraints = [
            models.CheckConstraint(
                name="spaces_offerhour_forward_within_a_day",
                condition=Q(end__gt=F("start"), end__lte=1440, weekday__lte=6),
            )
        ]

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.weekday} {self.start}–{self.end}"

    @property
    def span(self) -> Span:
        return Span(self.weekday, self.start, self.end)
