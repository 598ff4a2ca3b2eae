from collections.abc import Sequence
from typing import Any
from zlib import crc32

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.errors import DomainError
from directory.geo import DistanceTo, distance_band
from directory.http import TherapistRequest, member_required, render_part
from directory.links import read
from directory.models import Community, Therapist
from spaces import hours
from spaces.coverage import Coverage, coverage_blocks, coverage_of, possible_hours
from spaces.domain import need as domain
from spaces.domain import offer as offer_domain
from spaces.domain import wave as wave_domain
from spaces.domain.need import (
    change_need,
    close_need,
    draft_need,
    people_asked_for_by,
    publish_need,
)
from spaces.enums import AnswerChoice, NeedStatus, OfferStatus, WaveState
from spaces.forms.need import (
    NeedForm,
    initial_of,
    initial_of_incident,
    spot_of_building,
    spot_of_need,
    spot_of_person,
)
from spaces.matching import mails_waiting, waves_of
from spaces.models import Answer, Building, Incident, Need, Offer, Wave, WaveRecipient
from spaces.models.need import NeedQuerySet
from spaces.notifications.emergency import LINK_DAYS, NEED
from spaces.views.emergency import news_of, visible_incidents
from spaces.views.links import asker_required, let_in, unreadable
from spaces.words import say_moment

FEWEST_DAYS = 4
SHOWN = [OfferStatus.OFFERED, OfferStatus.ACCEPTED]


# --- Writing -----------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member_required
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
        context = _context(need, me, request.community)
        if request.htmx and request.GET.get("seen") == context["seen"]:
            return HttpResponse(
                status=204
            )  # nothing new: nothing is swapped, nothing announced, no focus lost
        return render_part(request, "spaces/need_detail.html", "live", context)


def _context(need: Need, me: Therapist, community: Community) -> dict[str, Any]:
    coverage = coverage_of([need])[need.pk]
    waves = list(waves_of(need).order_by("-number"))
    wave = waves[0] if waves else None
    offers = _offers(need, me, coverage, community)
    is_asker = me.pk in (need.therapist_id, need.author_id)
    context = {
        "need": need,
        "is_own": need.therapist_id == me.pk,
        "is_asker": is_asker,
        "spans": need.spans,
        "incident": need.incident,
        "building": _building(need.incident),
        "days": _days(need.spans),
        "until": need.incident.scopes.order_by("-until")
        .values_list("until", flat=True)
        .first()
        if need.incident
        else None,
        "band": f"{need.radius_metres / 1000:g} km",
        "coverage": coverage,
        "blocks": coverage_blocks(need, coverage),
        "offers": [
            line for line in offers if line["offer"].status == OfferStatus.OFFERED
        ],
        "accepted": [
            line for line in offers if line["offer"].status == OfferStatus.ACCEPTED
        ],
        "told": _told(waves),
        "wave": wave,
        "next_at": say_moment(wave.next_at, need.zone)
        if wave and wave.state == WaveState.RUNNING
        else "",
        "wave_states": wave_domain.next_states(wave, me) if wave else [],
        "statuses": domain.next_statuses(need, me),
        "updates": news_of(me).filter(incident=need.incident) if need.incident else [],
    }
    return context | {"seen": _fingerprint(context)}


def _building(incident: Incident | None) -> Building | None:
    scope = incident.scopes.select_related("building").first() if incident else None
    return scope.building if scope else None


def _days(spans: Sequence[hours.Span]) -> list[int]:
    """The weekdays to show: from the first that is needed to the last, and enough of them to look like a week."""
    needed = [span.weekday for span in spans] or [0]
    first = min(*needed, 7 - FEWEST_DAYS)
    return list(range(first, max(*needed, first + FEWEST_DAYS - 1) + 1))


def _fingerprint(context: dict[str, Any]) -> str:
    """Of all that may change while somebody watches."""
    told, wave, coverage = context["told"], context["wave"], context["coverage"]
    said = [
        context["need"].status,
        [
            (line["offer"].pk, line["offer"].status, line["hours"])
            for line in [*context["offers"], *context["accepted"]]
        ],
        (coverage.booked, coverage.offered, coverage.open),
        sorted(told.items()),
        (wave.number, wave.state, context["next_at"]) if wave else None,
        [update.pk for update in context["updates"]],
    ]
    return f"{crc32(repr(said).encode()):08x}"


def _offers(
    need: Need, me: Therapist, coverage: Coverage, community: Community
) -> list[dict[str, Any]]:
    """Those to answer and those accepted, nearest first. Nobody meets somebody they are blocked with here either."""
    visible = Therapist.objects.unblocked_for(me)
    offers = list(
        need.offers.filter(status__in=SHOWN, helper__in=visible)
        .with_parties()
        .annotate(
            metres=DistanceTo(need.latitude, need.longitude, "office__building__")
        )
        .order_by("metres", "pk")
    )
    undecided = [offer for offer in offers if offer.status == OfferStatus.OFFERED]
    possible = possible_hours(undecided)
    left = {
        offer.pk: hours.intersection(coverage.missing, possible[offer.pk])
        for offer in undecided
    }
    return [_offer(offer, me, community, left, undecided) for offer in offers]


def _offer(
    offer: Offer,
    me: Therapist,
    community: Community,
    left: dict[int, list[hours.Interval]],
    undecided: Sequence[Offer],
) -> dict[str, Any]:
    """One line: what, how often, where, for how much, and who offers the same hours."""
    dated = hours.expand(
        hours.merge_spans(offer.spans),
        offer.first_date,
        offer.last_date,
        offer.need.zone,
    )
    total = len([item for item in dated if item.period])
    still = left.get(offer.pk, [])
    rivals = [
        o.helper.first_name
        for o in undecided
        if o.pk != offer.pk and hours.intersection(left[o.pk], still)
    ]
    return {
        "offer": offer,
        "hours": offer.spans,
        "dates": _say_dates(len(still), total)
        if offer.status == OfferStatus.OFFERED
        else "",
        "is_gone": offer.status == OfferStatus.OFFERED and not still,
        "band": distance_band(getattr(offer, "metres", 0), community.distance_unit),
        "rivals": rivals,
        "statuses": offer_domain.next_statuses(offer, me),
    }


def _say_dates(count: int, total: int) -> str:
    if count >= total:
        return ngettext("on the one date", "on all %(total)s dates", total) % {
            "total": total
        }
    return ngettext(
        "on %(count)s of %(total)s dates", "on %(count)s of %(total)s dates", count
    ) % {
        "count": count,
        "total": total,
    }


def _told(waves: list[Wave]) -> dict[str, int]:
    """Counts only: who said no is nobody's business. Whose mail waits, for quiet hours mostly, is not told yet."""
    asked = (
        WaveRecipient.objects.filter(wave__in=waves)
        .values("recipient")
        .distinct()
        .count()
    )
    waiting = mails_waiting(waves).values("recipient").distinct().count()
    answers = dict(
        Answer.objects.filter(wave__in=waves)
        .order_by("updated_at")
        .values_list("recipient", "choice")
    )  # each one's last word
    offered = sum(choice == AnswerChoice.OFFERS for choice in answers.values())
    told = max(asked - waiting, len(answers))
    return {
        "people": told,
        "waiting": waiting,
        "answered": len(answers),
        "offered": offered,
        "no": len(answers) - offered,
        "silent": told - len(answers),
    }


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
