"""What is told once a day, or once a week: written into the outbox in the morning, composed when it leaves."""

from datetime import datetime

from directory.domain.outbox import enqueue_to
from directory.models import Community
from directory.queries import moderators_on_duty

MORNING = 7  # o'clock in the community's zone
LATEST = (
    MORNING + 3
)  # after that a lost run is not made up for: it would be no morning mail


def write_digests(now: datetime | None = None) -> None:
    """The clock: may run any number of times in a morning, each digest is promised once."""
    local = Community.objects.current().local(now)
    if not MORNING <= local.hour < LATEST:
        return
    enqueue_to(
        "desk_digest",
        moderators_on_duty(now=now),
        cause=f"desk:{local:%Y-%m-%d}",
    )
