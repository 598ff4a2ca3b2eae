from django.db import models
from django.utils.translation import gettext_lazy as _

from spaces.models.office import Office

SIDES = {"small": 320, "medium": 800, "large": 1600}  # pixels of the longer side
MOST_PHOTOS = 8  # of one office


class OfficePhoto(models.Model):
    """A picture of a room, in three sizes made from what was sent; nothing else of the sent file is kept."""

    office = models.ForeignKey(Office, models.CASCADE, related_name="photos")
    alt = models.CharField(
        _("what it shows"),
        max_length=200,
        help_text=_("For colleagues who cannot see it: “two armchairs by a window”."),
    )
    position = models.PositiveSmallIntegerField(default=0)
    small = models.ImageField(upload_to="offices/")
    medium = models.ImageField(upload_to="offices/")
    large = models.ImageField(upload_to="offices/")
    width = models.PositiveSmallIntegerField(help_text=_("of the large one, pixels"))
    height = models.PositiveSmallIntegerField(help_text=_("of the large one, pixels"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["office", "position", "pk"]
        verbose_name = _("photo of an office")
        verbose_name_plural = _("photos of offices")

    def __str__(self) -> str:
        return self.alt

    def measures(self, size: str) -> tuple[int, int]:
        """Width and height of one of its ``SIDES``, in pixels."""
        part = min(1.0, SIDES[size] / max(self.width, self.height))
        return max(1, round(self.width * part)), max(1, round(self.height * part))
