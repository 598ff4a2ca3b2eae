"""A search that is kept as its address says it, read again: what it wants, for the person who keeps it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Q
from django.http import QueryDict

from directory.enums import DistanceUnit, TermKind
from directory.geo import METRES, place_of_zip
from directory.models import Community, Term
from spaces.hours import Span
from spaces.models import SavedSearch
from spaces.queries import Wanted
from spaces.words import cents_of

KINDS = {"attributes": TermKind.OFFICE_ATTRIBUTE, "terms": TermKind.OFFICE_TERM}


class Word(NamedTuple):
    kind: str
    slug: str


def wanted_of(
    searches: Sequence[SavedSearch], community: Community
) -> dict[int, Wanted]:
    """By primary key; with their ``therapist`` loaded, one query for all. The address is one that a form wrote."""
    queries = {search.pk: QueryDict(search.query) for search in searches}
    terms = _terms(queries.values())
    return {
        search.pk: _wanted(search, queries[search.pk], terms, community)
        for search in searches
    }


def _wanted(
    search: SavedSearch,
    query: QueryDict,
    terms: Mapping[Word, Term],
    community: Community,
) -> Wanted:
    latitude, longitude = _centre(search, query, community)
    return Wanted(
        spans=[
            Span(*(int(part) for part in text.split("-")))
            for text in query.getlist("hours")
        ],
        first_date=date.fromisoformat(query.get("first_date", "")),
        last_date=search.last_date,
        latitude=latitude,
        longitude=longitude,
        radius_metres=float(query.get("radius", ""))
        * METRES[DistanceUnit(community.distance_unit)],
        most_cents=cents_of(query.get("most", "")),
        people=int(query.get("people", "")) if query.get("people") else None,
        is_step_free="step_free" in query,
        attributes=[terms[word] for word in _words(query) if word in terms],
    )


def _centre(
    search: SavedSearch, query: QueryDict, community: Community
) -> tuple[float, float]:
    place = place_of_zip(query.get("near", ""))
    if place:
        return place.latitude, place.longitude
    me = search.therapist
    if me.latitude is not None and me.longitude is not None:
        return me.latitude, me.longitude
    return community.latitude, community.longitude


def _terms(queries: Iterable[QueryDict]) -> dict[Word, Term]:
    words = {word for query in queries for word in _words(query)}
    if not words:
        return {}
    named = Q(kind__in=KINDS.values(), slug__in={word.slug for word in words})
    return {Word(term.kind, term.slug): term for term in Term.objects.filter(named)}


def _words(query: QueryDict) -> list[Word]:
    return [
        Word(kind, slug) for name, kind in KINDS.items() for slug in query.getlist(name)
    ]
