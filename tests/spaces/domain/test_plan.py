"""Several offers at once: the most hours, the fewest changes of room, never a way too short to travel."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from directory.errors import DomainError, NotAllowedError
from directory.models import Delivery
from spaces.coverage import dated_hours
from spaces.domain.need import close_need
from spaces.domain.offer import accept_offer, accept_offers, withdraw_offer
from spaces.errors import SlotTakenError
from spaces.hours import Span
from spaces.models import Booking, Occurrence, Offer
from spaces.suggestions.plan import plan_for
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BuildingFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    OfficeFactory,
)

pytestmark = pytest.mark.django_db

LATER = {"first_date": timezone.now().date() + timedelta(days=3)}
MON, WED, FRI = 0, 2, 4


def at(day, start, end):
    return Span(day, round(start * 60), round(end * 60))


@pytest.fixture
def houses():
    """Two a few steps apart, and one some 11 km away."""
    return [
        BuildingFactory(latitude=latitude, longitude=-122.25)
        for latitude in (37.82, 37.8201, 37.92)
    ]


def needing(*spans, **fields):
    return NeedFactory(spans=list(spans), **(LATER | fields))


def offered(need, house, *spans, **fields):
    office = OfficeFactory(building=house)
    return OfferFactory(
        need=need,
        helper=office.hosts.get(),
        office=office,
        spans=list(spans),
        **fields,
    )


def planned(need):
    plan = plan_for(need, need.offers.with_parties())
    return plan, {share.offer: share.spans for share in plan.shares}


# --- The plan ------------------------------------------------------------------------------


def test_one_room_for_a_whole_day_rather_than_two_with_a_change(houses):
    near, next_door, _far = houses
    need = needing(at(WED, 9, 12), at(FRI, 9, 12))
    offered(need, near, at(WED, 9, 11))
    whole = offered(need, next_door, at(WED, 9, 12), price_cents=2500)
    friday = offered(need, near, at(FRI, 9, 12))

    plan, shares = planned(need)

    assert shares == {whole: [at(WED, 9, 12)], friday: [at(FRI, 9, 12)]}
    assert (plan.is_all, plan.changing) == (True, [])


def test_a_change_where_it_is_the_only_way_and_its_day_is_said(houses):
    near, next_door, _far = houses
    need = needing(at(MON, 9, 11), at(WED, 9, 10), at(WED, 11, 13))
    early = offered(need, near, at(MON, 9, 11), at(WED, 9, 10))
    late = offered(need, next_door, at(WED, 11, 13))

    plan, shares = planned(need)

    assert shares == {early: [at(MON, 9, 11), at(WED, 9, 10)], late: [at(WED, 11, 13)]}
    assert (plan.is_all, plan.changing) == (True, [WED])


def test_who_cannot_be_there_in_time_loses_what_the_way_takes(houses):
    near, _next_door, far = houses
    need = needing(at(WED, 9, 13))
    offered(need, near, at(WED, 9, 11))
    offered(need, far, at(WED, 11, 13))

    plan, shares = planned(need)

    dates = len(dated_hours(need))
    missed = (plan.total - plan.covered) / dates
    assert missed == 240 - sum(s.minutes for spans in shares.values() for s in spans)
    assert 30 <= missed <= 90, "a way of some 11 km"


def test_what_is_booked_already_counts_as_the_room_one_is_in(houses):
    near, next_door, far = houses
    need = needing(at(WED, 9, 10), at(WED, 10, 12))
    accept_offer(offered(need, near, at(WED, 9, 10)), by=need.author)
    offered(need, far, at(WED, 10, 12))
    same_house = offered(need, near, at(WED, 10, 12), price_cents=9900)
    offered(need, next_door, at(WED, 10, 10.5))

    plan, shares = planned(need)

    assert shares == {same_house: [at(WED, 10, 12)]}
    assert (plan.is_all, plan.changing) == (True, [WED])


def test_the_cheaper_of_two_that_are_as_good(houses):
    need = needing(at(WED, 9, 12))
    offered(need, houses[0], at(WED, 9, 12), price_cents=2000)
    free = offered(need, houses[1], at(WED, 9, 12))

    assert list(planned(need)[1]) == [free]


def test_nice_hours_come_along_where_they_cost_no_change(houses):
    need = needing(at(WED, 9, 11), nice=[at(WED, 11, 12)])
    offered(need, houses[0], at(WED, 9, 11))
    both = offered(need, houses[1], at(WED, 9, 12), price_cents=1500)

    plan, shares = planned(need)

    assert list(shares) == [both]
    assert plan.nice == plan.total // 2


def test_nothing_to_plan():
    need = needing(at(WED, 9, 11))
    assert plan_for(need, []) is None

    offer = OfferFactory(need=need, spans=[at(FRI, 9, 11)])
    assert plan_for(need, [offer]) is None

    full = NeedFactory(
        spans=[Span(day, 0, 1440) for day in range(7)],
        first_date=timezone.now().date(),
        last_date=timezone.now().date() + timedelta(days=360),
    )
    offer = OfferFactory(need=full)
    assert plan_for(full, [offer]) is None, "too much to plan; accepted by itself"


# --- Accepting it -----------------------------------------------------------------------------


@pytest.fixture
def three(houses):
    need = needing(at(MON, 9, 11), at(WED, 9, 11), at(FRI, 9, 11))
    offers = [
        offered(need, house, at(day, 9, 11))
        for house, day in zip(houses, (MON, WED, FRI), strict=True)
    ]
    return need, offers


def statuses(offers):
    found = dict(Offer.objects.values_list("pk", "status"))
    return [found[offer.pk] for offer in offers]


def test_one_button_books_all_of_them(three):
    need, offers = three
    rival = OfferFactory(need=need, spans=[at(WED, 9, 11)], price_cents=3000)

    done = accept_offers(need, [offer.pk for offer in offers], by=need.author)

    assert (done.accepted, done.refused) == (offers, [])
    assert statuses([*offers, rival]) == ["accepted"] * 3 + ["lapsed"]
    need.refresh_from_db()
    assert need.status == "covered"
    accepted = Delivery.objects.filter(kind="offer_accepted")
    assert {row.recipient for row in accepted} == {offer.helper for offer in offers}


def test_what_went_meanwhile_is_said_and_the_others_are_booked(three):
    need, offers = three
    withdraw_offer(offers[0], by=offers[0].helper)
    for item in dated_hours(need):
        if item.span.weekday == WED:
            OccurrenceFactory(
                booking__office=offers[1].office,
                booking__status="confirmed",
                period=item.period,
            )

    done = accept_offers(need, [offer.pk for offer in offers], by=need.author)

    assert done.accepted == [offers[2]]
    assert [offer for offer, _reason in done.refused] == offers[:2]
    assert "Withdrawn" in done.refused[0][1]
    assert "went in the meantime" in done.refused[1][1]
    need.refresh_from_db()
    assert need.status == "open"


def test_nothing_of_it_left_is_an_error_and_nothing_changes(three):
    need, offers = three
    for offer in offers:
        withdraw_offer(offer, by=offer.helper)

    with pytest.raises(NotAllowedError):
        accept_offers(need, [offer.pk for offer in offers], by=need.author)
    with pytest.raises(SlotTakenError):
        accept_offers(need, [], by=need.author)
    with pytest.raises(SlotTakenError):
        accept_offers(need, [OfferFactory().pk], by=need.author)
    assert not Booking.objects.exists()


def test_nobody_else_accepts_and_nothing_after_the_need_closed(three):
    need, offers = three
    chosen = [offer.pk for offer in offers]

    with pytest.raises(NotAllowedError):
        accept_offers(need, chosen, by=TherapistFactory())
    close_need(need, by=need.author)
    with pytest.raises(NotAllowedError):
        accept_offers(need, chosen, by=need.author)
    with pytest.raises(NotAllowedError):
        accept_offer(offers[0], by=need.author)

    assert not Booking.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_from_two_devices_at_once_each_hour_is_booked_once(three):
    """One accepts the plan, the other one offer of it: one wins, the other is told why, nothing is booked twice."""
    need, offers = three
    chosen = [offer.pk for offer in offers]
    start, said = Barrier(4), []

    def together():
        return len(accept_offers(need, chosen, by=need.author).accepted)

    def alone():
        return 1 if accept_offer(offers[1], by=need.therapist) else 0

    def run(verb):
        try:
            start.wait()
            said.append(verb())
        except DomainError:
            said.append(0)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[verb]) for verb in (together, alone) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(said) == 3
    assert statuses(offers) == ["accepted"] * 3
    assert Booking.objects.count() == 3
    dates = Occurrence.objects.filter(state="booked", guest=need.therapist)
    assert dates.count() == dates.values("period").distinct().count()
