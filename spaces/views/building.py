from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from directory.limits import REPORTS, WRITING, limited
from directory.models import Therapist
from spaces.coverage import coverage_of
from spaces.domain.building_post import (
    post_to_building,
    remove_post,
    report_post,
)
from spaces.enums import NeedStatus
from spaces.forms.building import PostForm
from spaces.models import (
    Building,
    BuildingPost,
    Closure,
    Incident,
    IncidentScope,
    IncidentUpdate,
    Loan,
    Need,
    Office,
)
from spaces.models.incident import IN_FORCE
from spaces.ties import buildings_tied_to, people_tied_to
from spaces.views.emergency import news_of, totals

NEWEST = 30  # of the timeline
MOST_PEOPLE = 60
COUNTED = [NeedStatus.OPEN, NeedStatus.COVERED]


class News(NamedTuple):
    """One line of the timeline: what somebody posted, or news of an incident."""

    at: datetime
    post: BuildingPost | None
    update: IncidentUpdate | None
    is_removable: bool


@require_safe
@member_required
def building_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    """A house's own page, for those with a tie to it and for moderators."""
    return _page(request, _mine(request, pk), PostForm())


@require_POST
@member_required
@limited(WRITING)
def building_post(request: TherapistRequest, pk: int) -> HttpResponse:
    building = _mine(request, pk)
    form = PostForm(request.POST)
    if form.is_valid():
        try:
            post_to_building(
                building, by=request.therapist, text=form.cleaned_data["text"]
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("Posted. Everybody here who wants such mails gets one.")
            )
            return redirect(building)
    return _page(request, building, form)


@require_POST
@member_required
def post_remove(request: TherapistRequest, pk: int, post_pk: int) -> HttpResponse:
    building = _mine(request, pk)
    posts = BuildingPost.objects.visible_to(request.therapist)
    post = get_object_or_404(posts, building=building, pk=post_pk)
    try:
        remove_post(post, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back. Mails not sent yet are not sent."))
    return redirect(building)


@require_POST
@member_required
@limited(REPORTS)
def post_report(request: TherapistRequest, pk: int, post_pk: int) -> HttpResponse:
    building = _mine(request, pk)
    posts = BuildingPost.objects.visible_to(request.therapist)
    post = get_object_or_404(posts, building=building, pk=post_pk)
    try:
        report_post(post, by=request.therapist, text=request.POST.get("text", ""))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The moderators look at it. Thank you."))
    return redirect(building)


def _mine(request: TherapistRequest, pk: int) -> Building:
    me = request.therapist
    buildings = Building.objects.all() if me.is_moderator else buildings_tied_to(me)
    return get_object_or_404(buildings, pk=pk)


def _page(
    request: TherapistRequest, building: Building, form: PostForm
) -> HttpResponse:
    me = request.therapist
    incidents = list(_incidents(building, me))
    with timezone.override(building.timezone):
        context = {
            "building": building,
            "offices": _offices(building, me),
            "people": list(
                _nameable(me).filter(pk__in=people_tied_to(building).values("pk"))[
                    :MOST_PEOPLE
                ]
            ),
            "incidents": [
                {"incident": incident, "total": total}
                for incident, total in _covered(incidents)
            ],
            "loans": Loan.objects.visible_to(me)
            .filter(incident__in=incidents)
            .with_people()
            if incidents
            else [],
            "lends_at": next((i for i in incidents if i.status in IN_FORCE), None),
            "closures": _closures(building),
            "news": _news(building, me),
            "form": form,
        }
        return render(request, "spaces/building_detail.html", context)


def _nameable(me: Therapist) -> QuerySet[Therapist]:
    """Those who agreed to be named here, and oneself."""
    nameable = Therapist.objects.visible_to(me).filter(agrees_to_be_named=True)
    mine = Q(pk__in=nameable.values("pk")) | Q(pk=me.pk)
    return Therapist.objects.filter(mine).order_by("name")


def _offices(building: Building, me: Therapist) -> list[dict[str, Any]]:
    """Rooms of hosts who agreed to be named here, and one's own."""
    named = _nameable(me)
    offices = (
        Office.objects.listed()
        .filter(building=building, hosts__in=named)
        .distinct()
        .prefetch_related(Prefetch("hosts", named, to_attr="named_hosts"))
    )
    return [{"office": office, "hosts": office.named_hosts} for office in offices]


def _incidents(building: Building, me: Therapist) -> QuerySet[Incident]:
    scopes = (
        IncidentScope.objects.filter(building=building)
        .select_related("office")
        .order_by("until")
    )
    return (
        Incident.objects.open()
        .filter(scopes__building=building)
        .distinct()
        .prefetch_related(Prefetch("scopes", scopes, to_attr="scopes_here"))
    )


def _covered(incidents: list[Incident]) -> list[tuple[Incident, dict[str, int]]]:
    """How much of what is needed because of each is covered: hours, no names."""
    needs = list(
        Need.objects.filter(
            incident__in=incidents, status__in=COUNTED
        ).prefetch_related("hours")
        if incidents
        else []
    )
    coverage = coverage_of(needs)
    return [
        (
            incident,
            totals(
                coverage[need.pk] for need in needs if need.incident_id == incident.pk
            ),
        )
        for incident in incidents
    ]


def _news(building: Building, me: Therapist) -> list[News]:
    """Posts, and news of all its incidents, those long over too; the newest first."""
    here = Incident.objects.exclude(status="dismissed").filter(
        scopes__building=building
    )
    updates = news_of(me).filter(incident__in=here).select_related("incident")
    posts = BuildingPost.objects.visible_to(me).filter(building=building)
    found = [
        *(
            News(post.created_at, post, None, me.is_moderator or post.author == me)
            for post in posts[:NEWEST]
        ),
        *(
            News(update.created_at, None, update, is_removable=False)
            for update in updates[:NEWEST]
        ),
    ]
    return sorted(found, key=lambda news: news.at, reverse=True)[:NEWEST]


def _closures(building: Building) -> QuerySet[Closure]:
    here = Closure.objects.filter(
        Q(building=building) | Q(office__building=building, incident__isnull=False)
    )
    return (
        here.filter(period__endswith__gt=timezone.now())
        .select_related("office")
        .order_by("period")
    )
