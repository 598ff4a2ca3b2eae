from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from directory.errors import DomainError
from directory.http import TherapistRequest, member_required
from spaces.domain.offer import (
    accept_offer,
    accept_offers,
    decline_offer,
    withdraw_offer,
)
from spaces.enums import BookingStatus
from spaces.models import Need, Offer
from spaces.suggestions.plan import MOST_OFFERS
from spaces.views.links import asker_required


@require_POST
@asker_required
def offer_accept(request: TherapistRequest, pk: int, offer_pk: int) -> HttpResponse:
    offer = _offer_to(request, pk, offer_pk)
    try:
        offer = accept_offer(offer, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _accepted(offer))
    return redirect("spaces:need_detail", pk)


@require_POST
@asker_required
def offer_accept_plan(request: TherapistRequest, pk: int) -> HttpResponse:
    """Several at once, as the need's page proposed them."""
    need = get_object_or_404(Need.objects.of(request.therapist), pk=pk)
    chosen = [
        int(value)
        for value in request.POST.getlist("offer")
        if value.isascii() and value.isdigit() and len(value) < 19
    ]
    try:
        done = accept_offers(need, chosen[:MOST_OFFERS], by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("spaces:need_detail", pk)
    names = ", ".join(offer.helper.first_name for offer in done.accepted)
    held = {
        str(offer.booking.party)
        for offer in done.accepted
        if offer.booking and offer.booking.status == BookingStatus.AWAITING
    }
    messages.success(
        request,
        _("Booked with %(names)s. You all get a mail with the dates.")
        % {"names": names},
    )
    for party in sorted(held):
        messages.info(
            request,
            _("What it costs is held until %(name)s approves it.") % {"name": party},
        )
    for offer, reason in done.refused:
        messages.warning(request, f"{offer.helper.first_name}: {reason}")
    return redirect("spaces:need_detail", pk)


def _accepted(offer: Offer) -> str:
    booking = offer.booking
    if booking and booking.status == BookingStatus.AWAITING:
        return _(
            "Held for you. %(name)s answers for what you book, and is asked to approve it; then it is booked."
        ) % {"name": booking.party}
    return _("Booked, and %(name)s is thanked. You both get a mail with the dates.") % {
        "name": offer.helper.first_name
    }


@require_POST
@asker_required
def offer_decline(request: TherapistRequest, pk: int, offer_pk: int) -> HttpResponse:
    offer = _offer_to(request, pk, offer_pk)
    try:
        decline_offer(offer, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("%(name)s is thanked and told what is still open.")
            % {"name": offer.helper.first_name},
        )
    return redirect("spaces:need_detail", pk)


def _offer_to(request: TherapistRequest, need_pk: int, offer_pk: int) -> Offer:
    needs = Need.objects.of(request.therapist).filter(pk=need_pk)
    return get_object_or_404(
        Offer.objects.filter(need__in=needs).with_parties(), pk=offer_pk
    )


@require_POST
@member_required
def offer_withdraw(request: TherapistRequest, pk: int) -> HttpResponse:
    offer = get_object_or_404(
        Offer.objects.filter(helper=request.therapist).with_parties(), pk=pk
    )
    try:
        withdraw_offer(offer, by=request.therapist)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back. They are told."))
    return redirect("spaces:emergency")
