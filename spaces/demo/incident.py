"""The incident under way in the demo: water in Quarry House, asked about in two waves, partly covered.

Lived through the domain's own verbs, then moved into the past.
"""

from collections import Counter
from collections.abc import Container, Iterable
from datetime import date, datetime, timedelta
from random import Random

from django.db.models import F
from django.utils import timezone

from directory.enums import DeliveryState
from directory.models import Delivery, Therapist
from spaces import hours
from spaces.asked import Asked, asked_of
from spaces.coverage import coverage_of
from spaces.demo.people import People
from spaces.demo.places import Places
from spaces.demo.stretches import FRI, MON, THU, TUE, WED
from spaces.demo.words import OFFER_MESSAGES
from spaces.domain.incident import add_update, give_word, report_incident
from spaces.domain.need import Wish, change_need, publish_need
from spaces.domain.offer import accept_offer, offer_hours, say_no
from spaces.domain.wave import advance_waves
from spaces.enums import AnswerChoice, IncidentKind
from spaces.matching import needs_asked_of
from spaces.models import (
    Answer,
    Incident,
    IncidentUpdate,
    IncidentWord,
    Need,
    Offer,
    Office,
    Wave,
    WaveRecipient,
)

CLOSED_FOR = timedelta(weeks=5)
NEEDED_FOR = timedelta(days=27)
OTHER_NEEDS = 4
REFUSALS = 3  # each time
SHORTEST = 60  # minutes worth offering
EVENING = 17 * 60
AGO = {  # minutes before now
    "began": 190,
    "confirmed": 160,
    "published": 100,
    "wave 1": 95,
    "wave 2": 20,
}


def minutes_by_day(need: Need) -> int:
    return sum(span.minutes for span in need.spans if span.start < EVENING)


