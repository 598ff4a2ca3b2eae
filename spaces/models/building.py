from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.geo import earth_index


def known_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. One looks like America/Los_Angeles."),
            params={"name": name},
        )


class Building(models.Model):
    """A street address with rooms. Its hours are always told in its own time zone."""

    name = models.CharField(
        _("name"),
        max_length=120,
        help_text=_("What colleagues call it: “Piedmont Avenue 4100”."),
    )
    street = models.CharField(_("street and number"), max_length=200)
    city = models.CharField(_("city"), max_length=120)
    neighbourhood = models.CharField(_("neighbourhood"), max_length=120, blank=True)
    zip_code = models.CharField(_("ZIP"), max_length=10)
    latitude = models.FloatField()
    longitude = models.FloatField()
    timezone = models.CharField(
        _("time zone"), max_length=64, validators=[known_timezone]
    )
    is_step_free = models.BooleanField(_("step-free entrance"), default=False)
    access = models.TextField(
        _("getting in"), blank=True, help_text=_("Door, lift, parking, transit.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        indexes = [earth_index("spaces_building_earth")]
        constraints = [
            models.CheckConstraint(
                name="spaces_building_point_on_earth",
                condition=models.Q(
                    latitude__range=(-90, 90), longitude__range=(-180, 180)
                ),
                violation_error_message=_("This place is not on the map."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("spaces:building_detail", args=[self.pk])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def district(self) -> str:
        """What may be said of where it is before a booking is confirmed."""
        return self.neighbourhood or self.city
