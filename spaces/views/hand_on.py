"""Offering booked dates to a colleague, and answering such an offer."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required, render_part
from directory.models import Therapist
from directory.queries import people_shown_to
from spaces.domain.hand_on import (
    accept_hand_on,
    dates_to_give,
    decline_hand_on,
    next_statuses,
    offer_dates,
    still_given,
    withdraw_hand_on,
)
from spaces.enums import HandOnKind, HandOnStatus
from spaces.forms.exchange import HandOnForm
from spaces.guests import found_for, may_be_guests_of
from spaces.models import Booking, HandOn, Occurrence
from spaces.summary import summary_of

SAID = {
    HandOnStatus.ACCEPTED: gettext_lazy(
        "These dates are yours now. The host and your colleague are told."
    ),
    HandOnStatus.DECLINED: gettext_lazy("Declined. Your colleague is told."),
    HandOnStatus.WITHDRAWN: gettext_lazy("Withdrawn. The dates stay yours."),
}


@require_http_methods(["GET", "POST"])
@member_required
def hand_on_new(request: TherapistRequest, pk: int) -> HttpResponse:
    """First to whom, by name; then which dates."""
    me = request.therapist
    mine = Booking.objects.involving(me).with_parties()
    booking = get_object_or_404(mine, pk=pk)
    dates = dates_to_give(booking, me)
    if not dates:
        raise Http404
    to = _chosen(request, booking)
    form = HandOnForm(request.POST if request.method == "POST" else None, dates=dates)
    with timezone.override(booking.office.building.timezone):
        if to and form.is_valid():
            cleaned = form.cleaned_data
            try:
                hand_on = offer_dates(
                    booking,
                    to=to,
                    by=me,
                    occurrences=cleaned["dates"],
                    kind=cleaned["kind"],
                    message=cleaned["message"],
                )
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(
                    request, _("Offered. You hear as soon as there is an answer.")
                )
                return redirect("spaces:hand_on_detail", hand_on.pk)
        ticked = set(request.POST.getlist("dates")) if form.is_bound else set()
        name = request.GET.get("name", "")[:80].replace("\0", "").strip()
        context: dict[str, Any] = {
            "booking": booking,
            "to": to,
            "name": name,
            "found": _found(booking, name, me) if name and not to else [],
            "form": form,
            "dates": [(date, str(date.pk) in ticked) for date in dates],
        }
        return render_part(request, "spaces/hand_on_form.html", "people", context)


def _found(booking: Booking, name: str, me: Therapist) -> list[Therapist]:
    """Members like this name who could take it; nobody that one does not meet."""
    people = people_shown_to(me).exclude(pk=me.pk)
    known = {person.pk for person in found_for(booking.office, name)}
    return list(people.filter(pk__in=known).called(name))


def _chosen(request: TherapistRequest, booking: Booking) -> Therapist | None:
    text = request.POST.get("to") or request.GET.get("to", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    people = people_shown_to(request.therapist)
    return (
        people.filter(pk__in=may_be_guests_of(booking.office).values("pk"))
        .exclude(pk=request.therapist.pk)
        .filter(pk=int(text))
        .first()
    )


@require_safe
@member_required
def hand_on_detail(request: TherapistRequest, pk: int) -> HttpResponse:
    """Dates, place by district, price and terms: all one needs to say yes or no. The address follows the yes."""
    hand_on = _mine(request, pk)
    booking = hand_on.booking
    is_open = hand_on.status == HandOnStatus.OFFERED
    dates = (
        still_given(hand_on)
        if is_open
        else list(hand_on.occurrences.select_related("office__building").in_order())
    )
    with timezone.override(booking.office.building.timezone):
        summary = summary_of(booking, dates)
        context = {
            "hand_on": hand_on,
            "booking": booking,
            "office": booking.office,
            "building": booking.office.building,
            "hosts": list(booking.office.hosts.all()),
            "is_taker": hand_on.taker_id == request.therapist.pk,
            "is_lent": hand_on.kind == HandOnKind.LEND,
            "summary": summary,
            "dates": dates,
            "price": summary.price(request.community.currency),
            "answers": next_statuses(hand_on, request.therapist) if dates else [],
        }
        return render(request, "spaces/hand_on_detail.html", context)


@require_POST
@member_required
def hand_on_answer(request: TherapistRequest, pk: int, status: str) -> HttpResponse:
    hand_on = _mine(request, pk)
    me = request.therapist
    try:
        _answer(hand_on, status, me)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("spaces:hand_on_detail", hand_on.pk)
    messages.success(request, SAID[HandOnStatus(status)])
    if status == HandOnStatus.DECLINED:
        return redirect("spaces:hand_on_detail", hand_on.pk)
    return redirect(hand_on.booking)


def _answer(hand_on: HandOn, status: str, by: Therapist) -> HandOn:
    if status == HandOnStatus.ACCEPTED:
        return accept_hand_on(hand_on, by=by)
    if status == HandOnStatus.DECLINED:
        return decline_hand_on(hand_on, by=by)
    if status == HandOnStatus.WITHDRAWN:
        return withdraw_hand_on(hand_on, by=by)
    raise Http404


def _mine(request: TherapistRequest, pk: int) -> HandOn:
    me = request.therapist
    mine = HandOn.objects.filter(Q(giver=me) | Q(taker=me))
    return get_object_or_404(
        mine.select_related(
            "giver", "taker", "booking__guest", "booking__office__building"
        ).prefetch_related("booking__office__hosts"),
        pk=pk,
    )


# --- On the booking's page and the list ---------------------------------------------


def hand_on_context(
    booking: Booking, me: Therapist, dates: Iterable[Occurrence]
) -> dict[str, Any]:
    """Whether there is something to hand on, and what of it is on offer."""
    if not any(date.guest_id == me.pk for date in dates):
        return {"may_hand_on": False, "on_offer": []}
    mine = HandOn.objects.filter(giver=me, booking=booking)
    return {
        "may_hand_on": bool(dates_to_give(booking, me)),
        "on_offer": list(
            mine.filter(status=HandOnStatus.OFFERED).select_related("taker")
        ),
    }


def offered_context(me: Therapist) -> dict[str, Any]:
    """Offers that wait for this member's answer."""
    offered = HandOn.objects.filter(taker=me, status=HandOnStatus.OFFERED)
    return {
        "offered_dates": list(
            offered.select_related("giver", "booking__office__building")
        )
    }
