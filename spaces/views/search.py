from datetime import datetime
from itertools import chain, groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, reselect, reswap, retarget

from directory.geo import DistanceTo, distance_band, snap
from directory.http import TherapistRequest, member_required, render_part
from directory.limits import SEARCHES, limited
from directory.models import Community
from directory.pins import Pin, map_of
from spaces import hours
from spaces.agenda import opening_blocks, span_blocks
from spaces.busy import engaged, say_engaged
from spaces.enums import Sort
from spaces.forms.office import STEP_FREE
from spaces.forms.search import SearchForm
from spaces.models import Office, Opening
from spaces.models.opening import OpeningQuerySet
from spaces.queries import (
    Match,
    Wanted,
    candidate_offices,
    match_offices,
    openings_open_to,
)
from spaces.summary import freshness_of
from spaces.week import say_hours, say_spans
from spaces.words import say_date, say_money, say_price

TEMPLATE = "spaces/office_search.html"
PAGE = 20
MOST_PAGES = 500
MOST_FACTS = 4  # of what a room has
MOST_SAID = 3  # of what a near miss lacks; the rest folds
FEW = 3  # rooms that have it all: with fewer, other hours are suggested
ORDERED = {
    Sort.FIT: gettext_lazy("best fit first"),
    Sort.NEAREST: gettext_lazy("nearest first"),
    Sort.CHEAPEST: gettext_lazy("cheapest first"),
    Sort.FRESHEST: gettext_lazy("confirmed last first"),
}


@require_safe
@member_required
@limited(SEARCHES)
def office_search(request: TherapistRequest) -> HttpResponse:
    form = SearchForm(
        request.GET, therapist=request.therapist, community=request.community
    )
    context: dict[str, Any] = {
        "form": form,
        "is_new": not request.GET,
        "said": "",
        "results": [],
        "nearby": [],
    }
    if form.is_valid():
        page = _page_number(request)
        wanted = form.wanted()
        context |= {
            "said": said(form),
            "address": form.address(),
            "page_number": page,
            "sorted": ORDERED[form.order],
        }
        context |= (
            _matches(request, form, wanted, page)
            if wanted.spans
            else _nearby(request, form, wanted, page)
        )
        if page > 1 and not context["results"]:
            return redirect(f"{request.path}?{form.address()}")  # past the last page
        context["map"] = _map(form, context)
    return _answer(request, form, context)


def _answer(
    request: TherapistRequest, form: SearchForm, context: dict[str, Any]
) -> HttpResponse:
    """The results alone; while something is wrong with the form, the page, so that it is said beside the field."""
    if request.htmx and (form.errors or request.htmx.target == "main"):
        response = render(request, TEMPLATE, context)
        patch_vary_headers(response, ["HX-Request"])
        response = reswap(reselect(retarget(response, "#main"), "#main"), "outerHTML")
    else:
        response = render_part(request, TEMPLATE, "results", context)
    if request.htmx and "address" in context:
        page = context["page_number"]
        push_url(
            response,
            f"{request.path}?{context['address']}" + (f"&page={page}" * (page > 1)),
        )
    return response


def _matches(
    request: TherapistRequest, form: SearchForm, wanted: Wanted, page: int
) -> dict[str, Any]:
    """Full matches, then near misses; one more than the page shows tells whether there is another page."""
    found = match_offices(
        wanted,
        guest=request.therapist,
        sort=form.order,
        limit=PAGE + 1,
        offset=PAGE * (page - 1),
    )
    query = form.query()
    clashes = _clashes(request, found, wanted)
    results = [
        {
            "number": number,
            "clash": clashes.get(match.office.pk, ""),
            **_result(match, wanted, request.community, query),
        }
        for number, match in enumerate(found[:PAGE], PAGE * (page - 1) + 1)
    ]
    full = [result for result in results if result["match"].is_full]
    return {
        "results": results,
        "full": full,
        "near": [result for result in results if not result["match"].is_full],
        "has_more": len(found) > PAGE,
        "saves": True,
        "suggests": page == 1 and len(full) < FEW,
    }


