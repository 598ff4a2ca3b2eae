""" "Tell me when a colleague like this joins": searches that are kept, and looked at again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.enums import Frequency
from directory.errors import DomainError
from directory.models import ColleagueSearch, Therapist

MOST_SEARCHES = 20  # of one person
NEW_FOR = timedelta(days=30)  # many write their profile only weeks after joining
NEWS_LASTS = timedelta(days=3)  # then a mail that could not leave is no news any more


@transaction.atomic
def save_colleague_search(
    therapist: Therapist,
    *,
    name: str,
    query: str,
    frequency: str,
    known: Sequence[int],
) -> ColleagueSearch:
    """``known``: newcomers who fit already, no news. Kept twice it is one."""
    Therapist.objects.select_for_update(no_key=True).get(pk=therapist.pk)
    mine = ColleagueSearch.objects.filter(therapist=therapist)
    search = mine.filter(query=query).first()
    if search is None:
        if mine.count() >= MOST_SEARCHES:
            raise DomainError(
                _("We watch %(most)s searches for you already. Forget one of them.")
                % {"most": MOST_SEARCHES}
            )
        search = ColleagueSearch(
            therapist=therapist, query=query, name=name[:200], told=list(known)
        )
    search.frequency = frequency
    search.save()
    return search


def set_colleague_search(search: ColleagueSearch, *, frequency: str) -> None:
    search.frequency = frequency
    search.save(update_fields=["frequency"])


def forget_colleague_search(search: ColleagueSearch) -> None:
    search.delete()


@transaction.atomic
def tell_of_colleagues(
    search: ColleagueSearch, *, found: Sequence[int], now: datetime
) -> None:
    """``found``: the newcomers who fit now. Of those not told of before one mail speaks."""
    row = ColleagueSearch.objects.select_for_update(of=("self",)).get(pk=search.pk)
    news = sorted(set(found) - set(row.told))
    row.told, row.looked_at = sorted({*row.told, *found}), now
    row.save(update_fields=["told", "looked_at"])
    if news and row.frequency != Frequency.OFF:
        enqueue(
            "colleagues_found",
            to=search.therapist,
            cause=f"colleagues:{row.pk}:{now.isoformat()}",
            payload={"search": row.pk, "people": news},
            expires_at=now + NEWS_LASTS,
        )
