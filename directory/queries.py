"""Reads of people that span models."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Value
from django.utils import timezone

from directory.enums import Fate, Frequency, Topic
from directory.models import (
    Absence,
    Community,
    Conversation,
    Preference,
    Therapist,
    TherapistQuerySet,
)
from directory.models.preference import USUAL
from directory.models.therapist import Plain
from directory.registry import acquaintances_of, message_kinds

NEWCOMER_FOR = timedelta(days=30)


def people_shown_to(me: Therapist) -> TherapistQuerySet:
    """Members whom ``me`` may find; who hides from newcomers is there for those they have to do with."""
    return Therapist.objects.visible_to(me).exclude(pk__in=hidden_from(me))


def hidden_from(me: Therapist, now: datetime | None = None) -> list[int]:
    """Who hides from this newcomer; from anybody else nobody does."""
    since = (now or timezone.now()) - NEWCOMER_FOR
    if me.joined_at is None or me.joined_at <= since:
        return []
    hiding = Therapist.objects.filter(hides_from_newcomers=True).exclude(pk=me.pk)
    found = set(hiding.values_list("pk", flat=True))
    if not found:
        return []
    known = acquaintances_of(me)
    for pair in Conversation.objects.of(me).values_list("first", "second"):
        known.update(pair)
    return sorted(found - known)


def members_named(text: str, *, by: Therapist) -> TherapistQuerySet:
    """Members of exactly this name, as ``by`` may see them; case and accents are forgiven."""
    people = people_shown_to(by).exclude(pk=by.pk)
    return people.annotate(plain_name=Plain("name")).filter(
        plain_name=Plain(Value(text))
    )


def moderators_on_duty(
    *, but: Therapist | None = None, now: datetime | None = None
) -> TherapistQuerySet:
    """Who is written to when something waits for a moderator: those not away today; all, where everybody is away.

    ``but`` is left out: nobody decides about themselves.
    """
    everybody = Therapist.objects.moderators()
    if but is not None:
        everybody = everybody.exclude(pk=but.pk)
    today = Community.objects.current().local(now).date()
    away = Absence.objects.on(today).values("moderator")
    here = everybody.exclude(pk__in=away)
    return here if here.exists() else everybody


def frequencies_of(people: Iterable[int]) -> dict[int, dict[Topic, Frequency]]:
    """How often each of them, by primary key, hears of what: as they said, else as usual."""
    found = {pk: dict(USUAL) for pk in people}
    chosen = Preference.objects.filter(therapist__in=found)
    for pk, topic, frequency in chosen.values_list("therapist", "topic", "frequency"):
        found[pk][Topic(topic)] = Frequency(frequency)
    return found


@dataclass(frozen=True)
class Complaint:
    """A topic that is off since the person's mail provider told us that our mail was not wanted."""

    topic: str
    at: datetime


def topics_complained_about(person: Therapist) -> list[Complaint]:
    topics = {kind.name: kind.topic for kind in message_kinds() if kind.topic}
    moments = {
        topics[kind]: at
        for kind, at in person.deliveries.filter(
            kind__in=topics, fate__in=[Fate.COMPLAINED, Fate.UNSUBSCRIBED]
        )
        .order_by("fate_at")
        .values_list("kind", "fate_at")
    }
    if not moments:
        return []
    off = person.preferences.filter(topic__in=moments, frequency=Frequency.OFF)
    return [
        Complaint(str(Topic(topic).label), at)
        for topic in off.values_list("topic", flat=True)
        if (at := moments[Topic(topic)])
    ]