def _clashes(
    request: TherapistRequest, found: list[Match], wanted: Wanted
) -> dict[int, str]:
    """What the person who looks has to do already in the hours an office has. By its id."""
    dated = (wanted.dated(zone) for zone in {m.office.building.zone for m in found})
    periods = hours.intervals_of(chain.from_iterable(dated))
    busy = engaged(request.therapist, periods)
    clashes: dict[int, str] = {}
    for (zone, covered), matches in groupby(found if busy else [], _where_and_when):
        text = say_engaged(hours.intersection(covered, busy), zone)
        clashes |= {match.office.pk: text for match in matches}
    return clashes


def _where_and_when(match: Match) -> tuple[ZoneInfo, list[hours.Interval]]:
    return match.office.building.zone, match.covered


def _result(
    match: Match, wanted: Wanted, community: Community, query: str
) -> dict[str, Any]:
    """A card. What it says is put together here: twenty of them are most of the page's work."""
    office = match.office
    return {
        **_room(office, match.metres, community),
        "url": f"{office.get_absolute_url()}?{query}",
        "match": match,
        "is_full": match.is_full,
        "score": _score(match),
        "missing": match.missing[:MOST_SAID],
        "missing_too": match.missing[MOST_SAID:],
        **_price(match.lowest_cents, match.highest_cents, community.currency),
        "blocks": [
            *opening_blocks(office.shown_openings, community.currency),
            *span_blocks(match.fits, "fits"),
            *span_blocks(_short_of(match), "misses"),
        ],
        "facts": _facts(office, match.confirmed_at, wanted),
    }


def _room(office: Office, metres: float | None, community: Community) -> dict[str, Any]:
    band = distance_band(metres, community.distance_unit) if metres is not None else ""
    return {
        "office": office,
        "where": f"{office.building.district} · {band} · {', '.join(office.shown_hosts)}",
        "photo": next(iter(office.shown_photos), None),
    }


def _score(match: Match) -> str:
    if match.is_full:
        return ngettext("The one date", "All %(number)s dates", match.dates_total) % {
            "number": match.dates_total
        }
    if match.dates_covered:
        return _("%(covered)s of %(total)s dates") % {
            "covered": match.dates_covered,
            "total": match.dates_total,
        }
    return _("%(covered)s of %(total)s hours") % {
        "covered": say_hours(match.minutes),
        "total": say_hours(match.wanted_minutes),
    }


def _short_of(match: Match) -> list[hours.Span]:
    """What is missing beside what fits, so that the picture shows both."""
    fits = set(hours.cells(match.fits))
    return [cell for cell in hours.cells(match.misses) if cell not in fits]


def _nearby(
    request: TherapistRequest, form: SearchForm, wanted: Wanted, page: int
) -> dict[str, Any]:
    """Nothing is painted: every room near by with hours to ask for, the nearest first unless told otherwise."""
    openings = openings_open_to(request.therapist)
    if wanted.most_cents is not None:
        openings = openings.filter(price_cents__lte=wanted.most_cents)
    offices = (
        candidate_offices(wanted, request.therapist)
        .filter(Exists(openings.filter(office=OuterRef("pk"))))
        .annotate(metres=DistanceTo(*form.centre, "building__"))
    )
    found = list(
        _in_order(offices, openings, form.order).with_card(openings)[
            PAGE * (page - 1) : PAGE * page + 1
        ]
    )
    numbered = enumerate(found[:PAGE], PAGE * (page - 1) + 1)
    nearby = [
        {"number": number, **_neighbour(office, wanted, request.community)}
        for number, office in numbered
    ]
    return {
        "results": nearby,
        "nearby": nearby,
        "sorted": ORDERED[Sort.NEAREST if form.order == Sort.FIT else form.order],
        "has_more": len(found) > PAGE,
    }


def _in_order(offices: Any, openings: OpeningQuerySet, sort: Sort) -> Any:
    """Offices with their ``metres``."""
    own = openings.filter(office=OuterRef("pk"))
    cheapest = own.order_by("price_cents").values("price_cents")[:1]
    freshest = own.order_by("-confirmed_at").values("confirmed_at")[:1]
    first = {
        Sort.CHEAPEST: [Subquery(cheapest).asc()],
        Sort.FRESHEST: [Subquery(freshest).desc()],
    }
    return offices.order_by(*first.get(sort, []), "metres", "name", "pk")


