"""What the mail says when hours appear that somebody waits for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.enums import Frequency, Priority, Topic
from directory.geo import distance_band
from directory.links import sign
from directory.models import Community, Delivery
from directory.notifications.templates import (
    absolute_url,
    mail_from_templates,
    unsubscribe_url,
)
from directory.registry import Mail, MessageKind, Postpone, Skip, register_message
from spaces.models import SavedSearch
from spaces.queries import Match, Wanted, match_offices
from spaces.searches import wanted_of
from spaces.week import say_spans
from spaces.words import say_date, say_price

HOURS_FOUND = "hours_found"
STOP = "stop-search"  # purpose of the signed link
STOP_LIFE = timedelta(days=365)
MOST_ROOMS = 10  # in one mail, of one search


def register() -> None:
    """Called once, at start."""
    register_message(
        MessageKind(
            HOURS_FOUND,
            Priority.DIGEST,
            Topic.HOURS,
            render_found,
            wanted=wanted_found,
        )
    )


def stop_path(search: SavedSearch) -> str:
    return reverse("spaces:saved_search_stop", args=[sign(STOP, search=search.pk)])


def search_path(search: SavedSearch) -> str:
    """Its results as they are now: a search that has begun goes on from today."""
    query = QueryDict(search.query, mutable=True)
    begun = query.get("first_date", "")
    query["first_date"] = max(begun, timezone.localdate().isoformat())
    return f"{reverse('spaces:office_search')}?{query.urlencode()}"


def wanted_found(rows: Sequence[Delivery]) -> Mapping[int, Skip | Postpone]:
    kept = _kept(rows)
    return {
        row.pk: Skip("The search was stopped, or is over.")
        for row in rows
        if not any(int(pk) in kept for pk in row.payload["found"])
    }


def render_found(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
    """What still fits when the mail leaves; nothing, if all of it went to others meanwhile."""
    community = Community.objects.current()
    kept = _kept(rows)
    wanted = wanted_of(list(kept.values()), community)
    said: dict[int, Mail | Skip] = {}
    for row in rows:
        found = [
            _search(kept[int(pk)], wanted[int(pk)], offices, community)
            for pk, offices in row.payload["found"].items()
            if int(pk) in kept
        ]
        found = [search for search in found if search["rooms"]]
        said[row.pk] = (
            _mail(row, found, community)
            if found
            else Skip("None of these rooms has the hours any more.")
        )
    return said


def _kept(rows: Iterable[Delivery]) -> dict[int, SavedSearch]:
    """Searches that are still there, still wanted, and not over."""
    ids = {int(pk) for row in rows for pk in row.payload["found"]}
    searches = SavedSearch.objects.filter(last_date__gte=timezone.localdate())
    return (
        searches.exclude(frequency=Frequency.OFF)
        .select_related("therapist")
        .in_bulk(ids)
    )


def _search(
    search: SavedSearch, wanted: Wanted, offices: Sequence[int], community: Community
) -> dict[str, Any]:
    matches = match_offices(
        wanted, guest=search.therapist, among=offices, limit=MOST_ROOMS
    )
    path = search_path(search)
    query = path.partition("?")[2]
    return {
        "search": search,
        "hours": _("%(hours)s, %(first)s to %(last)s")
        % {
            "hours": say_spans(wanted.spans),
            "first": say_date(max(wanted.first_date, timezone.localdate())),
            "last": say_date(wanted.last_date),
        },
        "rooms": [_room(match, query, community) for match in matches if match.is_full],
        "url": absolute_url(path),
        "stop_url": absolute_url(stop_path(search)),
    }


def _room(match: Match, query: str, community: Community) -> dict[str, Any]:
    price = say_price(match.lowest_cents, community.currency)
    if match.lowest_cents != match.highest_cents:
        price = _("from %(price)s") % {"price": price}
    url = reverse("spaces:office_detail", args=[match.office.pk])
    return {
        "office": match.office,
        "district": match.office.building.district,
        "band": ""
        if match.metres is None
        else distance_band(match.metres, community.distance_unit),
        "dates": ngettext(
            "the one date is free", "all %(count)s dates are free", match.dates_total
        )
        % {"count": match.dates_total},
        "price": price,
        "url": absolute_url(f"{url}?{query}"),
    }


def _mail(
    row: Delivery, found: Sequence[dict[str, Any]], community: Community
) -> Mail | Skip:
    if row.recipient is None:
        return Skip("nobody to tell")
    rooms = [room for search in found for room in search["rooms"]]
    return mail_from_templates(
        "spaces",
        HOURS_FOUND,
        {
            "found": found,
            "room": rooms[0],
            "count": len({room["office"].pk for room in rooms}),
            "hours": found[0]["hours"],
            "action_url": rooms[0]["url"] if len(rooms) == 1 else found[0]["url"],
            "reason": _("You get this because you asked to be told of such hours."),
            "unsubscribe_url": unsubscribe_url(row.recipient, Topic.HOURS),
            "community": community,
        },
    )
