from urllib.parse import urlsplit

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import Standing
from directory.models import Therapist
from spaces.fetch import Problem
from spaces.fields import DateTimeMultirangeField


class BusyCalendarQuerySet(models.QuerySet["BusyCalendar"]):
    def due(self) -> "BusyCalendarQuerySet":
        """To be read now. Of people who are members only."""
        return self.filter(
            check_at__lte=timezone.now(), therapist__standing=Standing.MEMBER
        )


class BusyCalendar(models.Model):
    """Somebody's own calendar elsewhere, read by its address. Nothing of it is kept but when they are busy."""

    therapist = models.ForeignKey(
        Therapist, models.CASCADE, related_name="busy_calendars"
    )
    name = models.CharField(_("name"), max_length=80)
    url = models.URLField(_("address"), max_length=2000)
    busy = DateTimeMultirangeField(default=list, editable=False)
    check_at = models.DateTimeField(_("read next"), default=timezone.now)
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    good_at = models.DateTimeField(_("last read well"), null=True, blank=True)
    problem = models.CharField(_("what went wrong"), max_length=200, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    etag = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BusyCalendarQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("calendar read as busy time")
        verbose_name_plural = _("calendars read as busy time")

    def __str__(self) -> str:
        return self.name

    @property
    def server(self) -> str:
        """All of its address that is shown: the rest is as good as a password."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_due(self) -> bool:
        return self.check_at <= timezone.now()

    @property
    def because(self) -> str:
        """Why it could not be read when it was tried last; empty if it could."""
        return str(Problem(self.problem).label) if self.problem else ""
