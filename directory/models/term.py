from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from directory.enums import TermGroup, TermKind


class TermQuerySet(models.QuerySet["Term"]):
    def current(self) -> "TermQuerySet":
        return self.filter(retired=False)

    def current_or(self, chosen: Iterable[int]) -> "TermQuerySet":
        """Retired ones stay with those who chose them."""
        return self.filter(models.Q(retired=False) | models.Q(pk__in=chosen))

    def of_kind(self, kind: str) -> "TermQuerySet":
        return self.filter(kind=kind)


class Term(models.Model):
    """One entry of a vocabulary. Dated labels live on as synonyms, so that a search still finds them."""

    kind = models.CharField(_("vocabulary"), max_length=20, choices=TermKind)
    slug = models.SlugField(
        _("code"), max_length=60, help_text=_("For languages the BCP 47 code.")
    )
    label = models.CharField(_("label"), max_length=120)
    synonyms = ArrayField(
        models.CharField(max_length=120),
        verbose_name=_("synonyms"),
        default=list,
        blank=True,
    )
    group = models.CharField(
        _("heading"),
        max_length=20,
        choices=TermGroup,
        blank=True,
        help_text=_("Of what rooms have and the terms they are let on."),
    )
    retired = models.BooleanField(
        _("retired"),
        default=False,
        help_text=_("Kept where chosen, no longer offered."),
    )
    replaced_by = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("given way to"),
        related_name="replaced",
        null=True,
        blank=True,
        editable=False,
    )

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ["kind", "label", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "slug"], name="directory_term_slug_unique"
            ),
            models.CheckConstraint(
                name="directory_term_kind_known",
                condition=models.Q(kind__in=TermKind.values),
            ),
            models.CheckConstraint(
                name="directory_term_group_known",
                condition=models.Q(group__in=["", *TermGroup.values]),
            ),
            models.CheckConstraint(
                name="directory_term_replaced_is_retired",
                condition=models.Q(replaced_by=None) | models.Q(retired=True),
                violation_error_message=_(
                    "This term has given way to another, whose synonym it is."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.label
