"""Hours nobody confirms sink after 60 days and are hidden after 90. The hosts are told a week before each."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from directory.domain.outbox import Letter, enqueue_all
from spaces.models import Office, Opening
from spaces.models.opening import FRESH, STALE
from spaces.notifications.hours import WARN_BEFORE

STAGES = [("hides", STALE), ("sinks", FRESH)]  # the later first
LEFT_ALONE = STALE  # after it was hidden for so long, nobody is asked any more


@transaction.atomic
def remind_of_hours(now: datetime | None = None) -> int:
    """Every day: one message for each host, office and stage. Run twice it says nothing twice."""
    now = now or timezone.now()
    rows = (
        Opening.objects.current()
        .filter(office__in=Office.objects.listed())
        .order_by("office")
        .values("office")
        .annotate(since=Min("confirmed_at"))
        .filter(
            since__lte=now - FRESH + WARN_BEFORE,
            since__gt=now - STALE - LEFT_ALONE,
        )
    )
    since = {row["office"]: row["since"] for row in rows}
    offices = Office.objects.prefetch_related("hosts").in_bulk(list(since))
    letters = [
        letter
        for pk, office in offices.items()
        for letter in _letters(office, since[pk], now)
    ]
    enqueue_all("hours_stale", letters)
    return len(letters)


def _letters(office: Office, since: datetime, now: datetime) -> Iterable[Letter]:
    stage = next(name for name, age in STAGES if now - since >= age - WARN_BEFORE)
    for host in office.hosts.all():
        yield Letter(
            to=host,
            cause=f"office:{office.pk}:{stage}:{since.date().isoformat()}",
            payload={"office": office.pk},
        )
