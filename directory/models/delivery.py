from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import DeliveryState, Fate, Priority
from directory.models.therapist import Therapist

UNDER_WAY = [DeliveryState.CLAIMED, DeliveryState.ATTEMPTING]
CLAIMING = (
    0x0B0D  # the advisory lock that lets one drain claim at a time, for milliseconds
)


# Reasons that the person it was for is told, too; any other may be about somebody else.
COLLECTED = "Stands in a digest instead."
QUIET = "Quiet hours."
ENOUGH = "Enough mail for one day."
UNWANTED = "Does not want messages of this topic."
CAME_BACK = "Mail to this address came back."
TOO_LATE = "Its time was over."


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def with_recipient(self) -> "DeliveryQuerySet":
        return self.select_related("recipient__user")

    def under_way(self) -> "DeliveryQuerySet":
        return self.filter(state__in=UNDER_WAY)

    def due(self) -> "DeliveryQuerySet":
        """What may be claimed now, and uncertain ones whose pause is over.

        Of what counts towards a daily cap, one person's messages are with one drain at a time: two would each find
        room for the last one.
        """
        with_a_drain = (
            Delivery.objects.filter(
                recipient=OuterRef("recipient"), priority__gt=Priority.ESSENTIAL
            )
            .under_way()
            .values("pk")
        )
        return self.filter(
            Q(priority__lte=Priority.ESSENTIAL) | ~Exists(with_a_drain),
            state__in=[DeliveryState.PENDING, DeliveryState.UNCERTAIN],
            next_attempt_at__lte=timezone.now(),
        )

    def claim(self, drain: int, size: int) -> "list[Delivery]":
        """Take up to ``size`` due rows for ``drain``, the most pressing first: an atomic take."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMING])
            rows = list(
                self.due()
                .with_recipient()
                .order_by("priority", "pk")
                .select_for_update(skip_locked=True, of=("self",))[:size]
            )
            now = timezone.now()
            for row in rows:
                row.state, row.drain, row.claimed_at = DeliveryState.CLAIMED, drain, now
            self.filter(pk__in=[row.pk for row in rows]).update(
                state=DeliveryState.CLAIMED, drain=drain, claimed_at=now
            )
        return rows


class Delivery(models.Model):
    """One message to one person: the outbox row, written in the transaction of its cause.

    Only ``directory.domain.delivery`` changes ``state``. ``cause`` is the idempotency key:
    enqueueing the same message to the same person for the same cause again does nothing.
    """

    kind = models.CharField(_("message"), max_length=60)
    recipient = models.ForeignKey(
        Therapist,
        models.CASCADE,
        verbose_name=_("to"),
        related_name="deliveries",
        null=True,
        blank=True,
    )
    address = models.EmailField(
        _("address"),
        blank=True,
        help_text=_("Only of someone who is no therapist yet."),
    )
    cause = models.CharField(_("cause"), max_length=200)
    payload = models.JSONField(_("payload"), default=dict, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    state = models.CharField(
        _("state"), max_length=12, choices=DeliveryState, default=DeliveryState.PENDING
    )
    drain = models.BigIntegerField(
        _("drain"),
        null=True,
        blank=True,
        help_text=_("The advisory lock its sender holds while it lives."),
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    message_id = models.CharField(_("Message-ID"), max_length=200, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    next_attempt_at = models.DateTimeField(
        _("due"), null=True, blank=True, default=timezone.now
    )
    uncertain_at = models.DateTimeField(
        _("uncertain since"),
        null=True,
        blank=True,
        help_text=_("When its fate was lost; it is sent again once."),
    )
    fate = models.CharField(
        _("what became of it"),
        max_length=12,
        choices=Fate,
        blank=True,
        help_text=_("As the mail provider reports it, where it does."),
    )
    fate_at = models.DateTimeField(_("reported for"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["priority", "id"],
                condition=Q(state__in=[DeliveryState.PENDING, DeliveryState.UNCERTAIN]),
                name="directory_delivery_due",
            ),
            models.Index(
                fields=["drain"],
                condition=Q(state__in=UNDER_WAY),
                name="directory_delivery_under_way",
            ),
            models.Index(fields=["sent_at"], name="directory_delivery_sent_at"),
            models.Index(
                fields=["recipient", "sent_at"], name="directory_delivery_sent"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "recipient", "cause"],
                condition=Q(recipient__isnull=False),
                name="directory_delivery_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "address", "cause"],
                condition=Q(recipient__isnull=True),
                name="directory_delivery_once_to_address",
            ),
            models.CheckConstraint(
                name="directory_delivery_state_known",
                condition=Q(state__in=DeliveryState.values),
            ),
            models.CheckConstraint(
                name="directory_delivery_fate_known",
                condition=Q(fate="", fate_at=None)
                | Q(fate__in=Fate.values, fate_at__isnull=False),
            ),
            models.CheckConstraint(
                name="directory_delivery_goes_somewhere",
                condition=Q(recipient__isnull=False) | ~Q(address=""),
            ),
            models.CheckConstraint(
                name="directory_delivery_drain_when_under_way",
                condition=~Q(state__in=UNDER_WAY) | Q(drain__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"
