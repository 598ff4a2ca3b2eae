"""A bad day long over, of which the closing report is left: no power for a fortnight, three colleagues put up by five."""

from datetime import date, datetime, timedelta

from django.db.models import F
from django.utils import timezone

from directory.enums import DeliveryState, Priority
from directory.models import Delivery, Therapist
from spaces import hours
from spaces.demo.people import People
from spaces.demo.places import Places
from spaces.demo.stretches import MON, THU, TUE, WED
from spaces.enums import (
    AnswerChoice,
    BookingSource,
    BookingStatus,
    IncidentKind,
    IncidentStatus,
    LoanStatus,
    NeedStatus,
    OccurrenceState,
    OfferStatus,
    WaveState,
)
from spaces.hours import Span
from spaces.models import (
    Answer,
    Booking,
    Incident,
    IncidentScope,
    IncidentUpdate,
    Loan,
    Need,
    NeedHour,
    Occurrence,
    Offer,
    OfferHour,
    Office,
    Wave,
    WaveRecipient,
)

DAYS_AGO = 205
LASTED = timedelta(days=14)
NEEDED = [
    [Span(TUE, 540, 780), Span(THU, 1020, 1200)],
    [Span(MON, 600, 720), Span(WED, 1020, 1200)],
    [Span(WED, 540, 720)],
]
LENT_AFTER = [52, 75, 140, 210]  # minutes from the report, for all spans but the last
ASKED = 14


def remember_past_incident(people: People, places: Places) -> None:
    """As rows: nobody could book half a year ago."""
    building = places.others[0].building
    began = timezone.now() - timedelta(days=DAYS_AGO)
    incident = Incident.objects.create(
        kind=IncidentKind.POWER,
        status=IncidentStatus.OVER,
        summary="No power in the whole block",
        reported_by=places.hosts[places.others[0].pk][0],
        decided_by=people.moderator,
        decided_at=began + LASTED,
        began_at=began,
    )
    IncidentScope.objects.create(
        incident=incident, building=building, until=began + LASTED
    )
    IncidentUpdate.objects.create(
        incident=incident, author=people.moderator, text="The cable is mended."
    )
    rooms = [room for room in places.others[1:] if room.building_id != building.pk]
    helpers = [(room, places.hosts[room.pk][0]) for room in rooms[: len(LENT_AFTER)]]
    first = hours.local_day(began, building.zone) + timedelta(days=1)
    needs = _needs(incident, people.others[-len(NEEDED) :], first)
    _lend(needs, helpers, began)
    _ask(incident, helpers, people, began)
    _things(incident, helpers[0][1], needs[0].therapist)
    Incident.objects.filter(pk=incident.pk).update(created_at=began)
    incident.updates.update(created_at=began + LASTED)


def _needs(incident: Incident, people: list[Therapist], first: date) -> list[Need]:
    scope = incident.scopes.get()
    needs = []
    for person, spans in zip(people, NEEDED, strict=True):
        need = Need.objects.create(
            incident=incident,
            therapist=person,
            author=person,
            status=NeedStatus.CLOSED,
            first_date=first,
            last_date=first + LASTED - timedelta(days=2),
            timezone=scope.building.timezone,
            place=scope.building.district,
            latitude=scope.building.latitude,
            longitude=scope.building.longitude,
            published_at=incident.began_at + timedelta(minutes=35),
        )
        NeedHour.objects.bulk_create(
            NeedHour(need=need, weekday=span.weekday, start=span.start, end=span.end)
            for span in spans
        )
        needs.append(need)
    return needs


def _lend(
    needs: list[Need], helpers: list[tuple[Office, Therapist]], began: datetime
) -> None:
    """A room for each stretch but the last, which nobody had."""
    stretches = [(need, span) for need in needs for span in need.spans]
    for (need, span), (room, helper), after in zip(
        stretches, helpers, LENT_AFTER, strict=False
    ):
        booking = Booking.objects.create(
            office=room,
            guest=need.therapist,
            status=BookingStatus.ENDED,
            source=BookingSource.OFFER,
        )
        Occurrence.objects.bulk_create(
            Occurrence(
                booking=booking,
                office=room,
                guest=need.therapist,
                period=dated.period,
                price_cents=0,
                state=OccurrenceState.BOOKED,
            )
            for dated in hours.expand(
                [span], need.first_date, need.last_date, need.zone
            )
            if dated.period
        )
        offer = Offer.objects.create(
            need=need,
            helper=helper,
            office=room,
            status=OfferStatus.ACCEPTED,
            first_date=need.first_date,
            last_date=need.last_date,
            booking=booking,
            decided_at=began + timedelta(minutes=after),
        )
        OfferHour.objects.create(
            offer=offer, weekday=span.weekday, start=span.start, end=span.end
        )
        Offer.objects.filter(pk=offer.pk).update(
            created_at=F("decided_at") - timedelta(minutes=20)
        )


def _ask(
    incident: Incident,
    helpers: list[tuple[Office, Therapist]],
    people: People,
    began: datetime,
) -> None:
    """One wave: those who helped, and some who could not."""
    started = began + timedelta(minutes=36)
    wave = Wave.objects.create(
        incident=incident, number=1, state=WaveState.DONE, next_at=started
    )
    lent = list(dict.fromkeys(helper for _room, helper in helpers))
    others = [person for person in people.others[:ASKED] if person not in lent]
    WaveRecipient.objects.bulk_create(
        WaveRecipient(
            wave=wave,
            recipient=person,
            is_match=person in lent,
            metres=1500,
            reason="1–2 km, meets Tue 09:00–13:00"
            if person in lent
            else "1–2 km, no hours posted",
        )
        for person in [*lent, *others]
    )
    choices = [(person, AnswerChoice.OFFERS) for person in lent]
    choices += [(person, AnswerChoice.NOT_NOW) for person in others[:3]]
    Answer.objects.bulk_create(
        Answer(wave=wave, recipient=person, choice=choice) for person, choice in choices
    )
    Wave.objects.filter(pk=wave.pk).update(started_at=started)
    wave.recipients.update(created_at=started)
    wave.answers.update(
        created_at=started + timedelta(minutes=18),
        updated_at=started + timedelta(minutes=18),
    )
    over = began + LASTED
    about = f"incident:{incident.pk}"
    _sent("wave", f"wave:{wave.pk}", [*lent, *others], started, {"wave": wave.pk})
    payload = {"incident": incident.pk}
    displaced = [need.therapist for need in incident.needs.select_related("therapist")]
    _sent("displaced", about, displaced, began + timedelta(minutes=20), payload)
    _sent("incident_over", f"{about}:over", displaced, over, payload)
    _sent("incident_thanks", about, lent, over, payload)


def _sent(
    kind: str,
    cause: str,
    people: list[Therapist],
    moment: datetime,
    payload: dict[str, int],
) -> None:
    rows = Delivery.objects.bulk_create(
        Delivery(
            kind=kind,
            recipient=person,
            cause=cause,
            payload=payload,
            priority=Priority.WAVE if kind == "wave" else Priority.ESSENTIAL,
            state=DeliveryState.SENT,
            sent_at=moment,
            attempts=1,
        )
        for person in people
    )
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(created_at=moment)


def _things(incident: Incident, lender: Therapist, borrower: Therapist) -> None:
    Loan.objects.create(
        incident=incident,
        author=lender,
        partner=borrower,
        status=LoanStatus.RETURNED,
        thing="A lamp that runs on a battery",
        until=(incident.began_at + LASTED).date(),
    )
