""" "Tell me when hours like these appear": searches that are kept, and looked at again."""

import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.digest import searches_due
from directory.domain.outbox import enqueue
from directory.enums import Standing
from directory.errors import DomainError
from directory.models import Community, Therapist
from spaces.models import SavedSearch
from spaces.notifications.search import HOURS_FOUND
from spaces.queries import fitting_offices
from spaces.searches import wanted_of

MOST_SEARCHES = 20  # of one person
BATCH = 500  # searches looked at in one go, those longest not looked at first
SECONDS = 60.0  # that one go may take
NEWS_LASTS = timedelta(days=2)  # then a mail that could not leave is no news any more


@transaction.atomic
def save_search(
    therapist: Therapist, *, name: str, query: str, last_date: date, frequency: str
) -> SavedSearch:
    """Keep a search, as its form's ``kept()`` says it. What fits already is no news. Kept twice it is one."""
    Therapist.objects.select_for_update(no_key=True).get(pk=therapist.pk)
    mine = SavedSearch.objects.filter(therapist=therapist)
    search = mine.filter(query=query).first()
    if search:
        return set_search_frequency(search, frequency=frequency)
    if mine.count() >= MOST_SEARCHES:
        raise DomainError(
            _("We watch %(most)s searches for you already. Stop one of them first.")
            % {"most": MOST_SEARCHES}
        )
    search = SavedSearch(
        therapist=therapist,
        name=name[:120],
        query=query,
        last_date=last_date,
        frequency=frequency,
    )
    wanted = wanted_of([search], Community.objects.current())[search.pk]
    search.known_offices = fitting_offices(wanted, guest=therapist)
    search.save()
    return search


def set_search_frequency(search: SavedSearch, *, frequency: str) -> SavedSearch:
    """At once, once a day; or not at all until told otherwise."""
    search.frequency = frequency
    search.save(update_fields=["frequency"])
    return search


def forget_search(search: SavedSearch) -> None:
    search.delete()


def look_at_searches(now: datetime | None = None) -> None:
    """Tell people of rooms that have come to fit since their searches were looked at. Searches that are over end.

    Bounded, so that thousands of searches never stand in the way of mail: those longest not looked at come first,
    the rest with the next run. One person's news of a run are one message.
    """
    now = now or timezone.now()
    community = Community.objects.current()
    today = community.local(now).date()
    SavedSearch.objects.filter(last_date__lt=today).delete()
    due = _due(now, community).order_by("looked_at", "pk")[:BATCH]
    ids = sorted(due.values_list("therapist", "pk"))
    until = time.monotonic() + SECONDS
    for _therapist, pairs in groupby(ids, key=lambda pair: pair[0]):
        if time.monotonic() > until:
            break
        _look([pk for _person, pk in pairs], now, community)


def _due(now: datetime, community: Community) -> QuerySet[SavedSearch]:
    return SavedSearch.objects.filter(
        searches_due(community.local(now)),
        therapist__standing=Standing.MEMBER,
        looked_at__lt=now,
    )


@transaction.atomic
def _look(ids: Iterable[int], now: datetime, community: Community) -> None:
    """An office is news when it fits and did not when it was looked at last."""
    searches = list(
        SavedSearch.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("therapist")
        .filter(pk__in=list(ids))
        .order_by("pk")
    )
    wanted = wanted_of(searches, community)
    found: dict[str, list[int]] = {}
    for search in searches:
        fitting = fitting_offices(wanted[search.pk], guest=search.therapist)
        if news := sorted(set(fitting) - set(search.known_offices)):
            found[str(search.pk)] = news
        search.known_offices, search.looked_at = fitting, now
    SavedSearch.objects.bulk_update(searches, ["known_offices", "looked_at"])
    if found:
        enqueue(
            HOURS_FOUND,
            to=searches[0].therapist,
            cause=f"searches:{now.isoformat()}",
            payload={"found": found},
            expires_at=now + NEWS_LASTS,
        )
