from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext_lazy as _

from directory.models import Therapist
from spaces.models.building import Building


class BuildingPostQuerySet(models.QuerySet["BuildingPost"]):
    def standing(self) -> "BuildingPostQuerySet":
        return self.filter(removed_at=None)

    def visible_to(self, therapist: Therapist) -> "BuildingPostQuerySet":
        """Not across a block. ``is_signed`` where the author is oneself or agreed to be named."""
        met = Therapist.objects.unblocked_for(therapist)
        named = Therapist.objects.filter(agrees_to_be_named=True)
        signed = Q(author=therapist) | Q(author__in=named.values("pk"))
        return (
            self.standing()
            .filter(Q(author=therapist) | Q(author__in=met.values("pk")))
            .select_related("author")
            .annotate(
                is_signed=Case(
                    When(signed, then=Value(value=True)), default=Value(value=False)
                )
            )
        )


class BuildingPost(models.Model):
    """What somebody tied to a building tells the others there. Taken back, it is only hidden."""

    building = models.ForeignKey(Building, models.CASCADE, related_name="posts")
    author = models.ForeignKey(Therapist, models.PROTECT, related_name="+")
    text = models.TextField(_("post"), max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    removed_by = models.ForeignKey(
        Therapist, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = BuildingPostQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("post about a building")
        verbose_name_plural = _("posts about buildings")

    def __str__(self) -> str:
        return self.text[:60]
