"""What dead drains left behind, and what a person asks to try again."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from directory.domain.delivery.ledger import doubt, secret_kinds
from directory.domain.delivery.locks import held_keys
from directory.domain.outbox import wake_after_commit
from directory.enums import DeliveryState
from directory.models import Delivery

S = DeliveryState


@transaction.atomic
def sweep_deliveries() -> None:
    """Rows of dead drains: claimed ones wait again, attempted ones are uncertain. Expired ones are over."""
    keys = set(Delivery.objects.under_way().values_list("drain", flat=True))
    # In this order: a drain holds its lock before it claims, so whatever we saw claimed was locked then.
    dead = Delivery.objects.filter(drain__in=keys - held_keys())
    dead.filter(state=S.CLAIMED).update(state=S.PENDING, drain=None)
    doubt(dead, "Its sender ended within the attempt.")
    over = Delivery.objects.filter(
        state__in=[S.PENDING, S.UNCERTAIN], expires_at__lte=timezone.now()
    )
    over.filter(kind__in=secret_kinds()).update(payload={})
    over.update(state=S.SKIPPED, reason="Its time was over.", drain=None)
    if Delivery.objects.due().exists():
        wake_after_commit()


@transaction.atomic
def try_again(deliveries: Iterable[int]) -> int:
    """Failed, uncertain or skipped messages go out again, as far as they still say something."""
    rows = Delivery.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
        pk__in=deliveries,
        state__in=[S.FAILED, S.UNCERTAIN, S.SKIPPED, S.PENDING],
    ).exclude(payload={}, kind__in=secret_kinds())
    count = rows.update(
        state=S.PENDING,
        attempts=0,
        reason="",
        drain=None,
        next_attempt_at=timezone.now(),
    )
    wake_after_commit()
    return count
