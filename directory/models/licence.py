from django.db import models
from django.utils.translation import gettext_lazy as _

from directory.enums import BookingParty
from directory.jurisdictions import JurisdictionField
from directory.models.term import Term
from directory.models.therapist import Therapist


class Licence(models.Model):
    """What entitles a therapist to practise: for associates ``number`` is the registration number."""

    therapist = models.ForeignKey(
        Therapist, models.CASCADE, verbose_name=_("therapist"), related_name="licences"
    )
    kind = models.ForeignKey(
        Term, models.PROTECT, verbose_name=_("licence"), related_name="+"
    )
    number = models.CharField(_("number"), max_length=40)
    jurisdiction = JurisdictionField(_("state"), max_length=60)
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    checked_by = models.ForeignKey(
        Therapist,
        models.SET_NULL,
        verbose_name=_("checked by"),
        related_name="+",
        null=True,
        blank=True,
    )
    checked_at = models.DateTimeField(_("checked on"), null=True, blank=True)

    class Meta:
        verbose_name = _("licence")
        verbose_name_plural = _("licences")
        ordering = ["therapist", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["therapist", "kind", "jurisdiction", "number"],
                name="directory_licence_once",
                violation_error_message=_("This licence is entered already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} ({self.jurisdiction})"


class Supervision(models.Model):
    """A trainee or associate, and who answers for their work. Counts once ``accepted_at`` is set."""

    trainee = models.ForeignKey(
        Therapist,
        models.CASCADE,
        verbose_name=_("trainee"),
        related_name="supervisions_received",
    )
    supervisor = models.ForeignKey(
        Therapist,
        models.SET_NULL,
        verbose_name=_("supervisor"),
        related_name="supervisions_given",
        null=True,
        blank=True,
    )
    supervisor_name = models.CharField(_("supervisor's name"), max_length=200)
    employer = models.CharField(_("employer"), max_length=200, blank=True)
    stand_in = models.ForeignKey(
        Therapist,
        models.SET_NULL,
        verbose_name=_("stand-in"),
        related_name="supervisions_stood_in",
        null=True,
        blank=True,
        help_text=_("Answers while the supervisor is away."),
    )
    accepted_at = models.DateTimeField(_("accepted on"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("supervision")
        verbose_name_plural = _("supervisions")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="directory_supervision_of_another",
                condition=~models.Q(trainee=models.F("supervisor")),
                violation_error_message=_("Nobody supervises themself."),
            ),
            models.CheckConstraint(
                name="directory_supervision_accepted_by_someone",
                condition=models.Q(accepted_at=None)
                | models.Q(supervisor__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} – {self.supervisor_name}"


class SupervisionRule(models.Model):
    """What a jurisdiction says of renting rooms by people who practise under another's licence.

    Data with its source, shown as information; nobody's legal advice.
    """

    jurisdiction = JurisdictionField(_("state"), max_length=60)
    kind = models.ForeignKey(
        Term, models.PROTECT, verbose_name=_("licence"), related_name="+"
    )
    party = models.CharField(
        _("who books"),
        max_length=10,
        choices=BookingParty,
        default=BookingParty.SUPERVISOR,
    )
    says = models.TextField(_("what it says"))
    source = models.CharField(_("source"), max_length=300)
    looked_up_on = models.DateField(_("looked up on"))

    class Meta:
        verbose_name = _("rule for people under supervision")
        verbose_name_plural = _("rules for people under supervision")
        ordering = ["jurisdiction", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["jurisdiction", "kind"],
                name="directory_supervisionrule_once",
                violation_error_message=_("There is a rule for these already."),
            ),
            models.CheckConstraint(
                name="directory_supervisionrule_party_known",
                condition=models.Q(party__in=BookingParty.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jurisdiction}: {self.kind}"
