from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery
from spaces.domain.incident import (
    confirm_incident,
    move_reopening,
    reopen_office,
    report_incident,
)
from spaces.domain.places import add_places
from spaces.enums import IncidentKind
from spaces.errors import HoursError
from spaces.models import Building, Closure, Incident, Need, Occurrence
from spaces.reach import buildings_around, buildings_in, reaches, streets
from tests.factories.directory import ModeratorFactory, TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    IncidentFactory,
    OccurrenceFactory,
    OfficeFactory,
    UsualHoursFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db


def told(kind):
    return set(Delivery.objects.filter(kind=kind).values_list("recipient", flat=True))


def book(office, *days):
    booking = BookingFactory(office=office, status="confirmed")
    for day in days:
        OccurrenceFactory(booking=booking, period=hours(18, 20, day=day))
    return booking


def until(days):
    return timezone.now() + timedelta(days=days)


def test_street_and_neighbourhood_are_found_and_counted():
    first = BuildingFactory(street="12 Alder Street")
    same = BuildingFactory(street="14b Alder Street", latitude=37.9)
    near = BuildingFactory(street="1 Bay Road", latitude=37.8257)  # 111 m
    office = OfficeFactory(building=same)
    book(office, 3, 30)
    every = Building.objects.all()

    assert streets(every) == ["Alder Street", "Bay Road"]
    assert buildings_in("alder street", every) == [first, same]
    assert buildings_around(first, 200, every) == [first, near]
    [reach] = reaches([same], until(14))
    assert (reach.offices, reach.dates, reach.people) == (1, 1, 2)


def test_added_building_is_closed_and_its_people_told_with_a_need_of_their_own():
    moderator = ModeratorFactory()
    here, there = OfficeFactory(), OfficeFactory(building__latitude=37.9)
    both = TherapistFactory()
    here.hosts.add(both)
    there.hosts.add(both)
    booking = book(there, 3, 30)
    incident = IncidentFactory(scope__building=here.building)
    confirm_incident(incident, by=moderator)
    day = until(5)

    assert add_places(incident, [there.building], by=moderator, until=day) == 1
    assert add_places(incident, [there.building], by=moderator, until=day) == 0

    states = booking.occurrences.order_by("period").values_list("state", flat=True)
    assert list(states) == ["displaced", "booked"]
    need = Need.objects.get(therapist=booking.guest)
    assert abs(need.latitude - 37.9) < 0.02  # where their room was
    assert need.last_date < incident.scopes.first().until.date()
    assert Need.objects.filter(therapist=both).count() == 1
    assert told("incident_moved") == {both.pk}
    assert told("displaced") >= {
        booking.guest_id,
        *there.hosts.values_list("pk", flat=True),
    }


def test_before_it_is_confirmed_the_people_there_are_asked():
    reporter = TherapistFactory()
    here, mine = OfficeFactory(hosts=[reporter]), OfficeFactory(hosts=[reporter])
    OfficeFactory(building=here.building)
    other = OfficeFactory(building=mine.building)
    incident = IncidentFactory(scope__building=here.building, reported_by=reporter)

    stranger = OfficeFactory().building
    with pytest.raises(NotAllowedError):
        add_places(incident, [stranger], by=reporter, until=until(3))
    with pytest.raises(NotAllowedError):
        add_places(incident, [mine.building], by=other.hosts.get(), until=until(3))
    add_places(incident, [mine.building], by=reporter, until=until(3))

    assert told("incident_reported") == {other.hosts.get().pk}
    assert not Closure.objects.exists()


@pytest.mark.parametrize("days", [-3, 0, 400])
def test_no_reopening_before_the_beginning_nor_too_far(days):
    moderator, building = ModeratorFactory(), BuildingFactory()
    office = OfficeFactory(building=building)
    incident = IncidentFactory(scope__building=building)
    confirm_incident(incident, by=moderator)
    incident.refresh_from_db()
    acts = [
        lambda: add_places(
            incident, [BuildingFactory()], by=moderator, until=until(days)
        ),
        lambda: report_incident(
            building, by=office.hosts.get(), kind=IncidentKind.POWER, until=until(days)
        ),
    ]
    if days:
        scope = incident.scopes.get()
        acts += [
            lambda: move_reopening(scope, by=moderator, until=until(days)),
            lambda: reopen_office(incident, office, by=moderator, until=until(days)),
        ]

    for act in acts:
        with pytest.raises(HoursError):
            act()
    with pytest.raises(HoursError):
        add_places(incident, [], by=moderator, until=until(3))

    assert incident.scopes.count() == 1


