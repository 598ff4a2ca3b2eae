from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.models import Term, Therapist
from spaces.enums import NeedStatus
from spaces.hours import Span
from spaces.models.incident import Incident
from spaces.models.opening import MOST_CENTS


class NeedQuerySet(models.QuerySet["Need"]):
    def open(self) -> "NeedQuerySet":
        return self.filter(status=NeedStatus.OPEN)

    def of(self, therapist: Therapist) -> "NeedQuerySet":
        """For this person, or asked by them for a trainee they supervise."""
        return self.filter(Q(therapist=therapist) | Q(author=therapist))

    def with_people(self) -> "NeedQuerySet":
        return self.select_related("therapist__user", "author__user", "incident")

    def with_hours(self) -> "NeedQuerySet":
        return self.prefetch_related("hours")


class Need(models.Model):
    """Hours somebody has lost and asks colleagues for. Only ``spaces.domain.need`` changes ``status``."""

    incident = models.ForeignKey(
        Incident, models.PROTECT, null=True, blank=True, related_name="needs"
    )
    therapist = models.ForeignKey(
        Therapist, models.PROTECT, related_name="needs", verbose_name=_("for")
    )
    author = models.ForeignKey(
        Therapist,
        models.PROTECT,
        related_name="authored_needs",
        verbose_name=_("asked by"),
    )
    status = models.CharField(
        max_length=8, choices=NeedStatus, default=NeedStatus.DRAFT
    )
    first_date = models.DateField(_("first date"))
    last_date = models.DateField(_("last date"))
    timezone = models.CharField(max_length=64)
    place = models.CharField(_("near"), max_length=120, blank=True)
    latitude = models.FloatField()
    longitude = models.FloatField()
    radius_metres = models.PositiveIntegerField(_("how far"), default=8000)
    most_cents = models.PositiveIntegerField(
        _("most you pay for an hour"), null=True, blank=True
    )
    people = models.PositiveSmallIntegerField(_("people"), default=2)
    is_step_free = models.BooleanField(_("must be step-free"), default=False)
    attributes = models.ManyToManyField(
        Term, blank=True, related_name="+", verbose_name=_("must have")
    )
    note = models.TextField(
        _("a word to colleagues"),
        blank=True,
        help_text=_("About the room, never about clients."),
    )
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = NeedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("need")
        verbose_name_plural = _("needs")
        constraints = [
            UniqueConstraint(
                fields=["therapist", "incident"],
                condition=Q(status="open"),
                nulls_distinct=False,
                name="spaces_need_one_open_per_incident",
                violation_error_message=_(
                    "There is an open need already. Change that one."
                ),
            ),
            models.CheckConstraint(
                name="spaces_need_status_known",
                condition=Q(status__in=NeedStatus.values),
            ),
            models.CheckConstraint(
                name="spaces_need_dates_forward",
                condition=Q(last_date__gte=F("first_date")),
                violation_error_message=_(
                    "The last date must not be before the first."
                ),
            ),
            models.CheckConstraint(
                name="spaces_need_radius_sensible",
                condition=Q(radius_metres__range=(100, 200_000)),
                violation_error_message=_(
                    "Choose how far you would go: at least 100 metres, at most 200 km."
                ),
            ),
            models.CheckConstraint(
                name="spaces_need_price_sensible",
                condition=Q(most_cents=None) | Q(most_cents__lte=MOST_CENTS),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.therapist}: {self.first_date} – {self.last_date}"

    def get_absolute_url(self) -> str:
        return reverse("spaces:need_detail", args=[self.pk])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def spans(self) -> list[Span]:
        """What must be covered."""
        return [hour.span for hour in self.hours.all() if hour.is_must]

    @property
    def nice_spans(self) -> list[Span]:
        """Welcome too; nobody is asked because of these alone, and without them the need is covered all the same."""
        return [hour.span for hour in self.hours.all() if not hour.is_must]


class NeedHour(models.Model):
    """One stretch of the week that is needed."""

    need = models.ForeignKey(Need, models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField()
    start = models.PositiveSmallIntegerField()
    end = models.PositiveSmallIntegerField()
    is_must = models.BooleanField(_("must have"), default=True)

    class Meta:
        ordering = ["weekday", "start"]
        verbose_name = _("needed hours")
        verbose_name_plural = _("needed hours")
        constraints = [
            models.CheckConstraint(
                name="spaces_needhour_forward_within_a_day",
                condition=Q(end__gt=F("start"), end__lte=1440, weekday__lte=6),
            )
        ]

    def __str__(self) -> str:
        return f"{self.need_id}: {self.weekday} {self.start}–{self.end}"

    @property
    def span(self) -> Span:
        return Span(self.weekday, self.start, self.end)
