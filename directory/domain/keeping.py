"""The clock deletes what is kept no longer, a few at a time."""

import time
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from directory.keeping import all_keepings
from directory.models import Community, Export
from directory.models.export import KEPT

BATCH = 1000
SECONDS = 40.0  # that one go may take; the next day goes on


def forget_old(now: datetime | None = None) -> int:
    """Returns how many rows of what the settings name, of sessions and of downloads are gone."""
    now = now or timezone.now()
    community = Community.objects.current()
    until = time.monotonic() + SECONDS
    old = [
        row.old(now - timedelta(days=getattr(community, row.field)))
        for row in all_keepings()
    ]
    ended = Session.objects.filter(expire_date__lt=now)
    unknown = UserSession.objects.exclude(
        session_key__in=Session.objects.values("session_key")
    )
    downloads = Export.objects.filter(ready_at__lt=now - KEPT)
    return sum(_delete(rows, until) for rows in [*old, ended, unknown, downloads])


def _delete(rows: QuerySet, until: float) -> int:
    """Each batch is its own transaction, so nobody waits for it long."""
    gone = 0
    while time.monotonic() < until:
        batch = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        rows.filter(pk__in=batch).delete()
        gone += len(batch)
        if len(batch) < BATCH:
            break
    return gone