class IncidentMaker:
    def __init__(self, rng: Random, people: People, places: Places) -> None:
        self.rng = rng
        self.people = people
        self.places = places
        self.now = timezone.now()

    def make(self) -> None:
        incident = self._report()
        needs = self._needs(incident)
        self.evening = needs[0]  # whose evenings nobody has offered so far
        self._publish(needs[0])
        self._answer(1, weekdays={WED})
        self._accept(needs[0], most=1)
        self._answer(3, weekdays={MON})
        for need in needs[1:]:
            self._publish(need)
        self._answer(6, weekdays={TUE, THU, FRI})
        for need in needs[1:]:
            self._accept(need, most=1)
        self._next_wave(incident)
        self._move_to_the_past(incident)

    # --- What happened ----------------------------------------------------------------

    def _report(self) -> Incident:
        rooms = self.places.flooded
        witness, reporter = (self.places.hosts[room.pk][0] for room in rooms[1:3])
        incident = report_incident(
            rooms[0].building,
            by=reporter,
            kind=IncidentKind.FLOOD,
            until=self.now + CLOSED_FOR,
            summary="A pipe burst on the second floor",
        )
        incident = give_word(incident, by=witness, is_true=True)
        incident = give_word(incident, by=self.people.moderator, is_true=True)
        add_update(
            incident,
            by=reporter,
            text="The water is off. The landlord says the floors must dry for a month.",
        )
        return incident

    def _needs(self, incident: Incident) -> list[Need]:
        """The drafts of those who will publish: the demo's own person first, then who needs most by day."""
        drafts = Need.objects.filter(incident=incident, hours__isnull=False).distinct()
        own = drafts.get(therapist=self.people.displaced)
        others = drafts.exclude(pk=own.pk).filter(author__user__isnull=False)
        by_day = sorted(others.order_by("pk"), key=minutes_by_day, reverse=True)
        return [own, *by_day[:OTHER_NEEDS]]

    def _publish(self, need: Need) -> None:
        first = self._first_monday(need)
        wish = Wish(
            spans=need.spans,
            first_date=first,
            last_date=min(need.last_date, first + NEEDED_FOR),
            timezone=need.timezone,
            place=need.place,
            latitude=need.latitude,
            longitude=need.longitude,
            radius_metres=5000,
            most_cents=2500,
            note="A quiet room for two is all I need.",
        )
        publish_need(change_need(need, wish, by=need.author), by=need.author)

    def _first_monday(self, need: Need) -> date:
        """The next but tomorrow: with a whole day left, the rounds are not urgent ones."""
        earliest = hours.local_day(self.now, need.zone) + timedelta(days=2)
        return earliest + timedelta(days=-earliest.weekday() % 7)

    # --- Who answered -------------------------------------------------------------------

    def _answer(self, most: int, weekdays: Container[int] = range(7)) -> None:
        """Of those asked: some offer hours of these days, some cannot, most have not looked yet, nor has anybody of
        the seven suites, the demo's host among them.
        """
        wave = Wave.objects.running().get()
        asked = WaveRecipient.objects.filter(wave=wave, is_match=True)
        silent = [
            *Answer.objects.values_list("recipient", flat=True),
            *(person.pk for person in self.people.suites),
        ]
        offers = refusals = 0
        for row in asked.exclude(recipient__in=silent).select_related(
            "recipient__user"
        ):
            chance = self.rng.random()
            if chance < 0.8 and offers < most:
                offers += self._offer(wave, row.recipient, weekdays)
            elif chance > 0.9 and refusals < REFUSALS:
                refusals += self._refuse(wave, row.recipient)

    def _offer(self, wave: Wave, helper: Therapist, weekdays: Container[int]) -> bool:
        needs = list(needs_asked_of(wave, helper))
        rooms = helper.offices.listed().prefetch_related("openings")
        asked = [
            item
            for item in asked_of(needs, coverage_of(needs), rooms)
            if item.span.weekday in weekdays
            and item.span.minutes >= SHORTEST
            and not self._stays_open(item)
        ]
        office = self._office_for(asked)
        if office is None:
            return False
        offer_hours(
            wave,
            by=helper,
            office=office,
            spans=[item.span for item in asked if item.office == office],
            price_cents=self.rng.choice([0, 0, 0, 1000, 1500]),
            message=self.rng.choice(OFFER_MESSAGES),
        )
        return True

    def _stays_open(self, asked: Asked) -> bool:
        return asked.span.start >= EVENING and self.evening in asked.needs

    def _office_for(self, asked: Iterable[Asked]) -> Office | None:
        common = Counter(item.office for item in asked if item.office).most_common(1)
        return common[0][0] if common else None

    def _refuse(self, wave: Wave, helper: Therapist) -> bool:
        choices = [
            AnswerChoice.NOT_NOW,
            AnswerChoice.NOT_NOW,
            AnswerChoice.NOT_THIS_INCIDENT,
        ]
        say_no(wave, by=helper, choice=self.rng.choice(choices))
        return True

    def _accept(self, need: Need, *, most: int) -> None:
        for offer in list(Offer.objects.undecided().filter(need=need)[:most]):
            if Offer.objects.undecided().filter(pk=offer.pk).exists():
                accept_offer(offer, by=need.author)

    def _next_wave(self, incident: Incident) -> None:
        Wave.objects.filter(incident=incident).update(next_at=self.now)
        advance_waves(timezone.now())
        self._answer(1)

    # --- Some hours ago -------------------------------------------------------------------

    def _move_to_the_past(self, incident: Incident) -> None:
        began, confirmed, published = (
            self._ago(name) for name in ("began", "confirmed", "published")
        )
        Incident.objects.filter(pk=incident.pk).update(
            began_at=began, created_at=began, decided_at=confirmed
        )
        IncidentWord.objects.filter(incident=incident).update(created_at=confirmed)
        IncidentUpdate.objects.filter(incident=incident).update(
            created_at=self._ago("wave 1")
        )
        Need.objects.filter(incident=incident).update(created_at=confirmed)
        Need.objects.filter(incident=incident, published_at__isnull=False).update(
            published_at=published
        )
        for wave in Wave.objects.filter(incident=incident):
            started = self._ago(f"wave {wave.number}")
            interval = wave.next_at - wave.started_at
            Wave.objects.filter(pk=wave.pk).update(
                started_at=started, next_at=started + interval
            )
            wave.recipients.update(created_at=started)
            wave.answers.update(
                created_at=started + timedelta(minutes=9),
                updated_at=started + timedelta(minutes=9),
            )
            self._mark_sent(f"wave:{wave.pk}", started)
        Offer.objects.update(created_at=self._ago("wave 1") + timedelta(minutes=9))
        self._mark_sent("", confirmed)

    def _mark_sent(self, cause: str, sent_at: datetime) -> None:
        """Invented people have read their mail; what the four one can be were sent still waits, for the mailbox."""
        waiting = Delivery.objects.filter(
            state=DeliveryState.PENDING, cause__startswith=cause
        )
        people = self.people
        demo = [people.moderator, people.host, people.displaced, people.newcomer]
        waiting.exclude(recipient__in=demo).update(
            state=DeliveryState.SENT,
            created_at=sent_at,
            sent_at=sent_at,
            next_attempt_at=None,
            attempts=F("attempts") + 1,
        )

    def _ago(self, name: str) -> datetime:
        return self.now - timedelta(minutes=AGO[name])
