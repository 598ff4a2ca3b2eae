from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from directory.enums import DistanceUnit
from directory.jurisdictions import JurisdictionField


class CommunityQuerySet(models.QuerySet["Community"]):
    def current(self) -> "Community":
        """The one row; before the first run's page was filled in, an unsaved one with the defaults."""
        return self.first() or Community()


class Community(models.Model):
    """The one row that says where this is and how it behaves. Edited in the admin."""

    name = models.CharField(_("name"), max_length=120, default="Therapists")
    area = models.CharField(
        _("area"), max_length=120, blank=True, help_text=_("“Berkeley and Oakland”")
    )
    timezone = models.CharField(
        _("time zone"), max_length=64, default="America/Los_Angeles"
    )
    distance_unit = models.CharField(
        _("distances in"), max_length=2, choices=DistanceUnit, default=DistanceUnit.KM
    )
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    jurisdiction = JurisdictionField(
        _("jurisdiction"), max_length=60, default="California"
    )
    latitude = models.FloatField(
        _("latitude of the centre"),
        default=37.85,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )
    longitude = models.FloatField(
        _("longitude of the centre"),
        default=-122.25,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )
    wave_minutes = models.PositiveSmallIntegerField(
        _("minutes between waves"), default=75
    )
    urgent_wave_minutes = models.PositiveSmallIntegerField(
        _("minutes between urgent waves"), default=20
    )
    wave_size = models.PositiveSmallIntegerField(
        _("people in the first wave"), default=40
    )
    wave_growth_percent = models.PositiveSmallIntegerField(
        _("each next wave, percent of the one before"), default=150
    )
    wave_limit = models.PositiveSmallIntegerField(_("waves at most"), default=6)
    daily_cap = models.PositiveSmallIntegerField(_("mails a day at most"), default=5)
    answer_days = models.PositiveSmallIntegerField(
        _("days to answer a request"), default=3
    )
    agreement = models.TextField(
        _("what members agree to"),
        default=(
            "I am licensed, or work under a supervisor's licence, and say so truthfully. "
            "What I read here about colleagues stays here. I write nothing about a client anywhere on these pages."
        ),
    )

    objects = CommunityQuerySet.as_manager()

    class Meta:
        verbose_name = _("community")
        verbose_name_plural = _("community")
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                name="directory_community_single",
                violation_error_message=_("There is one community; edit that one."),
            ),
            models.CheckConstraint(
                name="directory_community_distance_unit_known",
                condition=models.Q(distance_unit__in=DistanceUnit.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def unit(self) -> DistanceUnit:
        return DistanceUnit(self.distance_unit)
