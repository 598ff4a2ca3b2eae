from datetime import datetime
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
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
        _("minutes between waves"),
        default=75,
        validators=[MinValueValidator(1)],
        help_text=_(
            "How long people have to answer before more are asked. A “no” asks the next person at once."
        ),
    )
    urgent_wave_minutes = models.PositiveSmallIntegerField(
        _("minutes between urgent waves"),
        default=20,
        validators=[MinValueValidator(1)],
        help_text=_(
            "The same, when the first needed hour begins within a day. Only then do quiet hours yield."
        ),
    )
    wave_size = models.PositiveSmallIntegerField(
        _("people in the first wave"),
        default=40,
        validators=[MinValueValidator(1)],
        help_text=_(
            "First those whose free hours match, then the nearest who posted none."
        ),
    )
    wave_growth_percent = models.PositiveSmallIntegerField(
        _("people in each next wave, percent of the one before"),
        default=150,
        validators=[MinValueValidator(100), MaxValueValidator(1000)],
        help_text=_("100 asks as many again each time; 150 half as many more."),
    )
    wave_reach_percent = models.PositiveSmallIntegerField(
        _("reach of each next wave, percent of the one before"),
        default=150,
        validators=[MinValueValidator(100), MaxValueValidator(1000)],
        help_text=_(
            "Of how far the person in need would go; each wave reaches at least 10 percent of that further. Evenings "
            "and weekends that few have free are asked for one step further at once. Nobody is asked from further "
            "away than they said they would help."
        ),
    )
    wave_limit = models.PositiveSmallIntegerField(
        _("waves at most"),
        default=6,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("For one incident, or one need without an incident."),
    )
    daily_cap = models.PositiveSmallIntegerField(
        _("mails a day at most"),
        default=5,
        validators=[MinValueValidator(1)],
        help_text=_(
            "To one person who chose no number of their own. Sign-in codes and what concerns one’s own hours are not "
            "counted, and always arrive."
        ),
    )
    answer_days = models.PositiveSmallIntegerField(
        _("days to answer a request"), default=3
    )
    join_questions = models.TextField(
        _("questions to applicants"),
        blank=True,
        help_text=_(
            "One a line. The answers begin the conversation with the moderators."
        ),
    )
    invitations_a_month = models.PositiveSmallIntegerField(
        _("invitations a month"),
        default=10,
        help_text=_("That each member may send."),
    )
    keep_deliveries_days = models.PositiveSmallIntegerField(
        _("mails sent: that they were"),
        default=180,
        validators=[MinValueValidator(90), MaxValueValidator(3650)],
        help_text=_("Who was written to, when, and why; never what was written."),
    )
    keep_messages_days = models.PositiveSmallIntegerField(
        _("conversations nobody writes in"),
        default=730,
        validators=[MinValueValidator(30), MaxValueValidator(3650)],
        help_text=_("Between two members, after the last word."),
    )
    keep_declined_days = models.PositiveSmallIntegerField(
        _("applications that were declined"),
        default=180,
        validators=[MinValueValidator(14), MaxValueValidator(3650)],
        help_text=_("An appeal, or another try, finds them until then."),
    )
    keep_code_views_days = models.PositiveSmallIntegerField(
        _("who saw which entry code"),
        default=365,
        validators=[MinValueValidator(30), MaxValueValidator(3650)],
        help_text=_("After the day it was looked at."),
    )
    keep_posts_days = models.PositiveSmallIntegerField(
        _("posts about buildings"),
        default=365,
        validators=[MinValueValidator(7), MaxValueValidator(3650)],
    )
    keep_drills_days = models.PositiveSmallIntegerField(
        _("reports of drills"),
        default=1095,
        validators=[MinValueValidator(30), MaxValueValidator(3650)],
    )
    keep_audit_days = models.PositiveSmallIntegerField(
        _("what moderators did"),
        default=1095,
        validators=[MinValueValidator(180), MaxValueValidator(3650)],
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

    def local(self, now: datetime | None = None) -> datetime:
        """This moment, or ``now``, by the clocks of the community's zone."""
        return (now or timezone.now()).astimezone(ZoneInfo(self.timezone))

    @property
    def unit(self) -> DistanceUnit:
        return DistanceUnit(self.distance_unit)
