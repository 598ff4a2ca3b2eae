from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from directory.errors import DomainError, LinkInvalid
from directory.http import TherapistRequest, member_required
from directory.limits import WRITING, limited
from directory.links import read
from directory.models import Therapist
from spaces.coverage import coverage_of
from spaces.domain.incident import (
    add_update,
    confirm_incident,
    dismiss_incident,
    end_incident,
    give_word,
    may_change,
    may_speak,
    move_reopening,
    next_statuses,
    reopen_office,
    report_incident,
)
from spaces.domain.places import addable_by
from spaces.enums import IncidentStatus
from spaces.forms.incident import (
    IncidentForm,
    ReopeningForm,
    RoomReopeningForm,
    UpdateForm,
)
from spaces.models import (
    Building,
    Incident,
    IncidentScope,
    IncidentWord,
    Loan,
    Need,
    Office,
)
from spaces.models.incident import IN_FORCE, OPEN
from spaces.notifications.links import LINK_DAYS, WORD, help_path
from spaces.ties import buildings_tied_to
from spaces.views.emergency import (
    nameable_to,
    named,
    news_of,
    totals,
    visible_incidents,
)
from spaces.views.links import unreadable

UNSETTLED = [IncidentStatus.REPORTED, IncidentStatus.PROVISIONAL]


@require_http_methods(["GET", "POST"])
@member_required
@limited(WRITING)
def incident_report(request: TherapistRequest) -> HttpResponse:
    """For those with a tie to a building: choose it, choose what happened, send."""
    me = request.therapist
    buildings = buildings_tied_to(me)
    if not buildings.exists():
        raise Http404
    form = IncidentForm(
        request.POST or None,
        buildings=buildings,
        initial={"building": request.GET.get("building")},
    )
    if form.is_valid():
        try:
            incident = report_incident(
                form.cleaned_data["building"], by=me, **form.report()
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _said_of_report(incident))
            return redirect(incident)
    return render(request, "spaces/incident_report.html", {"form": form})


def _said_of_report(incident: Incident) -> str:
    if incident.status == IncidentStatus.CONFIRMED:
        return _("The rooms are closed now, and everyone concerned is being told.")
    return _(
        "Thank you. Moderators and everyone with a room there are asked right now whether it is true."
    )


@require_GET
@member_required
def incident_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    me = request.therapist
    incident = _visible(me, pk)
    scopes = list(incident.scopes.select_related("building", "office"))
    if not scopes:
        raise Http404
    needs = list(
        Need.objects.open()
        .filter(incident=incident)
        .select_related("therapist")
        .prefetch_related("hours")
    )
    coverage = coverage_of(needs)
    is_mine = {
        need.pk for need in needs if me.pk in (need.therapist_id, need.author_id)
    }
    wave = incident.waves.order_by("-number").first()
    speaks = may_speak(incident, me)
    rooms = _rooms_to_open(incident, me)
    context = {
        "incident": incident,
        "building": scopes[0].building,
        "scopes": [_scope(scope, me) for scope in scopes],
        "until": max(scope.until for scope in scopes),
        "updates": news_of(me).filter(incident=incident),
        "people": len(needs),
        "names": named(needs, nameable_to(me, needs)),
        "total": totals(coverage.values()),
        "help_url": help_path(wave, me) if wave and len(is_mine) < len(needs) else "",
        "my_needs": Need.objects.of(me).filter(incident=incident).with_people(),
        "speaks": speaks,
        "my_word": IncidentWord.objects.filter(incident=incident, therapist=me).first(),
        "asks_word": speaks
        and incident.status in UNSETTLED
        and incident.reported_by_id != me.pk,
        "words": incident.words.select_related("therapist") if me.is_moderator else [],
        "statuses": next_statuses(incident, me),
        "update_form": UpdateForm(),
        "loans": Loan.objects.visible_to(me).filter(incident=incident).with_people(),
        "may_post_loans": incident.status in IN_FORCE,
        "may_add_places": incident.status in OPEN
        and Building.objects.filter(addable_by(me, incident)).exists(),
        "room_form": RoomReopeningForm(offices=rooms, prefix="room") if rooms else None,
    }
    with timezone.override(scopes[0].building.timezone):
        return render(request, "spaces/incident_detail.html", context)


def _visible(me: Therapist, pk: int) -> Incident:
    incident: Incident = get_object_or_404(visible_incidents(me), pk=pk)
    return incident


def _scope(scope: IncidentScope, me: Therapist) -> dict[str, Any]:
    changes = scope.incident.status not in {
        IncidentStatus.OVER,
        IncidentStatus.DISMISSED,
    } and may_change(scope, me)
    return {
        "scope": scope,
        "form": ReopeningForm(scope=scope, prefix=f"scope{scope.pk}")
        if changes
        else None,
    }


def _rooms_to_open(incident: Incident, me: Therapist) -> QuerySet[Office]:
    """Rooms of buildings closed as a whole, of which this person may say that one opens on another day."""
    whole = incident.scopes.filter(office=None, until__gt=timezone.now())
    rooms = Office.objects.filter(building__in=whole.values("building")).select_related(
        "building"
    )
    if incident.status not in IN_FORCE:
        return rooms.none()
    return rooms if me.is_moderator else rooms.filter(hosts=me)


