"""What is told once a day, or once a week: written into the outbox in the morning, composed when it leaves."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from directory.domain.outbox import Letter, enqueue_all, enqueue_to
from directory.enums import Frequency
from directory.models import Community, Delivery, Preference, Therapist
from directory.models.preference import USUAL
from directory.queries import frequencies_of, moderators_on_duty

MORNING = 7  # o'clock in the community's zone
LATEST = (
    MORNING + 3
)  # after that a lost run is not made up for: it would be no morning mail
MONDAY = 0
EVERY = {Frequency.DAILY: timedelta(days=1), Frequency.WEEKLY: timedelta(days=7)}
BATCH = 1000
MORNINGS_NEWS = timedelta(
    hours=12
)  # then a digest that could not leave is no news any more


def write_digests(now: datetime | None = None) -> None:
    """The clock: may run any number of times in a morning, each digest is promised once."""
    now = now or timezone.now()
    local = Community.objects.current().local(now)
    if not MORNING <= local.hour < LATEST:
        return
    enqueue_to(
        "desk_digest", moderators_on_duty(now=now), cause=f"desk:{local:%Y-%m-%d}"
    )
    cause = f"digest:{local:%Y-%m-%d}"
    due = _due(local)
    people = list(_who_waits(due, cause))
    for start in range(0, len(people), BATCH):
        _promise(people[start : start + BATCH], due, cause, now)


def searches_due(local: datetime) -> Q:
    """Of searches that are kept: those whose hour has come, once for each morning."""
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    due = Q(frequency=Frequency.AT_ONCE)
    if local >= morning:
        due |= Q(frequency__in=_due(local), looked_at__lt=morning)
    return due


def _due(local: datetime) -> set[Frequency]:
    """What is told on that day: weekly things on Mondays."""
    if local.weekday() == MONDAY:
        return {Frequency.DAILY, Frequency.WEEKLY}
    return {Frequency.DAILY}


def _who_waits(due: set[Frequency], cause: str) -> Iterable[int]:
    own = Preference.objects.filter(therapist=OuterRef("pk"))
    waits = Q(Exists(own.filter(frequency__in=due)))
    for topic, frequency in USUAL.items():
        if frequency in due:
            waits |= ~Q(Exists(own.filter(topic=topic)))
    promised = Delivery.objects.filter(
        recipient=OuterRef("pk"), kind="digest", cause=cause
    )
    return (
        Therapist.objects.members()
        .filter(waits, ~Exists(promised), bounced_at=None, user__is_active=True)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _promise(
    ids: Iterable[int], due: set[Frequency], cause: str, now: datetime
) -> None:
    """Each topic's news begins where the last digest that had it ended: nothing is told twice, nothing is left out."""
    told = _told(ids, now)
    letters = [
        Letter(
            to=pk,
            cause=cause,
            payload={
                "since": {
                    topic: told.get((pk, topic), (now - EVERY[frequency]).isoformat())
                    for topic, frequency in wanted.items()
                    if frequency in due
                },
                "until": now.isoformat(),
            },
            expires_at=now + MORNINGS_NEWS,
        )
        for pk, wanted in frequencies_of(ids).items()
    ]
    enqueue_all("digest", letters)


def _told(ids: Iterable[int], now: datetime) -> dict[tuple[int, str], str]:
    """Until when the last digest of each person told of each topic."""
    lately = Delivery.objects.filter(
        recipient__in=list(ids),
        kind="digest",
        created_at__gt=now - 2 * EVERY[Frequency.WEEKLY],
    ).order_by("created_at")
    return {
        (pk, topic): payload["until"]
        for pk, payload in lately.values_list("recipient", "payload")
        if pk
        for topic in payload["since"]
    }
