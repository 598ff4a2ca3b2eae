from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.fields import DateTimeMultirangeField


class BusyCalendar(models.Model):
    """Somebody's own calendar elsewhere, read by its address. Nothing of it is kept but when they are busy."""

    therapist = models.ForeignKey(
        Therapist, models.CASCADE, related_name="busy_calendars"
    )
    name = models.CharField(_("name"), max_length=80)
    url = models.URLField(_("address"), max_length=2000)
    busy = DateTimeMultirangeField(default=list, editable=False)
    check_at = models.DateTimeField(_("read next"), default=timezone.now)
    good_at = models.DateTimeField(_("last read well"), null=True, blank=True)
    problem = models.CharField(_("what went wrong"), max_length=200, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    etag = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("calendar read as busy time")
        verbose_name_plural = _("calendars read as busy time")

    def __str__(self) -> str:
        return self.name
