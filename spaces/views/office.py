from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory.errors import DomainError
from directory.geo import DistanceTo, distance_band, within
from directory.http import TherapistRequest, member_required, render_part
from directory.models import Community, Therapist
from spaces import hours
from spaces.agenda import OfficeWeek, first_free_week, office_openings, opening_blocks
from spaces.domain.opening import close_office, reopen_office, set_usual_hours
from spaces.enums import Audience
from spaces.forms.office import NewOfficeForm, OfficeForm
from spaces.forms.opening import ClosureForm, UsualHoursForm
from spaces.forms.search import SearchForm
from spaces.models import Building, Closure, Office, Opening, UsualHours
from spaces.models.office import OfficeQuerySet
from spaces.models.opening import FRESH, STALE
from spaces.queries import (
    Match,
    Wanted,
    candidate_offices,
    match_offices,
    offices_open_to,
    openings_open_to,
)
from spaces.views.booking import ask_context
from spaces.week import Block, say_spans
from spaces.words import say_date, say_price

PAGE = 20
BUILDINGS_WITHIN = 60_000  # metres: what the list of buildings offers
MOST_PAGES = 500


# --- Finding -------------------------------------------------------------------


@require_GET
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
            else _nearby(request, wanted, page)
        )
    return render_part(request, "spaces/office_search.html", "results", context)


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
        "price": _price_between(
            match.lowest_cents, match.highest_cents, community.currency
        ),
        "blocks": [
            *opening_blocks(_shown(office.openings.all()), community.currency),
            *(Block(*span, state="fits") for span in match.fits),
            *(Block(*span, state="misses") for span in match.misses),
        ],
        "freshness": freshness(match.confirmed_at),
    }


def _shown(openings: Iterable[Opening]) -> list[Opening]:
    today = timezone.localdate()
    return [
        opening
        for opening in openings
        if opening.audience == Audience.ALL
        and (opening.last_date is None or opening.last_date >= today)
    ]


def _nearby(request: TherapistRequest, wanted: Wanted, page: int) -> dict[str, Any]:
    """Nothing is painted: every room near by with hours to ask for, the nearest first."""
    openings = openings_open_to(request.therapist)
    if wanted.most_cents is not None:
        openings = openings.filter(price_cents__lte=wanted.most_cents)
    offices = candidate_offices(wanted, request.therapist).filter(
        Exists(openings.filter(office=OuterRef("pk")))
    )
    if wanted.latitude is not None and wanted.longitude is not None:
        offices = offices.annotate(
            metres=DistanceTo(wanted.latitude, wanted.longitude, "building__")
        )
    shown = Prefetch(
        "openings", openings.order_by("weekday", "start"), to_attr="shown_openings"
    )
    found = list(
        offices.with_place()
        .prefetch_related(shown)
        .order_by("metres", "name", "pk")[PAGE * (page - 1) : PAGE * page + 1]
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
        "price": _price_between(min(prices), max(prices), community.currency),
        "blocks": opening_blocks(openings, community.currency),
        "hours": say_spans(opening.span for opening in openings),
        "freshness": freshness(max(opening.confirmed_at for opening in openings)),
    }


def _price_between(lowest: int, highest: int, currency: str) -> str:
    if lowest == highest:
        return say_price(lowest, currency)
    return _("from %(price)s") % {"price": say_price(lowest, currency)}


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


# --- One office ----------------------------------------------------------------


@require_GET
@member_required
def office_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    me = request.therapist
    office = get_object_or_404(_seen_by(me).with_place(), pk=pk)
    is_host = me in office.hosts.all()
    with timezone.override(office.building.timezone):
        openings = office_openings(office, me, is_host=is_host)
        monday = _monday(request, office, openings)
        week = OfficeWeek(
            office, me, monday, request.community.currency, is_host=is_host
        )
        context = {
            "office": office,
            "building": office.building,
            "hosts": list(office.hosts.all()),
            "is_host": is_host,
            "openings": openings,
            "blocks": week.blocks(),
            "week_first": monday,
            "week_last": monday + timedelta(days=6),
            "earlier": monday - timedelta(weeks=1)
            if monday > timezone.localdate()
            else None,
            "later": monday + timedelta(weeks=1),
            "closures": _closures_ahead(office),
            "prices": _prices(openings, request.community.currency),
            "freshness": freshness(
                max((o.confirmed_at for o in openings), default=None)
            ),
            "band": _band(request, office),
            "usual": UsualHours.objects.filter(office=office, therapist=me)
            if is_host
            else [],
            **ask_context(request, office),
        }
        return render_part(request, "spaces/office_detail.html", "week", context)


def _seen_by(therapist: Therapist) -> OfficeQuerySet:
    """Offices open to this person, their own, and for a moderator all of them."""
    if therapist.is_moderator:
        return Office.objects.all()
    own = Office.objects.hosted_by(therapist)
    return Office.objects.filter(
        Q(pk__in=offices_open_to(therapist).values("pk")) | Q(pk__in=own.values("pk"))
    )


def _monday(
    request: TherapistRequest, office: Office, openings: Iterable[Opening]
) -> date:
    """The week asked for, the week of the first hour that is looked for, or the first one with something free."""
    for name in ("week", "first_date"):
        try:
            day = date.fromisoformat(request.GET.get(name, ""))
        except ValueError:
            continue
        today = timezone.localdate()
        day = min(max(day, today - timedelta(weeks=1)), today + hours.HORIZON)
        return day - timedelta(days=day.weekday())
    return first_free_week(openings, office.building.zone)


def _closures_ahead(office: Office) -> QuerySet[Closure]:
    ahead = Closure.objects.of_office(office).filter(
        period__endswith__gt=timezone.now()
    )
    return ahead.select_related("incident").order_by("period")


