"""What follows when somebody left or was suspended: agreements run out; after 14 days who left is forgotten."""

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from directory.domain.erasure import erase
from directory.domain.membership import WERE_IN
from directory.enums import Standing
from directory.models import Community, StandingEvent, Therapist
from directory.registry import Departure, commitments_of, run_out

BATCH = 100
SECONDS = 40.0  # that one go may take; the next day goes on


def settle_departures() -> None:
    """Soon after each one, and again by the clock: may run at any time, and twice."""
    due = StandingEvent.objects.filter(
        settled_at=None,
        old__in=WERE_IN,
        new__in=[Standing.SUSPENDED, Standing.LEFT],
    )
    for event in due.select_related("therapist")[:BATCH]:
        person = event.therapist
        if person.standing == event.new:  # not taken back meanwhile
            run_out(
                Departure(
                    person,
                    since=event.created_at,
                    is_unsafe=event.is_unsafe,
                    is_for_good=event.new == Standing.LEFT,
                )
            )
        StandingEvent.objects.filter(pk=event.pk).update(settled_at=timezone.now())


def erase_departed(now: datetime | None = None) -> int:
    """Who left 14 days ago, and nothing of theirs is still to come; who was declined, when that is kept no longer."""
    now = now or timezone.now()
    declined = timedelta(days=Community.objects.current().keep_declined_days)
    people = Therapist.objects.filter(standing=Standing.LEFT, erased_at=None)
    until, erased = time.monotonic() + SECONDS, 0
    for person in people.order_by("pk"):
        if time.monotonic() > until:
            break
        erased += _erase(person, now, declined)
    return erased


@transaction.atomic
def _erase(person: Therapist, now: datetime, declined: timedelta) -> bool:
    person = Therapist.objects.select_for_update(of=("self",)).get(pk=person.pk)
    event = person.standing_events.last()
    if person.standing != Standing.LEFT or event is None:
        return False  # came back meanwhile
    if event.old == Standing.INVITED:
        return False  # nothing is kept but the address, so that nobody enters it again
    until = (
        event.undo_until if event.actor_id == person.pk else event.created_at + declined
    )
    if until > now or commitments_of(person):
        return False
    erase(person, now=now)
    return True
