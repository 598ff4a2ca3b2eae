from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from directory.enums import Standing, TermGroup, TermKind
from directory.geo import DistanceTo, distance_band, within
from directory.http import (
    TherapistRequest,
    member_or_applicant_required,
    render_part,
)
from directory.models import Community, Term, Therapist
from spaces import hours
from spaces.agenda import (
    OfficeWeek,
    first_free_day,
    office_openings,
    opening_blocks,
    span_blocks,
)
from spaces.closures import runs
from spaces.domain.opening import set_usual_hours
from spaces.enums import Audience
from spaces.forms.office import STEP_FREE, NewOfficeForm, OfficeForm
from spaces.forms.opening import UsualHoursForm
from spaces.models import Building, Closure, Office, Opening, UsualHours
from spaces.models.office import OfficeQuerySet
from spaces.queries import offices_open_to
from spaces.summary import freshness_of
from spaces.views.asking import ask_context
from spaces.week import say_spans
from spaces.words import say_price

BUILDINGS_WITHIN = 60_000  # metres: what the list of buildings offers


# --- One office ----------------------------------------------------------------


@require_safe
@member_or_applicant_required
def office_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    me = request.therapist
    office = get_object_or_404(seen_by(me).with_place(), pk=pk)
    is_host = me in office.hosts.all()
    with timezone.override(office.building.timezone):
        openings = office_openings(office, me, is_host=is_host)
        ask = ask_context(request, office)
        wanted = [date.day for date in ask["dates"] if date.is_open][:1]
        monday = _monday(
            request, *wanted or [first_free_day(openings, office.building.zone)]
        )
        closures = list(_closures_ahead(office))
        week = OfficeWeek(
            office,
            me,
            monday,
            openings=openings,
            closures=closures,
            currency=request.community.currency,
            is_host=is_host,
        )
        context = {
            "office": office,
            "building": office.building,
            "hosts": list(office.hosts.all()),
            "is_host": is_host,
            "may_ask": offices_open_to(me).filter(pk=office.pk).exists(),
            "openings": openings,
            "blocks": week.blocks(),
            "week_first": monday,
            "week_last": monday + timedelta(days=6),
            "earlier": monday - timedelta(weeks=1)
            if monday > timezone.localdate()
            else None,
            "later": monday + timedelta(weeks=1),
            "closed": runs(closures, office.building.zone),
            "photos": list(office.photos.all()),
            "facts": grouped(office.attributes.all(), TermKind.OFFICE_ATTRIBUTE),
            "agreed": grouped(office.attributes.all(), TermKind.OFFICE_TERM),
            "prices": _prices(openings, request.community.currency),
            "freshness": freshness_of(
                min((o.confirmed_at for o in openings), default=None)
            ),
            "band": _band(request, office),
            "usual": UsualHours.objects.filter(office=office, therapist=me)
            if is_host
            else [],
            **ask,
        }
        return render_part(request, "spaces/office_detail.html", "week", context)


def seen_by(therapist: Therapist) -> OfficeQuerySet:
    """Offices open to this person, their own, and for a moderator all of them."""
    if therapist.is_moderator:
        return Office.objects.all()
    own = Office.objects.hosted_by(therapist)
    return Office.objects.filter(
        Q(pk__in=offices_open_to(therapist).values("pk")) | Q(pk__in=own.values("pk"))
    )


def grouped(terms: Iterable[Term], kind: TermKind) -> list[tuple[str, list[Term]]]:
    """Those of one vocabulary under their headings, in the headings' order; step-free has a badge of its own."""
    found: dict[str, list[Term]] = {}
    for term in terms:
        if term.kind == kind and term.slug != STEP_FREE:
            found.setdefault(term.group, []).append(term)
    order = [*TermGroup.values, ""]
    return [
        (str(TermGroup(group).label) if group else "", found[group])
        for group in sorted(found, key=order.index)
    ]


def _monday(request: TherapistRequest, first: date) -> date:
    """Of the week asked for, else of the week of ``first``."""
    try:
        day = date.fromisoformat(request.GET.get("week", ""))
    except ValueError:
        day = first
    today = timezone.localdate()
    day = min(max(day, today - timedelta(weeks=1)), today + hours.HORIZON)
    return day - timedelta(days=day.weekday())


def _closures_ahead(office: Office) -> QuerySet[Closure]:
    ahead = Closure.objects.of_office(office).filter(
        period__endswith__gt=timezone.now()
    )
    return ahead.select_related("incident").order_by("period")


def _prices(openings: Iterable[Opening], currency: str) -> list[tuple[str, str]]:
    """Each price with its hours: ("$18 / hour", "Thu 17:00–21:00"). What is for emergencies alone comes last."""
    spans: dict[tuple[bool, int], list[hours.Span]] = {}
    for opening in openings:
        is_for_all = opening.audience == Audience.ALL
        spans.setdefault((not is_for_all, opening.price_cents), []).append(opening.span)
    return [
        (
            _("%(price)s, for emergencies") % {"price": say_price(cents, currency)}
            if is_for_emergencies
            else say_price(cents, currency),
            say_spans(found),
        )
        for (is_for_emergencies, cents), found in sorted(spans.items())
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


# --- My offices ----------------------------------------------------------------


@require_safe
@member_or_applicant_required
def my_offices(request: TherapistRequest) -> HttpResponse:
    me = request.therapist
    offices = (
        Office.objects.hosted_by(me)
        .select_related("building")
        .prefetch_related(
            "photos",
            Prefetch(
                "openings",
                Opening.objects.current().defer("free"),
                to_attr="current_openings",
            ),
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
            *span_blocks((usual.span for usual in office.my_hours), "usual"),
            *opening_blocks(openings, community.currency),
        ],
        "freshness": freshness_of(
            min((opening.confirmed_at for opening in openings), default=None)
        ),
        "photo": next(iter(office.photos.all()), None),
    }


@require_http_methods(["GET", "POST"])
@member_or_applicant_required
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
    """Houses around, by name. Who has a room in which is not said, and neither a place described for an offer alone nor
    one where nobody but applicants has rooms. Applicants choose among their own."""
    me, community = request.therapist, request.community
    latitude = community.latitude if me.latitude is None else me.latitude
    longitude = community.longitude if me.longitude is None else me.longitude
    rooms = Office.objects.filter(building=OuterRef("pk"))
    known = rooms.filter(is_draft=False).exclude(hosts__standing=Standing.APPLICANT)
    shown = Q(Exists(rooms.hosted_by(me)))
    if me.is_member:
        shown |= Exists(known) | ~Exists(rooms)
    return Building.objects.filter(
        shown,
        within(latitude, longitude, BUILDINGS_WITHIN),
    ).order_by("name", "pk")


@require_http_methods(["GET", "POST"])
@member_or_applicant_required
def office_edit(request: TherapistRequest, pk: int) -> HttpResponse:
    office = get_own_office(request, pk)
    form = OfficeForm(request.POST or None, instance=office)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect(office)
    return render(request, "spaces/office_form.html", {"form": form, "office": office})


@require_http_methods(["GET", "POST"])
@member_or_applicant_required
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


def get_own_office(request: TherapistRequest, pk: int) -> Office:
    """An office of the person who asks; 404 for all others."""
    return get_object_or_404(
        Office.objects.hosted_by(request.therapist).select_related("building"), pk=pk
    )
