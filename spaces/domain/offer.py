"""What a member answers when asked: hours of a room, or no. An offer holds nothing; accepting it books."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from directory.domain.licence import only_licensed, only_licensed_guest
from directory.domain.outbox import enqueue, enqueue_to
from directory.errors import DomainError, NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.coverage import (
    awaiting_approval,
    coverage_of,
    possible_hours,
)
from spaces.domain.allotting import allot, pass_on, put_offer, tell_askers
from spaces.domain.availability import lock_offices
from spaces.domain.entering import enter_booking
from spaces.domain.need import lapse, settle_need
from spaces.domain.wave import lock_cause, tell_the_next
from spaces.enums import (
    AnswerChoice,
    BookingSource,
    BookingStatus,
    OfferStatus,
    Party,
)
from spaces.errors import HoursError, SlotTakenError
from spaces.hours import Interval, Span
from spaces.matching import needs_asked_of
from spaces.models import Answer, Need, Offer, Office, Wave
from spaces.suggestions.plan import plan_for

S = OfferStatus
GONE = _lazy(
    "These hours went in the meantime, or are covered already. Nothing was booked."
)
ASKERS = {Party.GUEST, Party.AUTHOR}
TRANSITIONS: dict[tuple[OfferStatus, OfferStatus], set[Party]] = {
    (S.OFFERED, S.ACCEPTED): ASKERS,
    (S.OFFERED, S.DECLINED): ASKERS,
    (S.OFFERED, S.WITHDRAWN): {Party.HELPER},
    (S.OFFERED, S.LAPSED): {Party.CLOCK},
}


# --- Answering a wave ----------------------------------------------------------------


@transaction.atomic
def offer_hours(
    wave: Wave,
    *,
    by: Therapist,
    office: Office,
    spans: Iterable[Span],
    price_cents: int = 0,
    last_date: date | None = None,
    message: str = "",
) -> list[Offer]:
    """One offer per need that the hours meet; what several want goes to the least covered. The same answer again
    changes nothing, another one for the same room replaces what was not yet answered. A first answer to a later round
    says what is offered besides.
    """
    lock_cause(wave.incident_id, wave.need_id)
    _only_hosts(office, by)
    only_licensed(by)
    needs = list(needs_asked_of(wave, by))
    coverage = coverage_of(needs)
    shares = allot(needs, coverage, office, hours.merge_spans(spans))
    offers = []
    earlier = Offer.objects.undecided().filter(
        helper=by, office=office, need__in=[need.pk for need in needs]
    )
    is_besides = not Answer.objects.filter(wave=wave, recipient=by).exists()
    stands = {offer.need_id: offer.spans for offer in earlier} if is_besides else {}
    for need in needs:
        if found := shares.get(need.pk):
            until = min(last_date or need.last_date, need.last_date)
            all_of_it = hours.merge_spans([*found, *stands.get(need.pk, [])])
            offers.append(
                put_offer(need, by, office, all_of_it, price_cents, until, message)
            )
    for offer in earlier.exclude(pk__in=[offer.pk for offer in offers]):
        if not is_besides:
            withdraw_offer(offer, by=by)
    possible = possible_hours(offers)
    if not any(possible.values()):
        raise HoursError(
            _(
                "Your room is booked or closed in all of these hours. Choose others, or another room."
            )
        )
    _answer(wave, by, AnswerChoice.OFFERS)
    return offers


@transaction.atomic
def say_no(wave: Wave, *, by: Therapist, choice: AnswerChoice) -> None:
    """Not this time, or not for this incident. What the person offered before and nobody answered is withdrawn."""
    lock_cause(wave.incident_id, wave.need_id)
    known = Answer.objects.filter(wave=wave, recipient=by).first()
    for offer in Offer.objects.undecided().filter(
        helper=by, need__in=needs_asked_of(wave, by).values("pk")
    ):
        withdraw_offer(offer, by=by)
    _answer(wave, by, choice)
    if known is None:
        tell_the_next(wave)


# --- Answering an offer --------------------------------------------------------------


@transaction.atomic
def accept_offer(offer: Offer, *, by: Therapist) -> Offer:
    """Books, in this transaction, what of the offer is still needed and still to be had. Where it costs something and
    somebody else answers for the guest, it is held for their approval, unless they are who accepts.

    Raises ``SlotTakenError`` where nothing is left of it. Other offers that have nothing left now lapse with thanks.
    """
    now = timezone.now()
    lock_cause(offer.need.incident_id, offer.need_id)
    lock_offices([offer.office_id])
    offer = _accept(offer, by, now)
    lapse_emptied(now, need=offer.need, offices=[offer.office_id])
    settle_need(offer.need, now)
    return offer


@dataclass(frozen=True)
class Together:
    """Of several offers accepted at once: those that were booked, and why the others were not."""

    accepted: list[Offer]
    refused: list[tuple[Offer, str]]


@transaction.atomic
def accept_offers(need: Need, chosen: Collection[int], *, by: Therapist) -> Together:
    """The best plan with these offers, all in this transaction. What went meanwhile is said; the others are booked.

    Raises the first reason where nothing at all can be booked.
    """
    now = timezone.now()
    lock_cause(need.incident_id, need.pk)
    offers = list(need.offers.filter(pk__in=chosen).with_parties())
    lock_offices(sorted({offer.office_id for offer in offers}))
    undecided = [offer for offer in offers if offer.status == S.OFFERED]
    plan = plan_for(need, undecided, now)
    accepted, refused = [], []
    for offer in offers:
        try:
            with transaction.atomic():
                only = plan.periods_of(offer) if plan else []
                accepted.append(_accept(offer, by, now, only))
        except DomainError as error:
            refused.append((offer, error))
    if not accepted:
        raise refused[0][1] if refused else SlotTakenError(GONE)
    lapse_emptied(now, need=need, offices=[offer.office_id for offer in accepted])
    settle_need(accepted[0].need, now)
    return Together(accepted, [(offer, str(error)) for offer, error in refused])


def _accept(
    offer: Offer, by: Therapist, now: datetime, only: list[Interval] | None = None
) -> Offer:
    """The caller holds the locks. ``only`` is the part of it that is taken up."""
    offer = _move(offer, S.ACCEPTED, by=by)
    need = offer.need
    visible = Therapist.objects.visible_to(need.therapist)
    only_licensed_guest(need.therapist, by=by)
    strangers = offer.office.hosts.exclude(
        pk__in=Therapist.objects.unblocked_for(need.therapist).values("pk")
    )
    if strangers.exists() or not visible.filter(pk=offer.helper_id).exists():
        raise NotAllowedError(_("This offer cannot be accepted any more."))
    missing = hours.difference(
        coverage_of([need], now)[need.pk].wanted, awaiting_approval(need)
    )
    periods = hours.intersection(missing, possible_hours([offer], now)[offer.pk])
    if only is not None:
        periods = hours.intersection(periods, only)
    if not periods:
        raise SlotTakenError(GONE)
    offer.booking = enter_booking(
        offer.office,
        guest=need.therapist,
        periods=[
            DateTimeTZRange(*period) for period in hours.by_day(periods, need.zone)
        ],
        price_cents_an_hour=offer.price_cents,
        source=BookingSource.OFFER,
        by=by,
        people=need.people,
        message=offer.message,
        needs_approval=True,
    )
    offer.save(update_fields=["booking"])
    _promise_acceptance(offer)
    return offer


@transaction.atomic
def decline_offer(offer: Offer, *, by: Therapist) -> Offer:
    """With thanks: the helper is told, and what is still open."""
    lock_cause(offer.need.incident_id, offer.need_id)
    offer = _move(offer, S.DECLINED, by=by)
    pass_on(offer)
    enqueue(
        "offer_declined",
        to=offer.helper,
        cause=f"offer:{offer.pk}",
        payload={"offer": offer.pk},
    )
    return offer


@transaction.atomic
def withdraw_offer(offer: Offer, *, by: Therapist) -> Offer:
    lock_cause(offer.need.incident_id, offer.need_id)
    offer = _move(offer, S.WITHDRAWN, by=by)
    tell_askers("offer_withdrawn", offer)
    return offer


def lapse_emptied(
    now: datetime | None = None,
    *,
    need: Need | None = None,
    offices: Collection[int] = (),
) -> None:
    """Undecided offers of which nothing is left to accept, of this need or of these offices, or all there are."""
    offers = Offer.objects.undecided().with_parties()
    if need is not None:
        offers = offers.filter(need=need) | offers.filter(office__in=offices)
    offers_left = list(offers)
    coverage = coverage_of(
        {offer.need_id: offer.need for offer in offers_left}.values(), now
    )
    possible = possible_hours(offers_left, now)
    for offer in offers_left:
        if not hours.intersection(coverage[offer.need_id].wanted, possible[offer.pk]):
            lapse(offer)


def next_statuses(offer: Offer, therapist: Therapist) -> list[OfferStatus]:
    parties = _parties(offer, therapist)
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == offer.status and parties & who
    ]


def _parties(offer: Offer, therapist: Therapist | None) -> set[Party]:
    if therapist is None:
        return {Party.CLOCK}
    parties = set()
    if offer.helper_id == therapist.pk:
        parties.add(Party.HELPER)
    if offer.need.therapist_id == therapist.pk:
        parties.add(Party.GUEST)
    if offer.need.author_id == therapist.pk:
        parties.add(Party.AUTHOR)
    return parties


def _move(offer: Offer, new: OfferStatus, *, by: Therapist) -> Offer:
    """The caller holds the lock of the incident or need, so nobody else answers the same offer meanwhile."""
    offer = (
        Offer.objects.with_parties()
        .select_for_update(of=["self"], no_key=True)
        .get(pk=offer.pk)
    )
    old = OfferStatus(offer.status)
    if not _parties(offer, by) & TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This offer is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    offer.status = new
    offer.decided_at = timezone.now()
    offer.save(update_fields=["status", "decided_at"])
    return offer


def _promise_acceptance(offer: Offer) -> None:
    """The helper hears of it with the dates; the guest gets the same calendar file as after any other booking, and so
    does who answers for them. Where that one has to approve it, they are asked, and the others told that it is held."""
    booking = offer.booking
    if booking and booking.party and booking.status == BookingStatus.AWAITING:
        payload, cause = {"booking": booking.pk}, f"booking:{booking.pk}:awaiting"
        enqueue("booking_approval", to=booking.party, cause=cause, payload=payload)
        others = {offer.helper, offer.need.therapist, offer.need.author}
        others -= {booking.party}
        enqueue_to("booking_awaiting", others, cause=cause, payload=payload)
        return
    enqueue(
        "offer_accepted",
        to=offer.helper,
        cause=f"offer:{offer.pk}",
        payload={"offer": offer.pk},
    )
    people = {offer.need.therapist, offer.need.author}
    if offer.booking and offer.booking.party:
        people.add(offer.booking.party)
    for person in people:
        enqueue(
            "booking_confirmed",
            to=person,
            cause=f"booking:{offer.booking_id}:confirmed",
            payload={"booking": offer.booking_id},
        )


def _answer(wave: Wave, by: Therapist, choice: AnswerChoice) -> None:
    Answer.objects.update_or_create(
        wave=wave, recipient=by, defaults={"choice": choice}
    )


def _only_hosts(office: Office, therapist: Therapist) -> None:
    if not office.hosts.filter(pk=therapist.pk).exists():
        raise NotAllowedError(_("You can offer hours of your own rooms."))
