"""Which rounds ask for which needs, whom they may ask, and whose mails of them wait. What people near have is in
``spaces.neighbours``.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import (
    CharField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from directory.enums import DeliveryState, Frequency, Topic
from directory.models import Block, Delivery, Preference, Therapist, TherapistQuerySet
from spaces.enums import AnswerChoice, NeedStatus
from spaces.models import (
    Answer,
    Incident,
    Need,
    Wave,
    WaveRecipient,
)
from spaces.models.need import NeedQuerySet
from spaces.models.wave import WaveQuerySet


def waves_of(need: Need) -> WaveQuerySet:
    """Those that asked, or ask, for this need: its incident's, or its own."""
    return (
        Wave.objects.filter(incident=need.incident_id)
        if need.incident_id
        else Wave.objects.filter(need=need)
    )


def waves_asking(me: Therapist) -> list[Wave]:
    """The latest of each incident and lone need that has open needs, whatever its state: anybody may help."""
    needs = Need.objects.open().exclude(therapist=me).exclude(author=me)
    asking = Wave.objects.filter(incident__needs__in=needs) | Wave.objects.filter(
        need__in=needs
    )
    latest: dict[tuple[int | None, int | None], Wave] = {}
    for wave in asking.select_related("incident", "need").distinct().order_by("number"):
        latest[wave.incident_id, wave.need_id] = wave
    return list(latest.values())


def open_needs_of(wave: Wave) -> NeedQuerySet:
    needs = (
        Need.objects.filter(incident=wave.incident_id)
        if wave.incident_id
        else Need.objects.filter(pk__in=[wave.need_id])
    )
    return needs.open().order_by("published_at", "pk")


def needs_asked_of(wave: Wave, helper: Therapist) -> NeedQuerySet:
    """The wave's open needs that this person may see: not their own, and across no block with who asks."""
    asker = Q(therapist=helper) | Q(author=helper)
    return (
        open_needs_of(wave)
        .exclude(asker | Q(Exists(_blocks(helper))))
        .with_people()
        .with_hours()
        .prefetch_related("attributes")
    )


def _blocks(helper: Therapist) -> QuerySet[Block]:
    askers = Q(blocker=OuterRef("therapist")) | Q(blocker=OuterRef("author"))
    asked = Q(blocked=OuterRef("therapist")) | Q(blocked=OuterRef("author"))
    return Block.objects.filter(Q(blocked=helper) & askers | Q(blocker=helper) & asked)


def willing(wave: Wave) -> TherapistQuerySet:
    """Opted in, reachable at once, not in the same trouble, not asked by this round, not refusing to hear of it."""
    people = Therapist.objects.members().filter(
        helps_in_emergencies=True,
        user__is_active=True,
        bounced_at=None,
        lapsed_on=None,
    )
    if wave.incident_id:
        theirs = Need.objects.filter(
            incident=wave.incident_id, status__in=[NeedStatus.DRAFT, NeedStatus.OPEN]
        )
        people = people.exclude(Exists(theirs.filter(therapist=OuterRef("pk"))))
    of_its_cause = Q(wave__incident=wave.incident_id) & Q(wave__need=wave.need_id)
    return people.exclude(
        Exists(
            Preference.objects.filter(
                therapist=OuterRef("pk"),
                topic=Topic.EMERGENCIES,
            ).exclude(frequency=Frequency.AT_ONCE)
        )
        | Exists(
            WaveRecipient.objects.filter(wave_id=wave.pk, recipient=OuterRef("pk"))
        )
        | Exists(
            Answer.objects.filter(
                of_its_cause,
                recipient=OuterRef("pk"),
                choice=AnswerChoice.NOT_THIS_INCIDENT,
            )
        )
    )


def mails_waiting(
    waves: Iterable[Wave], now: datetime | None = None
) -> QuerySet[Delivery]:
    """Mails of these rounds that wait for a later hour: for quiet hours to end, mostly."""
    return Delivery.objects.filter(
        kind="wave",
        cause__in=[f"wave:{wave.pk}" for wave in waves],
        state=DeliveryState.PENDING,
        next_attempt_at__gt=now or timezone.now(),
    )


def unsent() -> QuerySet[Delivery]:
    """A mail that was never sent (by then nothing was open) has told nobody anything."""
    cause = Concat(
        Value("wave:"), Cast(OuterRef("wave_id"), CharField()), output_field=CharField()
    )
    return Delivery.objects.filter(
        kind="wave",
        recipient=OuterRef("recipient_id"),
        cause=cause,
        state=DeliveryState.SKIPPED,
    )


def is_emergency_open() -> bool:
    return Incident.objects.in_force().exists()
