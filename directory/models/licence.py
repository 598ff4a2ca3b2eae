from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import BookingParty, LicenceVerdict
from directory.jurisdictions import JurisdictionField
from directory.models.term import Term
from directory.models.therapist import Therapist


class LicenceQuerySet(models.QuerySet["Licence"]):
    def to_check(self) -> "LicenceQuerySet":
        """Renewals that wait for a moderator."""
        return self.filter(renews_until__isnull=False)


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
    renews_until = models.DateField(
        _("renewed until"),
        null=True,
        blank=True,
        help_text=_("As the member says; it counts once it is checked."),
    )
    renewal_sent_at = models.DateTimeField(_("renewal sent"), null=True, blank=True)

    objects = LicenceQuerySet.as_manager()

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


class LicenceCheck(models.Model):
    """Who looked a licence up, when, and what they found. Added to, never changed."""

    licence = models.ForeignKey(Licence, models.CASCADE, related_name="checks")
    verdict = models.CharField(_("found"), max_length=10, choices=LicenceVerdict)
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    by = models.ForeignKey(
        Therapist,
        models.SET_NULL,
        verbose_name=_("by"),
        related_name="+",
        null=True,
        blank=True,
    )
    words = models.TextField(_("in words"), blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("check of a licence")
        verbose_name_plural = _("checks of a licence")
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="directory_licencecheck_verdict_known",
                condition=models.Q(verdict__in=LicenceVerdict.values),
            )
        ]

    def __str__(self) -> str:
        return f"{self.licence}: {self.get_verdict_display()}"


class LicenceRegister(models.Model):
    """Where a state lets anybody look up a licence."""

    jurisdiction = JurisdictionField(_("state"), max_length=60, unique=True)
    url = models.URLField(_("its page"))

    class Meta:
        verbose_name = _("public register of licences")
        verbose_name_plural = _("public registers of licences")
        ordering = ["jurisdiction"]

    def __str__(self) -> str:
        return self.jurisdiction


class Insurance(models.Model):
    """A therapist's own word for their liability insurance. Hosts see until when, nothing else."""

    therapist = models.OneToOneField(
        Therapist, models.CASCADE, related_name="insurance"
    )
    valid_until = models.DateField(_("valid until"))
    attested_at = models.DateTimeField(_("attested on"), default=timezone.now)
    certificate = models.FileField(
        _("certificate"), upload_to="insurance/", blank=True, editable=False
    )

    class Meta:
        verbose_name = _("insurance")
        verbose_name_plural = _("insurances")

    def __str__(self) -> str:
        return f"{self.therapist}: {self.valid_until}"


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
