"""A moderator looks at the community as one member sees it: to understand, not to act."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.enums import Standing
from directory.errors import DomainError, NotAllowedError
from directory.models import Therapist


@transaction.atomic
def begin_seeing(therapist: Therapist, *, by: Therapist, reason: str) -> None:
    """The member is told who looked, when and why. What may be looked at is in ``directory.seeing``."""
    if not by.is_moderator:
        raise NotAllowedError(_("Only moderators may do that."))
    if by.pk == therapist.pk:
        raise NotAllowedError(_("That is you: you see it anyway."))
    if therapist.standing != Standing.MEMBER or therapist.user_id is None:
        raise NotAllowedError(_("Only a member sees anything here."))
    if not reason.strip():
        raise DomainError(_("Give a reason: the person is told it."))
    now = timezone.now()
    enqueue(
        "seen_as",
        to=therapist,
        cause=f"seen:{by.pk}:{now.timestamp():.0f}",
        payload={"by": by.pk, "at": now.isoformat(), "reason": reason.strip()},
    )
