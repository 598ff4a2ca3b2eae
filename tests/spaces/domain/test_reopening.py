from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from directory.errors import DomainError, NotAllowedError
from directory.models import Delivery, Term
from directory.registry import Mail, message_kind
from spaces.domain.borrowed.answering import (
    agree_on_borrowed,
    keep_borrowed,
    lapse_borrowed,
    pattern_of,
    propose_end,
    propose_sublet,
)
from spaces.domain.borrowed.asking import ask_everybody
from spaces.domain.incident import (
    confirm_incident,
    dismiss_incident,
    end_incident,
    move_reopening,
    reopen_office,
)
from spaces.domain.way_back import go_back, lapse_ways_back, stay
from spaces.errors import HoursError, SlotTakenError
from spaces.models import BorrowedRoom, Closure, WayBack
from tests.factories.directory import (
    BlockFactory,
    LicenceFactory,
    ModeratorFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    IncidentFactory,
    IncidentScopeFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    OfficeFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db

DAYS = [3, 10, 17, 24]


class BadDay:
    """Somebody's room burnt, two of their four dates there are displaced; a helper lends another for all four."""

    def __init__(self):
        self.moderator = ModeratorFactory()
        self.guest = TherapistFactory()
        self.own = OfficeFactory()
        self.mine = BookingFactory(
            office=self.own, guest=self.guest, status="confirmed"
        )
        for day in DAYS:
            OccurrenceFactory(booking=self.mine, period=hours(18, 20, day=day))
        self.incident = IncidentFactory(scope__building=self.own.building)
        confirm_incident(self.incident, by=self.moderator)
        self.incident.refresh_from_db()
        self.helper = TherapistFactory()
        self.borrowed = self.lend()

    def lend(self, days=DAYS):
        need = NeedFactory(
            therapist=self.guest, incident=self.incident, status="covered"
        )
        offer = OfferFactory(need=need, helper=self.helper, status="accepted")
        booking = BookingFactory(
            office=offer.office, guest=self.guest, status="confirmed", source="offer"
        )
        for day in days:
            OccurrenceFactory(
                booking=booking, period=hours(18, 20, day=day), price_cents=0
            )
        offer.booking = booking
        offer.save()
        return booking

    def states(self):
        return [date.state for date in self.mine.occurrences.order_by("period")]

    def question(self):
        return BorrowedRoom.objects.get(booking=self.borrowed)

    @property
    def today(self):
        return timezone.localdate(timezone=self.own.building.zone)

    def sublet(self, by, price_cents=2000, **terms):
        terms = {
            "first_date": self.today,
            "last_date": self.today + timedelta(weeks=8),
            "spans": pattern_of(self.borrowed),
        } | terms
        return propose_sublet(self.question(), by=by, price_cents=price_cents, **terms)


@pytest.fixture
def day(db):
    return BadDay()


def told(kind):
    return set(Delivery.objects.filter(kind=kind).values_list("recipient", flat=True))


def mails(kind):
    rows = list(Delivery.objects.filter(kind=kind).select_related("recipient__user"))
    return list(message_kind(kind).render(rows).values())


# --- Back to one's own room ------------------------------------------------------------


def test_reopening_restores_what_is_wanted_and_asks_who_has_another_room(day):
    free = BookingFactory(office=day.own, status="confirmed")
    OccurrenceFactory(booking=free, period=hours(1, 2, day=4), state="displaced")
    day.incident.displacements.create(occurrence=free.occurrences.get())
    assert day.states() == ["displaced", "displaced", "booked", "booked"]

    reopen_office(day.incident, day.own, by=day.moderator)

    assert day.states() == ["displaced", "displaced", "booked", "booked"]
    assert free.occurrences.get().state == "booked"
    way = WayBack.objects.get()
    assert (way.guest, way.occurrences.count()) == (day.guest, 2)
    assert told("way_back") == {day.guest.pk}
    assert day.own.name in mails("way_back")[0].text
    assert told("incident_moved") == {day.own.hosts.get().pk, free.guest_id}
    # the guest hears of both rooms by one mail; the helper has one of their own
    assert told("borrowed_asked") == {day.helper.pk}


def test_going_back_restores_the_dates_and_asks_the_helper_to_end(day):
    end_incident(day.incident, by=day.moderator)
    way = WayBack.objects.get()

    with pytest.raises(NotAllowedError):
        go_back(way, by=day.helper)
    go_back(way, by=day.guest)

    assert day.states() == ["booked"] * 4
    question = day.question()
    assert (question.status, question.kind) == ("proposed", "end")
    assert question.proposed_by == day.guest
    assert told("borrowed_proposed") == {day.helper.pk}
    with pytest.raises(NotAllowedError):
        stay(way, by=day.guest)


@pytest.mark.parametrize("is_answered", [True, False])
def test_staying_or_silence_releases_the_own_dates_at_no_cost(day, is_answered):
    day.mine.occurrences.filter(state="displaced").update(is_due=True)
    end_incident(day.incident, by=day.moderator)
    way = WayBack.objects.get()

    if is_answered:
        stay(way, by=day.guest)
    else:
        assert lapse_ways_back(way.answer_by - timedelta(seconds=1)) == 0
        assert lapse_ways_back(way.answer_by) == 1

    assert day.states() == ["released", "released", "booked", "booked"]
    assert not day.mine.occurrences.filter(is_due=True).exists()
    assert day.own.hosts.get().pk in told("booking_changed")
    assert lapse_ways_back(way.answer_by) == 0


def test_false_alarm_restores_all_and_closed_again_asks_no_more(day):
    reopen_office(day.incident, day.own, by=day.moderator)
    scope = day.incident.scopes.get(office=day.own)
    until = timezone.now() + timedelta(days=13)

    move_reopening(scope, by=day.moderator, until=until)
    assert WayBack.objects.get().status == "moot"
    dismiss_incident(day.incident, by=day.moderator)

    assert day.states() == ["booked"] * 4
    assert not WayBack.objects.filter(status="asked").exists()


@pytest.mark.parametrize("first_over", [0, 1])
def test_building_in_two_incidents_opens_when_both_are_over(day, first_over):
    second = IncidentFactory(scope=None, kind="power")
    IncidentScopeFactory(
        incident=second,
        building=day.own.building,
        until=timezone.now() + timedelta(days=20),
    )
    day.borrowed.occurrences.all().delete()
    confirm_incident(second, by=day.moderator)
    assert day.states() == ["displaced"] * 3 + ["booked"]
    pair = [day.incident, second][:: -1 if first_over else 1]

    end_incident(pair[0], by=day.moderator)
    still = 3 if pair[1] == second else 2
    assert day.states() == ["displaced"] * still + ["booked"] * (4 - still)
    assert Closure.objects.filter(period__endswith__gt=timezone.now()).count() == 1
    end_incident(pair[1], by=day.moderator)

    assert day.states() == ["booked"] * 4
    assert not Closure.objects.filter(period__endswith__gt=timezone.now()).exists()


def test_a_second_incident_withdraws_the_question_and_asks_it_when_it_is_over(day):
    end_incident(day.incident, by=day.moderator)
    first = WayBack.objects.get()
    second = IncidentFactory(scope__building=day.own.building, kind="power")

    confirm_incident(second, by=day.moderator)
    with pytest.raises(NotAllowedError):
        go_back(first, by=day.guest)
    end_incident(second, by=day.moderator)

    assert set(WayBack.objects.values_list("incident", "status")) == {
        (day.incident.pk, "moot"),
        (second.pk, "asked"),
    }
    assert day.states() == ["displaced", "displaced", "booked", "booked"]
    assert lapse_ways_back(first.answer_by + timedelta(days=1)) == 1
    assert day.states() == ["released", "released", "booked", "booked"]


# --- A borrowed room ------------------------------------------------------------------


@pytest.fixture
def asked(day):
    """Open again, and the guest is back: nothing but the borrowed room is undecided."""
    day.mine.occurrences.all().delete()
    end_incident(day.incident, by=day.moderator)
    return day


def test_both_sides_are_asked_once(asked):
    end = asked.question().answer_by
    ask_everybody()

    assert told("borrowed_asked") == {asked.guest.pk, asked.helper.pk}
    assert Delivery.objects.filter(kind="borrowed_asked").count() == 2
    assert len(mails("borrowed_asked")) == 2
    assert lapse_borrowed(end) == 1
    assert asked.question().status == "lapsed"
    assert asked.borrowed.occurrences.filter(state="booked").count() == 4
    assert not told("borrowed_kept")


def test_nobody_is_asked_while_their_own_room_is_closed_then(day):
    other = OfficeFactory(building=day.own.building)
    reopen_office(day.incident, other, by=day.moderator)
    ask_everybody()
    assert not BorrowedRoom.objects.exists()

    scope = day.incident.scopes.get(office=day.own)
    move_reopening(
        scope, by=day.moderator, until=timezone.now() + timedelta(seconds=60)
    )
    Closure.objects.filter(office=day.own).update(period=hours(-48, -47))
    ask_everybody()  # its day came

    assert BorrowedRoom.objects.count() == 1


def test_end_needs_both_and_costs_nothing(asked):
    asked.borrowed.occurrences.update(price_cents=1500)
    asked.borrowed.notice_days = 30
    asked.borrowed.save()
    first_day = asked.borrowed.occurrences.order_by("period")[1].day(
        asked.own.building.zone
    )

    proposed = propose_end(asked.question(), by=asked.guest, day=first_day)
    assert asked.borrowed.occurrences.filter(state="booked").count() == 4
    with pytest.raises(NotAllowedError):
        agree_on_borrowed(proposed, by=asked.guest, version=proposed.version)
    agree_on_borrowed(proposed, by=asked.helper, version=proposed.version)

    dates = asked.borrowed.occurrences.order_by("period")
    assert [(date.state, date.is_due) for date in dates] == [
        ("booked", False),
        *[("cancelled", False)] * 3,
    ]
    assert asked.borrowed.events.get(change="ended").actor == asked.helper
    assert told("borrowed_agreed") == {asked.guest.pk, asked.helper.pk}
    assert not told("booking_changed")
    assert all(mail.attachments for mail in mails("borrowed_agreed"))


def test_sublet_takes_the_place_of_what_was_borrowed(asked):
    proposed = asked.sublet(asked.helper)
    stale = proposed.version
    proposed = asked.sublet(asked.guest, price_cents=1800)
    with pytest.raises(NotAllowedError):  # a yes to what nobody proposes any more
        agree_on_borrowed(proposed, by=asked.helper, version=stale)
    done = agree_on_borrowed(proposed, by=asked.helper, version=proposed.version)

    assert set(asked.borrowed.occurrences.values_list("state", flat=True)) == {
        "cancelled"
    }
    sublet = done.sublet
    assert (sublet.source, sublet.status) == ("sublet", "confirmed")
    assert set(sublet.occurrences.values_list("price_cents", "state")) == {
        (3600, "booked")
    }
    assert sublet.occurrences.count() in {8, 9}
    mail = mails("borrowed_agreed")[0]
    assert isinstance(mail, Mail)
    assert "$18 / hour" in mail.subject
    assert len(mail.attachments) >= 2  # what goes, and what comes
    with pytest.raises(NotAllowedError):
        keep_borrowed(done, by=asked.helper)


def test_sublet_leaves_out_what_is_taken_and_refuses_where_nothing_is_left(asked):
    week = asked.borrowed.occurrences.order_by("-period").first().period
    rival = BookingFactory(office=asked.borrowed.office, status="confirmed")
    OccurrenceFactory(
        booking=rival,
        period=(week.lower + timedelta(days=7), week.upper + timedelta(days=7)),
    )
    proposed = asked.sublet(asked.helper)
    Closure.objects.create(
        office=asked.borrowed.office,
        period=(timezone.now(), week.lower + timedelta(days=1)),
        reason="Painters",
    )
    done = agree_on_borrowed(proposed, by=asked.guest, version=proposed.version)
    assert done.sublet.occurrences.filter(period__overlap=week).count() == 0

    assert done.sublet.occurrences.exists()
    assert rival.occurrences.get().state == "booked"


def test_yes_to_hours_that_all_went_changes_nothing(asked):
    proposed = asked.sublet(asked.helper)
    Closure.objects.create(
        office=asked.borrowed.office,
        period=(timezone.now(), timezone.now() + timedelta(weeks=20)),
        reason="Painters",
    )

    with pytest.raises(SlotTakenError):
        agree_on_borrowed(proposed, by=asked.guest, version=proposed.version)

    assert asked.question().status == "proposed"
    assert asked.borrowed.occurrences.filter(state="booked").count() == 4


def test_of_a_trainee_nothing_is_due_without_who_answers_for_them(asked):
    LicenceFactory(therapist=asked.guest, kind=Term.objects.get(slug="amft"))
    with pytest.raises(NotAllowedError):
        asked.sublet(asked.helper)
    party = SupervisionFactory(trainee=asked.guest).supervisor
    asked.borrowed.party = party
    asked.borrowed.save()

    proposed = asked.sublet(asked.helper)
    with pytest.raises(NotAllowedError):
        agree_on_borrowed(proposed, by=asked.guest, version=proposed.version)
    done = agree_on_borrowed(proposed, by=party, version=proposed.version)

    assert (done.sublet.party, done.sublet.guest) == (party, asked.guest)
    assert done.sublet.approved_at


def test_what_makes_no_sense_is_refused(asked):
    question, today = asked.question(), asked.today
    bad = [
        lambda: propose_end(question, by=asked.guest, day=today - timedelta(days=1)),
        lambda: propose_end(question, by=asked.guest, day=today + timedelta(days=300)),
        lambda: asked.sublet(asked.guest, last_date=today - timedelta(days=1)),
        lambda: asked.sublet(asked.guest, spans=[]),
        lambda: asked.sublet(asked.guest, last_date=today + timedelta(weeks=80)),
    ]
    for act in bad:
        with pytest.raises(HoursError):
            act()
    with pytest.raises(NotAllowedError):
        propose_end(question, by=TherapistFactory(), day=today)
    proposed = asked.sublet(asked.helper)
    BlockFactory(blocker=asked.helper, blocked=asked.guest)
    with pytest.raises(NotAllowedError):
        agree_on_borrowed(proposed, by=asked.guest, version=proposed.version)

    keep_borrowed(proposed, by=asked.helper)
    assert told("borrowed_kept") == {asked.guest.pk}
    assert len(mails("borrowed_kept")) == 1


@pytest.mark.django_db(transaction=True)
def test_yes_from_two_devices_at_once_books_once():
    day = BadDay()
    end_incident(day.incident, by=day.moderator)
    proposed = day.sublet(day.helper)
    barrier, said = Barrier(2), []

    def agree():
        barrier.wait()
        try:
            agree_on_borrowed(proposed, by=day.guest, version=proposed.version)
            said.append("yes")
        except DomainError:
            said.append("no")
        finally:
            connection.close()

    threads = [Thread(target=agree) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said) == ["no", "yes"]
    assert day.guest.bookings.filter(source="sublet").count() == 1
