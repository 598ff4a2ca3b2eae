"""Who joined lately, as a saved search asks for them."""

import time
from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from directory.domain.colleague_search import NEW_FOR, tell_of_colleagues
from directory.domain.digest import searches_due
from directory.enums import Standing
from directory.filters import TherapistFilter
from directory.models import ColleagueSearch, Community, Therapist
from directory.queries import people_shown_to

BATCH = 500  # searches looked at in one go, those longest not looked at first
SECONDS = 60.0  # that one go may take


def newcomers_who_fit(
    query: QueryDict, therapist: Therapist, community: Community
) -> list[int]:
    people = people_shown_to(therapist).exclude(pk=therapist.pk)
    people = people.filter(joined_at__gt=timezone.now() - NEW_FOR)
    search = TherapistFilter(query, queryset=people, me=therapist, community=community)
    return list(search.qs.order_by().values_list("pk", flat=True))


def look_for_newcomers(now: datetime | None = None) -> None:
    now = now or timezone.now()
    community = Community.objects.current()
    until = time.monotonic() + SECONDS
    for search in _due(now, community).order_by("looked_at", "pk")[:BATCH]:
        if time.monotonic() > until:
            break
        found = newcomers_who_fit(QueryDict(search.query), search.therapist, community)
        tell_of_colleagues(search, found=found, now=now)


def _due(now: datetime, community: Community) -> QuerySet[ColleagueSearch]:
    return ColleagueSearch.objects.select_related("therapist").filter(
        searches_due(community.local(now)), therapist__standing=Standing.MEMBER
    )