def _neighbour(office: Any, wanted: Wanted, community: Community) -> dict[str, Any]:
    openings: list[Opening] = office.shown_openings
    prices = [opening.price_cents for opening in openings]
    return {
        **_room(office, office.metres, community),
        "url": office.get_absolute_url(),
        **_price(min(prices), max(prices), community.currency),
        "blocks": opening_blocks(openings, community.currency),
        "hours": say_spans(opening.span for opening in openings),
        "facts": _facts(office, max(o.confirmed_at for o in openings), wanted),
    }


def _price(lowest: int, highest: int, currency: str) -> dict[str, Any]:
    """For the card: "$18", "from $15" or "free to $18", and whether "an hour" goes with it."""
    if not highest:
        return {"amount": _("free"), "is_paid": False}
    amount = say_money(lowest or highest, currency)
    if not lowest:
        amount = _("free to %(amount)s") % {"amount": amount}
    elif lowest != highest:
        amount = _("from %(amount)s") % {"amount": amount}
    return {"amount": amount, "is_paid": True}


def _facts(office: Office, confirmed_at: datetime, wanted: Wanted) -> list[str]:
    """What was looked for first, then some of what it has; the office's page has all of it."""
    facts = [_("Step-free")] if office.is_step_free else []
    facts.append(
        ngettext("for %(count)s", "for up to %(count)s", office.capacity)
        % {"count": office.capacity}
    )
    sought = {term.pk for term in wanted.attributes}
    terms = [term for term in office.shown_terms if term.slug != STEP_FREE]
    terms.sort(key=lambda term: (term.pk not in sought, term.kind))
    most = max(MOST_FACTS, len(sought))
    return [
        *facts,
        *(term.label for term in terms[:most]),
        freshness_of(confirmed_at).text,
    ]


def _map(form: SearchForm, context: dict[str, Any]) -> dict[str, Any]:
    """What static/js/map.js draws: the rooms of this page where they are told to be, about a kilometre coarse."""
    return map_of(
        centre=form.centre,
        metres=form.radius_metres,
        unit=form.community.distance_unit,
        label=said(form),
        many=_("{count} rooms"),
        places=[_pin(result) for result in context["results"]],
    )


def _pin(result: dict[str, Any]) -> Pin:
    office: Office = result["office"]
    building = office.building
    match: Match | None = result.get("match")
    return Pin(
        *snap(building.latitude, building.longitude),
        name=office.name,
        url=result["url"],
        lines=(
            _fit(match, result["score"]) if match else result["hours"],
            _("%(amount)s an hour") % {"amount": result["amount"]}
            if result["is_paid"]
            else result["amount"],
        ),
        number=result["number"],
        is_full=match is None or match.is_full,
    )


def _fit(match: Match, score: str) -> str:
    return score if match.is_full else "; ".join(match.missing[:MOST_SAID])


def said(form: SearchForm) -> str:
    """The search in one sentence, for the fold, the heading, and the name it is saved under."""
    cleaned = form.cleaned_data
    first, last = (say_date(cleaned[name]) for name in ("first_date", "last_date"))
    parts = [
        say_spans(cleaned["hours"]),
        _("%(first)s to %(last)s") % {"first": first, "last": last},
        cleaned["near"] and _("near %(zip)s") % {"zip": cleaned["near"]},
        _up_to(cleaned["most"], form.community.currency),
        cleaned["people"] and _("for %(count)s") % {"count": cleaned["people"]},
        cleaned["step_free"] and _("step-free"),
        *(term.label for term in form.chosen_terms),
    ]
    return ", ".join(part for part in parts if part)


def _up_to(cents: int | None, currency: str) -> str:
    if cents is None:
        return ""
    return _("up to %(price)s") % {"price": say_price(cents, currency)}


def _page_number(request: TherapistRequest) -> int:
    text = request.GET.get("page", "")
    return (
        min(max(int(text), 1), MOST_PAGES)
        if text.isascii() and text.isdigit() and len(text) < 6
        else 1
    )
