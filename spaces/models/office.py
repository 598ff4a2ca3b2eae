from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.models import Term, Therapist
from spaces.enums import LeasePermits
from spaces.models.building import Building

if TYPE_CHECKING:
    from spaces.models.opening import Opening
    from spaces.models.photo import OfficePhoto


class OfficeQuerySet(models.QuerySet["Office"]):
    def listed(self) -> "OfficeQuerySet":
        """Neither hidden by a moderator nor the private draft that an offer described on the spot."""
        return self.filter(is_hidden=False, is_draft=False)

    def hosted_by(self, therapist: Therapist) -> "OfficeQuerySet":
        return self.filter(hosts=therapist)

    def with_place(self) -> "OfficeQuerySet":
        return self.select_related("building").prefetch_related(
            "hosts", "attributes", "photos"
        )

    def with_card(self, openings: models.QuerySet[Any]) -> "OfficeQuerySet":
        """What a list of rooms shows of each, as lists: ``shown_hosts`` (names), ``…_terms``, ``…_photos``, ``…_openings``.

        A manager of its own for each row, as ``with_place`` gives, is most of the work of a list that is long.
        """
        hosts = Therapist.objects.filter(offices=OuterRef("pk")).values("name")
        cards = self.select_related("building").prefetch_related(
            Prefetch("attributes", to_attr="shown_terms"),
            Prefetch("photos", to_attr="shown_photos"),
            Prefetch(
                "openings",
                openings.defer("free").order_by("weekday", "start", "pk"),
                to_attr="shown_openings",
            ),
        )
        return cards.annotate(shown_hosts=ArraySubquery(hosts))


class Office(models.Model):
    """A room, let by one or more hosts. Suite and street are told on confirmation, codes from 24 h before."""

    building = models.ForeignKey(
        Building, models.PROTECT, related_name="offices", verbose_name=_("building")
    )
    hosts = models.ManyToManyField(
        Therapist, related_name="offices", verbose_name=_("hosts")
    )
    name = models.CharField(
        _("name"), max_length=120, help_text=_("“The garden room”. Members see it.")
    )
    suite = models.CharField(
        _("suite"),
        max_length=60,
        blank=True,
        help_text=_("Shown once a booking is confirmed."),
    )
    description = models.TextField(_("about the room"), blank=True)
    capacity = models.PositiveSmallIntegerField(
        _("people"), default=2, help_text=_("How many it seats, you included.")
    )
    is_step_free = models.BooleanField(
        _("step-free"),
        default=False,
        help_text=_("No step from the street to a chair."),
    )
    attributes = models.ManyToManyField(
        Term, blank=True, related_name="+", verbose_name=_("what it has")
    )
    change_over_minutes = models.PositiveSmallIntegerField(
        _("change-over"), default=10, help_text=_("Minutes to leave before the end.")
    )
    terms = models.TextField(_("house rules and terms"), blank=True)
    notice_days = models.PositiveSmallIntegerField(
        _("notice, in days"),
        default=7,
        help_text=_(
            "Dates given up earlier than this cost nothing; later ones are due unless someone else takes them."
        ),
    )
    allows_hand_on = models.BooleanField(
        _("guests may hand dates on"),
        default=False,
        help_text=_("To another member, on the same terms. You are told."),
    )
    lease_permits = models.CharField(
        _("does your lease permit subletting?"),
        max_length=8,
        choices=LeasePermits,
        default=LeasePermits.UNKNOWN,
    )
    directions = models.TextField(
        _("directions for visitors"),
        blank=True,
        help_text=_("A text guests can copy to their visitors. No codes here."),
    )
    entry_code = models.CharField(
        _("entry code"),
        max_length=60,
        blank=True,
        help_text=_("Shown to the guest from 24 hours before."),
    )
    alarm = models.CharField(
        _("alarm"),
        max_length=200,
        blank=True,
        help_text=_("Shown to the guest from 24 hours before."),
    )
    is_hidden = models.BooleanField(_("hidden by a moderator"), default=False)
    is_draft = models.BooleanField(_("private draft"), default=False)
    feed_token = models.CharField(
        _("secret of its calendar feed"),
        max_length=40,
        unique=True,
        null=True,
        blank=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # what ``with_card`` puts there
    shown_hosts: list[str]
    shown_terms: "list[Term]"
    shown_photos: "list[OfficePhoto]"
    shown_openings: "list[Opening]"

    objects = OfficeQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("office")
        verbose_name_plural = _("offices")
        constraints = [
            models.CheckConstraint(
                name="spaces_office_capacity_sensible",
                condition=Q(capacity__range=(1, 200)),
                violation_error_message=_("A room seats between 1 and 200 people."),
            ),
            models.CheckConstraint(
                name="spaces_office_notice_sensible",
                condition=Q(notice_days__lte=92),
                violation_error_message=_("Ask for three months of notice at most."),
            ),
            models.CheckConstraint(
                name="spaces_office_lease_known",
                condition=Q(lease_permits__in=LeasePermits.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("spaces:office_detail", args=[self.pk])