VERBS = {
    IncidentStatus.CONFIRMED: confirm_incident,
    IncidentStatus.DISMISSED: dismiss_incident,
    IncidentStatus.OVER: end_incident,
}
SAID = {
    IncidentStatus.CONFIRMED: gettext_lazy(
        "Confirmed. The rooms are closed, and everyone concerned is being told."
    ),
    IncidentStatus.DISMISSED: gettext_lazy(
        "Dismissed. Everything is as it was, and everyone who was told hears of it."
    ),
    IncidentStatus.OVER: gettext_lazy(
        "Over. The rooms are offered again, dates still to come stand again."
    ),
}


@require_POST
@member_required
def incident_answer(request: TherapistRequest, pk: int, status: str) -> HttpResponse:
    """What moderators, and hosts for their own rooms, decide."""
    incident = _visible(request.therapist, pk)
    if status not in set(VERBS):
        raise Http404
    chosen = IncidentStatus(status)
    try:
        VERBS[chosen](incident, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, SAID[chosen])
    return redirect(
        "spaces:incident_detail"
        if chosen != IncidentStatus.DISMISSED
        else "spaces:emergency",
        *_pk(chosen, pk),
    )


def _pk(status: IncidentStatus, pk: int) -> list[int]:
    """A dismissed incident may have no page for whoever dismissed it."""
    return [] if status == IncidentStatus.DISMISSED else [pk]


@require_POST
@member_required
def incident_speak(request: TherapistRequest, pk: int) -> HttpResponse:
    """True or not true, from the incident's own page."""
    incident = _visible(request.therapist, pk)
    if request.POST.get("word") in {"true", "false"}:
        try:
            give_word(
                incident, by=request.therapist, is_true=request.POST["word"] == "true"
            )
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Thank you. Your word is noted."))
    return redirect("spaces:emergency")


@require_POST
@member_required
def incident_update(request: TherapistRequest, pk: int) -> HttpResponse:
    incident = _visible(request.therapist, pk)
    form = UpdateForm(request.POST)
    if form.is_valid():
        try:
            add_update(incident, by=request.therapist, text=form.cleaned_data["text"])
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, _("Added. Everyone who looks at this page reads it.")
            )
    else:
        messages.error(request, _("Write a line or two first."))
    return redirect(incident)


@require_POST
@member_required
def incident_reopening(
    request: TherapistRequest, pk: int, scope_pk: int
) -> HttpResponse:
    incident = _visible(request.therapist, pk)
    scope = get_object_or_404(
        incident.scopes.select_related("building", "incident"), pk=scope_pk
    )
    form = ReopeningForm(request.POST, scope=scope, prefix=f"scope{scope.pk}")
    if not form.is_valid():
        messages.error(
            request, _("Choose the date on which it is expected to open again.")
        )
        return redirect(incident)
    try:
        move_reopening(scope, by=request.therapist, until=form.moment)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Moved. Dates and needs follow, and everyone concerned is told.")
        )
    return redirect(incident)


@require_POST
@member_required
def incident_room(request: TherapistRequest, pk: int) -> HttpResponse:
    """One suite opens before, or after, the others."""
    incident = _visible(request.therapist, pk)
    form = RoomReopeningForm(
        request.POST, offices=_rooms_to_open(incident, request.therapist), prefix="room"
    )
    if not form.is_valid():
        messages.error(request, _("Choose the room, and a date or none."))
        return redirect(incident)
    try:
        reopen_office(
            incident,
            form.cleaned_data["office"],
            by=request.therapist,
            until=form.moment,
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Noted. The room has its own date now; its booked dates follow.")
        )
    return redirect(incident)


@require_http_methods(["GET", "HEAD", "POST"])
def incident_word(request: HttpRequest, token: str) -> HttpResponse:
    """From the mail: true or not true. Opening it, as mail scanners do, says nothing."""
    try:
        said = read(WORD, token, LINK_DAYS[WORD])
    except DomainError as error:
        return unreadable(request, error)
    incident = get_object_or_404(Incident, pk=said["incident"])
    person = get_object_or_404(Therapist.objects.with_user(), pk=said["to"])
    if not may_speak(incident, person):
        return unreadable(request, LinkInvalid(_("This link leads nowhere any more.")))
    scopes = list(incident.scopes.select_related("building", "office"))
    if request.method == "POST" and request.POST.get("word") in {"true", "false"}:
        try:
            incident = give_word(
                incident, by=person, is_true=request.POST["word"] == "true"
            )
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Thank you. Your word is noted."))
        return redirect("spaces:incident_word", token)
    context = {
        "incident": incident,
        "person": person,
        "scopes": scopes,
        "building": scopes[0].building if scopes else None,
        "word": IncidentWord.objects.filter(
            incident=incident, therapist=person
        ).first(),
        "is_open": incident.status in UNSETTLED,
    }
    return render(request, "spaces/incident_word.html", context)
