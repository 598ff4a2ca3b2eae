"""What a bad day came to, counted from its rows: hours needed and covered, by whom, how soon; waves, mails, things.

Hours count from the day it happened until it was over; of one that is not over, all that is needed so far.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from directory.enums import DeliveryState
from directory.models import Delivery, Therapist
from spaces import hours
from spaces.coverage import dated_hours
from spaces.enums import (
    AnswerChoice,
    IncidentStatus,
    LoanKind,
    LoanStatus,
    OccurrenceState,
    OfferStatus,
)
from spaces.hours import Interval
from spaces.models import (
    Answer,
    Incident,
    Loan,
    Need,
    Occurrence,
    Offer,
    WaveRecipient,
)

LENT = [LoanStatus.CLAIMED, LoanStatus.PICKED_UP, LoanStatus.RETURNED]
THANKS = ["incident_thanks", "need_covered_thanks", "offer_late"]
TO_CONCERNED = ["incident_reported", "displaced", "incident_moved", "incident_over"]


@dataclass(frozen=True)
class Waves:
    count: int
    people: int
    offered: int
    said_no: int


@dataclass(frozen=True)
class Mails:
    to_concerned: int
    in_waves: int
    thanks: int


@dataclass(frozen=True)
class Closing:
    """Minutes of hours; ``lent_by`` are minutes by helper, in no order of merit."""

    people: int
    needed: int
    covered: int
    lent: int
    lent_by: dict[Therapist, int]
    first_room_after: timedelta | None
    last_room_after: timedelta | None
    waves: Waves
    mails: Mails
    things: int
    things_back: int

    @property
    def otherwise(self) -> int:
        """Covered, and not by an offer: rooms that opened early, rooms people found themselves."""
        return self.covered - self.lent

    @property
    def uncovered(self) -> int:
        return self.needed - self.covered

    @property
    def share(self) -> int:
        return round(100 * self.covered / self.needed) if self.needed else 100


def closing_of(incident: Incident) -> Closing:
    """In a constant number of queries."""
    needs = list(
        Need.objects.filter(incident=incident).prefetch_related("hours").order_by("pk")
    )
    asked = [need for need in needs if need.published_at]
    offers = list(
        Offer.objects.filter(need__in=asked, status=OfferStatus.ACCEPTED)
        .select_related("helper")
        .order_by("decided_at", "pk")
    )
    wanted = _wanted(incident, asked)
    booked, lent = _rooms(wanted, asked, offers)
    lent_by = _lent_by(wanted, lent, offers)
    decided = [offer.decided_at for offer in offers if offer.decided_at]
    waves = list(incident.waves.values_list("pk", flat=True))
    things = _things(incident)
    return Closing(
        people=len({need.therapist_id for need in needs}),
        needed=sum(hours.minutes(periods) for periods in wanted.values()),
        covered=sum(
            hours.minutes(
                hours.intersection(wanted[need.pk], booked[need.therapist_id])
            )
            for need in asked
        ),
        lent=sum(lent_by.values()),
        lent_by=lent_by,
        first_room_after=decided[0] - incident.created_at if decided else None,
        last_room_after=decided[-1] - incident.created_at if decided else None,
        waves=_waves(waves),
        mails=_mails(incident, waves, needs),
        things=sum(things.values()),
        things_back=things[LoanStatus.RETURNED],
    )


def helpers_of(incident: Incident) -> set[int]:
    """Whoever lent a room, or a thing."""
    offers = Offer.objects.filter(
        need__incident=incident, status=OfferStatus.ACCEPTED
    ).values_list("helper", flat=True)
    loans = Loan.objects.filter(incident=incident, status__in=LENT)
    lenders = loans.exclude(kind=LoanKind.SEEKS).values_list("author", flat=True)
    partners = loans.filter(kind=LoanKind.SEEKS).values_list("partner", flat=True)
    return {pk for pk in (*offers, *lenders, *partners) if pk}


def _wanted(incident: Incident, needs: Iterable[Need]) -> dict[int, list[Interval]]:
    is_over = incident.status == IncidentStatus.OVER and incident.decided_at
    end = incident.decided_at if is_over else timezone.now() + hours.HORIZON * 2
    within = [(incident.began_at, max(end, incident.began_at))] if end else []
    return {
        need.pk: hours.intersection(hours.intervals_of(dated_hours(need)), within)
        for need in needs
    }


def _rooms(
    wanted: dict[int, list[Interval]], needs: Sequence[Need], offers: Sequence[Offer]
) -> tuple[dict[int, list[Interval]], dict[int, list[Interval]]]:
    """When each person had a room, and what of it each accepted offer's booking gave."""
    rooms: dict[int, list[Interval]] = defaultdict(list)
    lent: dict[int, list[Interval]] = defaultdict(list)
    every = [period for periods in wanted.values() for period in periods]
    if not every:
        return rooms, lent
    offer_of = {offer.booking_id: offer.pk for offer in offers if offer.booking_id}
    dates = Occurrence.objects.of_guests(
        {need.therapist_id for need in needs},
        min(every)[0],
        max(upper for _lower, upper in every),
    ).filter(state=OccurrenceState.BOOKED)
    for guest_id, booking_id, period in dates.values_list("guest", "booking", "period"):
        rooms[guest_id].append((period.lower, period.upper))
        if booking_id in offer_of:
            lent[offer_of[booking_id]].append((period.lower, period.upper))
    return defaultdict(
        list, {pk: hours.union(periods) for pk, periods in rooms.items()}
    ), lent


def _lent_by(
    wanted: dict[int, list[Interval]],
    lent: dict[int, list[Interval]],
    offers: Sequence[Offer],
) -> dict[Therapist, int]:
    found: Counter[Therapist] = Counter()
    for offer in offers:
        periods = hours.union(lent[offer.pk])
        found[offer.helper] += hours.minutes(
            hours.intersection(wanted[offer.need_id], periods)
        )
    return dict(sorted(found.items(), key=lambda item: item[0].name))


def _waves(ids: Sequence[int]) -> Waves:
    told = WaveRecipient.objects.filter(wave__in=ids).values("recipient").distinct()
    said = Answer.objects.filter(wave__in=ids).aggregate(
        offered=Count("recipient", distinct=True, filter=Q(choice=AnswerChoice.OFFERS)),
        people=Count("recipient", distinct=True),
    )
    return Waves(
        len(ids), told.count(), said["offered"], said["people"] - said["offered"]
    )


def _mails(incident: Incident, waves: Sequence[int], needs: Sequence[Need]) -> Mails:
    """Those that left."""
    offers = Offer.objects.filter(need__incident=incident).values_list("pk", flat=True)
    about = f"incident:{incident.pk}"
    causes = [
        *(f"need:{need.pk}" for need in needs),
        *(f"offer:{pk}" for pk in offers),
        *(f"wave:{pk}" for pk in waves),
        about,
    ]
    sent = Delivery.objects.filter(
        Q(cause__in=causes) | Q(cause__startswith=f"{about}:"),
        kind__in=["wave", *THANKS, *TO_CONCERNED],
        state=DeliveryState.SENT,
    )
    rows = sent.order_by().values_list("kind").annotate(count=Count("pk"))
    counts: Counter[str] = Counter(dict(rows))
    return Mails(
        to_concerned=sum(counts[kind] for kind in TO_CONCERNED),
        in_waves=counts["wave"],
        thanks=sum(counts[kind] for kind in THANKS),
    )


def _things(incident: Incident) -> Counter[str]:
    rows = Loan.objects.filter(incident=incident, status__in=LENT).order_by()
    return Counter(dict(rows.values_list("status").annotate(count=Count("pk"))))