def _prices(openings: Iterable[Opening], currency: str) -> list[tuple[str, str]]:
    """Each price with its hours: ("$18 / hour", "Thu 17:00–21:00")."""
    spans: dict[int, list[hours.Span]] = {}
    for opening in openings:
        spans.setdefault(opening.price_cents, []).append(opening.span)
    return [
        (say_price(cents, currency), say_spans(found))
        for cents, found in sorted(spans.items())
    ]


def _band(request: TherapistRequest, office: Office) -> str:
    me = request.therapist
    if me.latitude is None or me.longitude is None:
        return ""
    metres = (
        Office.objects.filter(pk=office.pk)
        .values_list(DistanceTo(me.latitude, me.longitude, "building__"), flat=True)
        .first()
    )
    return (
        str(distance_band(metres, request.community.distance_unit))
        if metres is not None
        else ""
    )


def freshness(confirmed_at: Any) -> dict[str, Any]:
    """How sure one can be of posted hours: confirmed when, and whether that is long ago."""
    if confirmed_at is None:
        return {"text": "", "is_fresh": False, "is_stale": False}
    age = timezone.now() - confirmed_at
    return {
        "text": _ago(age.days),
        "is_fresh": age < FRESH,
        "is_stale": age > STALE,
        "days": age.days,
    }


def _ago(days: int) -> str:
    if days < 1:
        return _("confirmed today")
    return ngettext("confirmed yesterday", "confirmed %(days)s days ago", days) % {
        "days": days
    }


# --- My offices ----------------------------------------------------------------


@require_GET
@member_required
def my_offices(request: TherapistRequest) -> HttpResponse:
    me = request.therapist
    offices = (
        Office.objects.hosted_by(me)
        .select_related("building")
        .prefetch_related(
            Prefetch("openings", Opening.objects.current(), to_attr="current_openings"),
            Prefetch(
                "usual_hours",
                UsualHours.objects.filter(therapist=me),
                to_attr="my_hours",
            ),
        )
    )
    rows = [_own_row(office, request.community) for office in offices]
    return render(request, "spaces/my_offices.html", {"rows": rows})


def _own_row(office: Any, community: Community) -> dict[str, Any]:
    openings: list[Opening] = office.current_openings
    return {
        "office": office,
        "openings": openings,
        "prices": _prices(openings, community.currency),
        "usual": say_spans(usual.span for usual in office.my_hours),
        "blocks": [
            *(Block(*usual.span, state="usual") for usual in office.my_hours),
            *opening_blocks(openings, community.currency),
        ],
        "freshness": freshness(
            max((opening.confirmed_at for opening in openings), default=None)
        ),
    }


@require_http_methods(["GET", "POST"])
@member_required
def office_new(request: TherapistRequest) -> HttpResponse:
    form = NewOfficeForm(request.POST or None, buildings=_buildings(request))
    if form.is_valid():
        office = form.save_for(request.therapist)
        messages.success(
            request, _("Your office is here. Now paint the hours you offer.")
        )
        return redirect("spaces:opening_new", office.pk)
    return render(request, "spaces/office_form.html", {"form": form, "office": None})


def _buildings(request: TherapistRequest) -> QuerySet[Building]:
    """Houses around, by name. Who has a room in which is not said."""
    me, community = request.therapist, request.community
    latitude = community.latitude if me.latitude is None else me.latitude
    longitude = community.longitude if me.longitude is None else me.longitude
    return Building.objects.filter(
        within(latitude, longitude, BUILDINGS_WITHIN)
    ).order_by("name", "pk")


@require_http_methods(["GET", "POST"])
@member_required
def office_edit(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    form = OfficeForm(request.POST or None, instance=office)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect(office)
    return render(request, "spaces/office_form.html", {"form": form, "office": office})


@require_http_methods(["GET", "POST"])
@member_required
def usual_hours(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    known = UsualHours.objects.filter(office=office, therapist=request.therapist)
    form = UsualHoursForm(
        request.POST or None, initial={"hours": [usual.span for usual in known]}
    )
    if form.is_valid():
        set_usual_hours(
            office, therapist=request.therapist, spans=form.cleaned_data["hours"]
        )
        messages.success(request, _("Your own hours are kept. Only you see them."))
        return redirect("spaces:my_offices")
    return render(request, "spaces/usual_hours.html", {"form": form, "office": office})


@require_http_methods(["GET", "POST"])
@member_required
def closure_new(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    form = ClosureForm(request.POST or None)
    if form.is_valid():
        zone = office.building.zone
        first, last = form.cleaned_data["first_date"], form.cleaned_data["last_date"]
        period = DateTimeTZRange(
            hours.instant(first, 0, zone),
            hours.instant(last + timedelta(days=1), 0, zone),
        )
        try:
            close_office(
                office,
                by=request.therapist,
                period=period,
                reason=form.cleaned_data["reason"],
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _(
                    "Closed. Nobody can ask for these days now; what is booked stays booked."
                ),
            )
            return redirect(office)
    return render(request, "spaces/closure_form.html", {"form": form, "office": office})


@require_POST
@member_required
def closure_end(request: TherapistRequest, pk: int) -> HttpResponse:
    closures = Closure.objects.filter(office__hosts=request.therapist).select_related(
        "office__building"
    )
    closure = get_object_or_404(closures, pk=pk)
    office = closure.office
    try:
        reopen_office(closure, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Open again. The hours can be asked for."))
    return redirect("spaces:office_detail", office.pk if office else pk)


def get_own_office(request: TherapistRequest, pk: int) -> Office:
    """An office of the person who asks; 404 for all others."""
    return get_object_or_404(
        Office.objects.hosted_by(request.therapist).select_related("building"), pk=pk
    )
