from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.errors import DomainError
from directory.http import TherapistRequest, helped_required, render_part
from directory.links import read
from directory.models import Therapist
from spaces import hours
from spaces.domain import need as domain
from spaces.domain.need import (
    change_need,
    close_need,
    draft_need,
    people_asked_for_by,
    publish_need,
)
from spaces.enums import NeedStatus
from spaces.forms.need import (
    NeedForm,
    initial_of,
    initial_of_incident,
    spot_of_building,
    spot_of_need,
    spot_of_person,
)
from spaces.models import Incident, Need
from spaces.models.need import NeedQuerySet
from spaces.notifications.links import LINK_DAYS, NEED
from spaces.views.emergency import visible_incidents
from spaces.views.links import asker_required, let_in, unreadable
from spaces.views.need_page import need_context, plan_of

# --- Writing -----------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@helped_required
def need_new(request: TherapistRequest) -> HttpResponse:
    """For an incident, confirmed or not, or for no incident at all."""
    me = request.therapist
    incident = _incident(request)
    scope = incident.scopes.select_related("building").first() if incident else None
    spot = (
        spot_of_building(scope.building)
        if scope
        else spot_of_person(me, request.community)
    )
    with timezone.override(spot.timezone):
        form = NeedForm(
            request.POST or None,
            spot=spot,
            community=request.community,
            people_asked_for=people_asked_for_by(me),
            initial=initial_of_incident(
                incident,
                hours.local_day(scope.until, scope.building.zone) if scope else None,
            ),
        )
        if form.is_valid() and (need := _drafted(request, form, incident)):
            return (
                _published(request, need)
                if "publish" in request.POST
                else redirect(need)
            )
        return render(
            request,
            "spaces/need_form.html",
            {"form": form, "incident": incident, "spot": spot, "need": None},
        )


def _incident(request: TherapistRequest) -> Incident | None:
    pk = request.GET.get("incident", "")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    incident: Incident | None = (
        visible_incidents(request.therapist).open().filter(pk=pk).first()
    )
    return incident


def _drafted(
    request: TherapistRequest, form: NeedForm, incident: Incident | None
) -> Need | None:
    therapist = form.cleaned_data.get("therapist") or request.therapist
    try:
        return draft_need(
            form.wish(), by=request.therapist, therapist=therapist, incident=incident
        )
    except (DomainError, ValidationError) as error:
        _complain(form, error)
        return None


def _complain(form: NeedForm, error: DomainError | ValidationError) -> None:
    form.add_error(
        None, error.messages if isinstance(error, ValidationError) else str(error)
    )


def _published(request: TherapistRequest, need: Need) -> HttpResponse:
    try:
        publish_need(need, by=request.therapist)
    except DomainError as error:
        need.refresh_from_db(fields=["status"])
        if need.status != NeedStatus.OPEN:  # else the button was tapped twice
            messages.error(request, str(error))
            return redirect(need)
    messages.success(
        request, _("Published. Colleagues nearby are being asked right now.")
    )
    return redirect(need)


@require_http_methods(["GET", "POST"])
@asker_required
def need_edit(request: TherapistRequest, pk: int) -> HttpResponse:
    need = _own_need(request, pk)
    if need.status not in domain.LIVE:
        return redirect(need)
    with timezone.override(need.timezone):
        spot = spot_of_need(need)
        form = NeedForm(
            request.POST or None,
            spot=spot,
            community=request.community,
            initial=initial_of(need, request.community),
        )
        if form.is_valid():
            try:
                need = change_need(need, form.wish(), by=request.therapist)
            except (DomainError, ValidationError) as error:
                _complain(form, error)
            else:
                if "publish" in request.POST:
                    return _published(request, need)
                messages.success(
                    request,
                    _("Kept. Colleagues who match now are asked too.")
                    if need.published_at
                    else _("Kept."),
                )
                return redirect(need)
        context = {"form": form, "incident": need.incident, "spot": spot, "need": need}
        return render(request, "spaces/need_form.html", context)


@require_POST
@asker_required
def need_publish(request: TherapistRequest, pk: int) -> HttpResponse:
    return _published(request, _own_need(request, pk))


@require_POST
@asker_required
def need_close(request: TherapistRequest, pk: int) -> HttpResponse:
    need = get_object_or_404(_visible(request.therapist), pk=pk)
    try:
        close_need(need, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Closed. Nobody is asked any more, and who offered is thanked.")
        )
    return redirect(need)


# --- Reading -----------------------------------------------------------------------


@require_safe
@asker_required
def need_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    """What is covered, hour by hour, and what was offered. While open it asks for itself every five seconds."""
    me = request.therapist
    need = get_object_or_404(_visible(me).with_people().with_hours(), pk=pk)
    with timezone.override(need.timezone):
        context = need_context(need, me, request.community)
        if request.htmx and request.GET.get("seen") == context["seen"]:
            return HttpResponse(
                status=204
            )  # nothing new: nothing is swapped, nothing announced, no focus lost
        context["plan"] = (
            plan_of(need, context["offers"], context["coverage"])
            if context["is_asker"]
            else None
        )
        return render_part(request, "spaces/need_detail.html", "live", context)


def _visible(me: Therapist) -> NeedQuerySet:
    """The need's own people, and moderators. Everybody else finds nothing."""
    return Need.objects.all() if me.is_moderator else Need.objects.of(me)


def _own_need(request: TherapistRequest, pk: int) -> Need:
    return get_object_or_404(
        Need.objects.of(request.therapist).with_people().with_hours(), pk=pk
    )


# --- By signed link ------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def need_link(request: HttpRequest, token: str) -> HttpResponse:
    """For people without a sign-in: their address is the proof. Opening it changes nothing."""
    try:
        said = read(NEED, token, LINK_DAYS[NEED])
    except DomainError as error:
        return unreadable(request, error)
    person = get_object_or_404(Therapist, pk=said["to"], user=None)
    need = get_object_or_404(
        Need.objects.of(person).with_people().with_hours(), pk=said["need"]
    )
    if request.method == "POST":
        let_in(request, need, person)
        request.therapist = person  # type: ignore[attr-defined]  # as asker_required does from now on
        if "publish" in request.POST and need.status == NeedStatus.DRAFT:
            return _published(request, need)  # type: ignore[arg-type]  # it has what that reads
        return redirect(
            "spaces:need_edit" if "edit" in request.POST else "spaces:need_detail",
            need.pk,
        )
    context = {
        "need": need,
        "person": person,
        "spans": need.spans,
        "is_draft": need.status == NeedStatus.DRAFT,
    }
    with timezone.override(need.timezone):
        return render(request, "spaces/need_link.html", context)