def test_a_new_end_moves_exactly_what_follows_from_that_place():
    moderator = ModeratorFactory()
    here, there, both = OfficeFactory.create_batch(3)
    there.hosts.add(*both.hosts.all())
    for office in (here, there):
        UsualHoursFactory(office=office)
    incident = IncidentFactory(scope__building=here.building)
    confirm_incident(incident, by=moderator)
    day = incident.scopes.get().until
    add_places(incident, [there.building, both.building], by=moderator, until=day)
    last = {need.therapist_id: need.last_date for need in Need.objects.all()}
    scope = incident.scopes.get(building=there.building)

    move_reopening(scope, by=moderator, until=day - timedelta(days=7))

    moved = {
        need.therapist_id: (need.last_date - last[need.therapist_id]).days
        for need in Need.objects.all()
    }
    twice = both.hosts.get().pk  # the other room keeps them out as long as before
    alone = there.hosts.exclude(pk=twice).get().pk
    assert moved == {here.hosts.get().pk: 0, alone: -7, twice: 0}


def test_rooms_have_ends_of_their_own_and_needs_follow_each():
    moderator = ModeratorFactory()
    building = BuildingFactory()
    early, late = OfficeFactory.create_batch(2, building=building)
    dates = {office: book(office, 3, 6, 9) for office in (early, late)}
    incident = IncidentFactory(scope__building=building)
    confirm_incident(incident, by=moderator)
    last = incident.scopes.get().until

    reopen_office(incident, early, by=moderator, until=hours(0, 1, day=5).lower)
    reopen_office(incident, late, by=moderator, until=last + timedelta(days=7))

    def states(office):
        found = Occurrence.objects.filter(booking=dates[office]).order_by("period")
        return [date.state for date in found]

    assert states(early) == ["displaced", "booked", "booked"]
    assert states(late) == ["displaced"] * 3
    ends = {
        need.therapist_id: need.last_date
        for need in Need.objects.filter(therapist__bookings__isnull=False)
    }
    assert ends[dates[early].guest_id] == hours(-12, 0, day=5).lower.date()
    assert (ends[dates[late].guest_id] - ends[dates[early].guest_id]).days > 14


@pytest.mark.django_db(transaction=True)
def test_reports_from_several_devices_at_once_are_one_incident():
    office = OfficeFactory()
    people = [TherapistFactory() for _number in range(3)]
    OfficeFactory(building=office.building, hosts=people)
    barrier = Barrier(4)

    def report(person):
        barrier.wait()
        report_incident(office.building, by=person, kind=IncidentKind.FIRE)
        connection.close()

    threads = [Thread(target=report, args=[person]) for person in [people[0], *people]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    incident = Incident.objects.get()
    assert incident.status == "confirmed"  # the first reports, two others say so too
    assert incident.words.count() == 2


def test_each_need_holds_what_its_incident_took_and_a_draft_grows_with_it():
    moderator, loser = ModeratorFactory(), TherapistFactory()
    here, there, elsewhere = (
        OfficeFactory(hosts=[loser], building__latitude=latitude)
        for latitude in (37.8, 37.9, 37.95)
    )
    for weekday, office in enumerate((here, there, elsewhere)):
        UsualHoursFactory(therapist=loser, office=office, weekday=weekday)
    incident, another = (
        IncidentFactory(scope__building=office.building) for office in (here, elsewhere)
    )
    confirm_incident(incident, by=moderator)
    confirm_incident(another, by=moderator)
    need, other = (Need.objects.get(incident=it) for it in (incident, another))
    assert [span.weekday for need in (need, other) for span in need.spans] == [0, 2]
    need.hours.all().delete()  # taken out by hand: it stays out

    add_places(incident, [there.building], by=moderator, until=until(40))

    need, other = (Need.objects.get(incident=it) for it in (incident, another))
    assert [span.weekday for need in (need, other) for span in need.spans] == [1, 2]
    assert need.last_date >= until(39).date()
