from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, reselect, reswap, retarget

from directory.geo import DistanceTo, distance_band
from directory.http import TherapistRequest, member_required, render_part
from directory.models import Community
from spaces import hours
from spaces.agenda import opening_blocks, span_blocks
from spaces.forms.office import STEP_FREE
from spaces.forms.search import SearchForm
from spaces.models import Office, Opening
from spaces.queries import (
    Match,
    Wanted,
    candidate_offices,
    match_offices,
    openings_open_to,
)
from spaces.summary import freshness_of
from spaces.week import say_spans
from spaces.words import say_date, say_money, say_price

TEMPLATE = "spaces/office_search.html"
PAGE = 20
MOST_PAGES = 500


@require_safe
@member_required
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
        context |= {"said": _said(form, wanted), "page_number": page}
        context |= (
            _matches(request, form, wanted, page)
            if wanted.spans
            else _nearby(request, form, wanted, page)
        )
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
    if request.htmx and not form.errors:
        push_url(response, f"{request.path}?{form.address()}")
    return response


def _matches(
    request: TherapistRequest, form: SearchForm, wanted: Wanted, page: int
) -> dict[str, Any]:
    """Full matches, then near misses; one more than the page shows tells whether there is another page."""
    found = match_offices(
        wanted, guest=request.therapist, limit=PAGE + 1, offset=PAGE * (page - 1)
    )
    results = [_result(match, request.community) for match in found[:PAGE]]
    return {
        "full": [result for result in results if result["match"].is_full],
        "near": [result for result in results if not result["match"].is_full],
        "query": form.query(),
        "number_from": PAGE * (page - 1),
        "has_more": len(found) > PAGE,
    }


def _result(match: Match, community: Community) -> dict[str, Any]:
    office = match.office
    return {
        "match": match,
        "office": office,
        "band": distance_band(match.metres, community.distance_unit)
        if match.metres is not None
        else "",
        "hosts": list(office.hosts.all()),
        **_price(match.lowest_cents, match.highest_cents, community.currency),
        "blocks": [
            *opening_blocks(office.openings.all(), community.currency),
            *span_blocks(match.fits, "fits"),
            *span_blocks(_short_of(match), "misses"),
        ],
        "facts": _facts(office, match.confirmed_at),
    }


def _short_of(match: Match) -> list[hours.Span]:
    """What is missing beside what fits, so that the picture shows both."""
    fits = set(hours.cells(match.fits))
    return [cell for cell in hours.cells(match.misses) if cell not in fits]


def _nearby(
    request: TherapistRequest, form: SearchForm, wanted: Wanted, page: int
) -> dict[str, Any]:
    """Nothing is painted: every room near by with hours to ask for, the nearest first."""
    openings = openings_open_to(request.therapist)
    if wanted.most_cents is not None:
        openings = openings.filter(price_cents__lte=wanted.most_cents)
    offices = (
        candidate_offices(wanted, request.therapist)
        .filter(Exists(openings.filter(office=OuterRef("pk"))))
        .annotate(metres=DistanceTo(*form.centre, "building__"))
    )
    shown = Prefetch(
        "openings",
        openings.defer("free").order_by("weekday", "start"),
        to_attr="shown_openings",
    )
    found = list(
        offices.with_place()
        .prefetch_related(shown)
        .order_by(F("metres"), "name", "pk")[PAGE * (page - 1) : PAGE * page + 1]
    )
    return {
        "nearby": [_neighbour(office, request.community) for office in found[:PAGE]],
        "number_from": PAGE * (page - 1),
        "has_more": len(found) > PAGE,
    }


def _neighbour(office: Any, community: Community) -> dict[str, Any]:
    openings: list[Opening] = office.shown_openings
    prices = [opening.price_cents for opening in openings]
    return {
        "office": office,
        "band": distance_band(office.metres, community.distance_unit),
        "hosts": list(office.hosts.all()),
        **_price(min(prices), max(prices), community.currency),
        "blocks": opening_blocks(openings, community.currency),
        "hours": say_spans(opening.span for opening in openings),
        "facts": _facts(office, max(o.confirmed_at for o in openings)),
    }


def _price(lowest: int, highest: int, currency: str) -> dict[str, Any]:
    """For the card: "$18" or "from $15", and whether "an hour" goes with it."""
    if not highest:
        return {"amount": _("free"), "is_paid": False}
    amount = say_money(lowest, currency)
    if lowest != highest:
        amount = _("from %(amount)s") % {"amount": amount}
    return {"amount": amount, "is_paid": True}


def _facts(office: Office, confirmed_at: datetime) -> list[str]:
    facts = [_("Step-free")] if office.is_step_free else []
    facts.append(
        ngettext("for %(count)s", "for up to %(count)s", office.capacity)
        % {"count": office.capacity}
    )
    facts += [term.label for term in office.attributes.all() if term.slug != STEP_FREE]
    return [*facts, freshness_of(confirmed_at).text]


def _said(form: SearchForm, wanted: Wanted) -> str:
    """The search in one sentence, for the fold and the heading."""
    parts = [say_spans(wanted.spans)] if wanted.spans else []
    parts.append(
        _("%(first)s to %(last)s")
        % {"first": say_date(wanted.first_date), "last": say_date(wanted.last_date)}
    )
    if near := form.cleaned_data["near"]:
        parts.append(_("near %(zip)s") % {"zip": near})
    if wanted.most_cents is not None:
        parts.append(
            _("up to %(price)s")
            % {"price": say_price(wanted.most_cents, form.community.currency)}
        )
    if wanted.is_step_free:
        parts.append(_("step-free"))
    return ", ".join(parts)


def _page_number(request: TherapistRequest) -> int:
    text = request.GET.get("page", "")
    return (
        min(max(int(text), 1), MOST_PAGES)
        if text.isascii() and text.isdigit() and len(text) < 6
        else 1
    )
