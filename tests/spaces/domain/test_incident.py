from contextlib import nullcontext
from datetime import timedelta
from itertools import product

import pytest
from django.db import transaction
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery, Therapist
from directory.registry import message_kind
from spaces.domain.availability import refresh_free
from spaces.domain.incident import (
    add_update,
    confirm_incident,
    dismiss_incident,
    end_incident,
    give_word,
    move_reopening,
    reopen_office,
    report_incident,
    watch_incidents,
)
from spaces.domain.need import close_need
from spaces.enums import BookingStatus, IncidentKind, OccurrenceState
from spaces.errors import HoursError
from spaces.hours import Span, local_period
from spaces.models import Booking, Closure, Displacement, Incident, Need, Occurrence
from tests.factories.directory import (
    InvitedFactory,
    ModeratorFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    IncidentFactory,
    IncidentScopeFactory,
    NeedFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
    UsualHoursFactory,
    WaitlistEntryFactory,
    WaveFactory,
)
from tests.periods import hours
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db


def book(office, guest=None, day=0, start=20, end=22):
    booking = BookingFactory(
        office=office, status=BookingStatus.CONFIRMED, guest=guest or TherapistFactory()
    )
    return OccurrenceFactory(booking=booking, period=hours(start, end, day=day))


def incident_at(building, **fields):
    incident = IncidentFactory(scope=None, **fields)
    IncidentScopeFactory(incident=incident, building=building)
    return incident


def told(kind):
    return sorted(
        Delivery.objects.filter(kind=kind).values_list("recipient", flat=True)
    )


# --- Who may do what ---------------------------------------------------------------


VERBS = {
    "confirm": confirm_incident,
    "dismiss": dismiss_incident,
    "end": end_incident,
    "true": lambda incident, by: give_word(incident, by=by, is_true=True),
    "not true": lambda incident, by: give_word(incident, by=by, is_true=False),
}
ALLOWED = {
    ("reported", "confirm", "moderator"): "confirmed",
    ("provisional", "confirm", "moderator"): "confirmed",
    ("reported", "dismiss", "moderator"): "dismissed",
    ("provisional", "dismiss", "moderator"): "dismissed",
    ("confirmed", "dismiss", "moderator"): "dismissed",
    ("provisional", "end", "moderator"): "over",
    ("confirmed", "end", "moderator"): "over",
    ("reported", "end", "clock"): "over",
    ("provisional", "end", "clock"): "over",
    ("confirmed", "end", "clock"): "over",
    ("reported", "true", "moderator"): "confirmed",
    ("provisional", "true", "moderator"): "confirmed",
    ("reported", "not true", "moderator"): "dismissed",
    ("provisional", "not true", "moderator"): "dismissed",
    ("confirmed", "not true", "moderator"): "dismissed",
    ("reported", "true", "second"): "confirmed",
    ("provisional", "true", "second"): "confirmed",
}
SILENT = {"true", "not true"}  # a word that decides nothing is no error
ROLES = ["moderator", "reporter", "first", "second", "outsider", "clock"]
EVERY_CASE = [
    case
    for case in product(VERBS, ROLES)
    if not (case[0] in SILENT and case[1] == "clock")
]


@pytest.mark.parametrize(
    "status", ["reported", "provisional", "confirmed", "over", "dismissed"]
)
def test_incident_moves_only_as_allowed(status, subtests):
    building = BuildingFactory()
    reporter, witness, second = TherapistFactory.create_batch(3)
    OfficeFactory(building=building, hosts=[reporter])
    OfficeFactory(building=building, hosts=[witness, second])
    first = incident_at(building, reported_by=reporter, status=status)
    people = {
        "reporter": reporter,
        "first": witness,
        "second": second,
        "clock": None,
        "moderator": ModeratorFactory(),
        "outsider": TherapistFactory(),
    }
    for verb, role in EVERY_CASE:
        incident = Incident.objects.get(pk=first.pk)
        expected = ALLOWED.get((status, verb, role), status)
        refused = expected == status and (verb not in SILENT or role == "outsider")
        with subtests.test(f"{verb} by {role}"), transaction.atomic():
            if role == "second":
                incident.words.create(therapist=witness, is_true=True)

            with pytest.raises(NotAllowedError) if refused else nullcontext():
                VERBS[verb](incident, by=people[role])

            incident.refresh_from_db()
            assert incident.status == expected
            transaction.set_rollback(True)


def test_hosts_close_and_open_their_own_office_alone():
    office = OfficeFactory()
    host = office.hosts.get()

    incident = report_incident(
        office.building, by=host, kind=IncidentKind.FLOOD, offices=[office]
    )
    assert incident.status == "confirmed"

    end_incident(incident, by=host)
    incident.refresh_from_db()
    assert incident.status == "over"


# --- Reporting and words -------------------------------------------------------------


def test_report_asks_moderators_and_everyone_tied():
    building = BuildingFactory()
    host, other = TherapistFactory.create_batch(2)
    office = OfficeFactory(building=building, hosts=[host, other])
    guest = book(office).guest
    trainee = SupervisionFactory(supervisor=other).trainee
    invited = InvitedFactory()
    book(office, guest=invited, day=3)
    book(office, day=120)
    moderator = ModeratorFactory()
    TherapistFactory()

    incident = report_incident(building, by=host, kind=IncidentKind.FIRE)

    assert incident.status == "reported"
    expected = [other.pk, guest.pk, trainee.pk, invited.pk, moderator.pk]
    assert told("incident_reported") == sorted(expected)
    assert incident.scopes.get().until > timezone.now() + timedelta(days=13)


def test_report_needs_a_tie():
    with pytest.raises(NotAllowedError):
        report_incident(
            BuildingFactory(), by=TherapistFactory(), kind=IncidentKind.FIRE
        )


def test_asking_for_hours_is_no_tie():
    office = OfficeFactory()
    guest = OccurrenceFactory(booking__office=office).guest

    with pytest.raises(NotAllowedError):
        report_incident(office.building, by=guest, kind=IncidentKind.FIRE)


@pytest.mark.parametrize("days", [-1, 400])
def test_report_refuses_an_impossible_reopening(days):
    office = OfficeFactory()
    until = timezone.now() + timedelta(days=days)

    with pytest.raises(HoursError):
        report_incident(
            office.building, by=office.hosts.get(), kind=IncidentKind.FIRE, until=until
        )


def test_second_report_of_the_same_is_a_word_on_the_first():
    building = BuildingFactory()
    hosts = TherapistFactory.create_batch(3)
    OfficeFactory(building=building, hosts=hosts)

    reports = [
        report_incident(building, by=host, kind=IncidentKind.FIRE)
        for host in [hosts[0], hosts[0], hosts[1], hosts[2]]
    ]

    assert {report.pk for report in reports} == {reports[0].pk}
    assert [report.status for report in reports] == [
        "reported",
        "reported",
        "reported",
        "confirmed",
    ]


def test_with_one_other_tied_their_word_makes_it_provisional_for_a_day():
    building = BuildingFactory()
    reporter, other = TherapistFactory.create_batch(2)
    office = OfficeFactory(building=building, hosts=[reporter, other])
    incident = report_incident(building, by=reporter, kind=IncidentKind.FIRE)

    give_word(incident, by=other, is_true=True)
    incident.refresh_from_db()
    assert (incident.status, Closure.objects.count()) == ("provisional", 1)

    watch_incidents(timezone.now() + timedelta(hours=25))
    incident.refresh_from_db()
    assert (incident.status, Closure.objects.count()) == ("reported", 0)

    give_word(incident, by=other, is_true=True)
    incident.refresh_from_db()
    assert incident.status == "reported", "the same word again"
    assert office.building_id == building.pk


def test_a_changed_mind_counts():
    building = BuildingFactory()
    reporter, other, third = TherapistFactory.create_batch(3)
    OfficeFactory(building=building, hosts=[reporter, other, third])
    incident = report_incident(building, by=reporter, kind=IncidentKind.FIRE)

    give_word(incident, by=other, is_true=False)
    give_word(incident, by=third, is_true=True)
    give_word(incident, by=other, is_true=True)

    incident.refresh_from_db()
    assert incident.status == "confirmed"


def test_the_reporters_own_word_does_not_count():
    building = BuildingFactory()
    reporter, other, third = TherapistFactory.create_batch(3)
    OfficeFactory(building=building, hosts=[reporter, other, third])
    incident = report_incident(building, by=reporter, kind=IncidentKind.FIRE)

    give_word(incident, by=reporter, is_true=True)
    give_word(incident, by=other, is_true=True)

    incident.refresh_from_db()
    assert incident.status == "reported"


# --- What confirming does --------------------------------------------------------------


def test_confirming_displaces_and_drafts_what_each_person_lost():
    office = OfficeFactory()
    host = office.hosts.get()
    UsualHoursFactory(office=office)
    guest = book(office, start=20, end=22).guest
    invited = InvitedFactory()
    book(office, guest=invited, start=2, end=4)
    supervision = SupervisionFactory(supervisor=guest)
    incident = incident_at(office.building)

    confirm_incident(incident, by=ModeratorFactory())

    needs = {need.therapist: need for need in Need.objects.filter(incident=incident)}
    assert set(needs) == {host, guest, invited, supervision.trainee}
    assert {need.status for need in needs.values()} == {"draft"}
    assert needs[host].spans == [Span(1, 540, 780)]
    occurrence = Occurrence.objects.get(guest=guest)
    assert needs[guest].spans == [occurrence.span(office.building.zone)]
    assert needs[supervision.trainee].spans == []
    assert needs[supervision.trainee].author == guest
    assert {occurrence.state for occurrence in Occurrence.objects.all()} == {
        "displaced"
    }
    assert Displacement.objects.count() == 4
    assert told("displaced") == sorted(person.pk for person in needs)


def test_confirming_stops_the_offices_being_offered():
    office = OfficeFactory()
    opening = OpeningFactory(office=office)
    refresh_free([office.pk])
    opening.refresh_from_db()
    before = opening.free
    incident = incident_at(office.building)
    until = incident.scopes.get().until

    confirm_incident(incident, by=ModeratorFactory())

    opening.refresh_from_db()
    assert before[0][0] < until <= opening.free[0][0]


def test_what_is_held_there_is_released_and_a_false_alarm_holds_it_anew_for_who_waited():
    """Who waited is back in line, and has it again; an approval that was waited for is not."""
    office = open_office()
    evening = local_period(thursday(), 1080, 1260, office.building.zone)
    entry = WaitlistEntryFactory(office=office, period=evening)
    refresh_free([office.pk])
    hold = Booking.objects.get(source="waitlist")
    waits = BookingFactory(
        office=office, status="awaiting", party=TherapistFactory(name="Sue Pervisor")
    )
    OccurrenceFactory(booking=waits)
    host, incident = office.hosts.get(), incident_at(office.building)
    Delivery.objects.all().delete()

    confirm_incident(incident, by=ModeratorFactory())

    assert set(Occurrence.objects.values_list("state", flat=True)) == {"released"}
    assert set(Booking.objects.values_list("status", flat=True)) == {"declined"}
    assert not Therapist.objects.get(pk=hold.guest_id).seeks_hours
    entry.refresh_from_db()
    assert (entry.state, entry.booking) == ("waiting", None)
    people = [host.pk, hold.guest_id, host.pk, waits.guest_id, waits.party_id]
    assert told("booking_declined") == sorted(people)
    row = Delivery.objects.get(kind="booking_declined", recipient=hold.guest)
    mail = message_kind(row.kind).render([row])[row.pk]
    assert "18:00–21:00" in mail.subject
    assert "The place in line is kept" in mail.text

    dismiss_incident(incident, by=ModeratorFactory())

    entry.refresh_from_db()
    assert (entry.state, entry.booking.status) == ("held", "requested")
    assert entry.booking != hold
    assert [o.state for o in entry.booking.occurrences.all()] == ["held"]
    assert [o.state for o in waits.occurrences.all()] == ["released"]
    assert told("waitlist_held") == [entry.guest_id]


def test_confirming_leaves_dates_after_the_reopening_and_other_buildings_alone():
    office = OfficeFactory()
    later, elsewhere = book(office, day=30), book(OfficeFactory())

    confirm_incident(incident_at(office.building), by=ModeratorFactory())

    for occurrence in (later, elsewhere):
        occurrence.refresh_from_db()
        assert occurrence.state == OccurrenceState.BOOKED


def test_confirming_keeps_a_need_published_before():
    office = OfficeFactory()
    guest = book(office).guest
    incident = incident_at(office.building)
    need = NeedFactory(therapist=guest, incident=incident)

    confirm_incident(incident, by=ModeratorFactory())

    assert Need.objects.get(incident=incident, therapist=guest) == need
    assert need.displacements.count() == 1


@pytest.mark.parametrize("count", [1, 6])
def test_confirming_takes_a_constant_number_of_queries(
    django_assert_max_num_queries, count
):
    building = BuildingFactory()
    for _each in range(count):
        office = OfficeFactory(building=building)
        UsualHoursFactory(office=office)
        OpeningFactory(office=office)
        book(office)
    incident = incident_at(building)
    moderator = ModeratorFactory()

    with django_assert_max_num_queries(50):
        confirm_incident(incident, by=moderator)

    assert Need.objects.count() == 2 * count


# --- And undone ------------------------------------------------------------------------


def test_dismissing_undoes_exactly_what_confirming_did():
    office = OfficeFactory()
    opening = OpeningFactory(office=office)
    occurrence = book(office)
    refresh_free([office.pk])
    opening.refresh_from_db()
    before = opening.free
    incident, moderator = incident_at(office.building), ModeratorFactory()
    confirm_incident(incident, by=moderator)

    dismiss_incident(incident, by=moderator)

    occurrence.refresh_from_db()
    opening.refresh_from_db()
    assert occurrence.state == OccurrenceState.BOOKED
    assert opening.free == before
    assert not Closure.objects.exists()
    assert not Displacement.objects.filter(occurrence__isnull=False).exists()
    assert {need.status for need in Need.objects.all()} == {"closed"}
    assert told("incident_dismissed") == told("displaced")


def test_a_date_closed_by_two_incidents_waits_for_both():
    office = OfficeFactory()
    occurrence = book(office)
    fire, flood = incident_at(office.building), incident_at(office.building)
    moderator = ModeratorFactory()
    confirm_incident(fire, by=moderator)
    confirm_incident(flood, by=moderator)

    dismiss_incident(fire, by=moderator)
    occurrence.refresh_from_db()
    assert occurrence.state == OccurrenceState.DISPLACED

    dismiss_incident(flood, by=moderator)
    occurrence.refresh_from_db()
    assert occurrence.state == OccurrenceState.BOOKED


def test_a_released_date_is_not_restored():
    office = OfficeFactory()
    occurrence = book(office)
    incident, moderator = incident_at(office.building), ModeratorFactory()
    confirm_incident(incident, by=moderator)
    Occurrence.objects.update(state=OccurrenceState.RELEASED)

    dismiss_incident(incident, by=moderator)

    occurrence.refresh_from_db()
    assert occurrence.state == OccurrenceState.RELEASED


def test_a_later_reopening_displaces_more_an_earlier_one_restores():
    office = OfficeFactory()
    soon, late = book(office, day=5), book(office, day=20)
    incident, moderator = incident_at(office.building), ModeratorFactory()
    confirm_incident(incident, by=moderator)
    scope = incident.scopes.get()
    last_date = Need.objects.first().last_date

    move_reopening(scope, by=moderator, until=scope.until + timedelta(days=14))
    late.refresh_from_db()
    assert late.state == OccurrenceState.DISPLACED
    moved = {need.last_date for need in Need.objects.filter(therapist=soon.guest)}
    assert moved == {last_date + timedelta(days=14)}

    move_reopening(
        incident.scopes.get(), by=moderator, until=timezone.now() + timedelta(days=2)
    )
    soon.refresh_from_db()
    late.refresh_from_db()
    assert [soon.state, late.state] == ["booked", "booked"]


def test_every_move_of_the_reopening_is_told_a_move_back_too():
    office = OfficeFactory()
    incident, moderator = incident_at(office.building), ModeratorFactory()
    confirm_incident(incident, by=moderator)
    scope = incident.scopes.get()
    first, later = scope.until, scope.until + timedelta(days=14)

    for until in [later, later, first, later]:
        move_reopening(scope, by=moderator, until=until)

    assert told("incident_moved") == [office.hosts.get().pk] * 3


def test_nothing_moves_in_an_incident_that_is_over():
    office = OfficeFactory()
    incident, moderator = incident_at(office.building), ModeratorFactory()
    confirm_incident(incident, by=moderator)
    end_incident(incident, by=moderator)
    until = timezone.now() + timedelta(days=7)

    with pytest.raises(NotAllowedError):
        move_reopening(incident.scopes.get(), by=moderator, until=until)
    with pytest.raises(NotAllowedError):
        reopen_office(incident, office, by=moderator, until=until)

    assert not Closure.objects.filter(period__endswith__gt=timezone.now()).exists()


def test_dates_that_are_over_are_not_displaced():
    office = OfficeFactory()
    now = timezone.now()
    incident = incident_at(office.building, began_at=now - timedelta(hours=3))
    over = book(office)
    over.period = (now - timedelta(hours=2), now - timedelta(hours=1))
    over.save()

    confirm_incident(incident, by=ModeratorFactory())

    over.refresh_from_db()
    assert over.state == OccurrenceState.BOOKED


def test_who_closed_their_need_gets_no_second_draft():
    office = OfficeFactory()
    lost = book(office, day=5)
    incident, moderator = incident_at(office.building), ModeratorFactory()
    confirm_incident(incident, by=moderator)
    need = Need.objects.get(therapist=lost.guest)
    close_need(need, by=lost.guest)

    move_reopening(
        incident.scopes.get(), by=moderator, until=timezone.now() + timedelta(days=30)
    )

    assert Need.objects.get(therapist=lost.guest) == need


def test_one_suite_reopens_before_the_others():
    building = BuildingFactory()
    first, second = (OfficeFactory(building=building) for _ in range(2))
    here, there = book(first, day=5), book(second, day=5)
    incident = incident_at(building)
    confirm_incident(incident, by=ModeratorFactory())

    reopen_office(incident, first, by=first.hosts.get())

    here.refresh_from_db()
    there.refresh_from_db()
    assert [here.state, there.state] == ["booked", "displaced"]
    with pytest.raises(NotAllowedError):
        reopen_office(incident, second, by=first.hosts.get())


def test_what_is_open_again_everywhere_is_over():
    office = OfficeFactory()
    incident = incident_at(office.building)
    confirm_incident(incident, by=ModeratorFactory())
    need = NeedFactory(incident=incident)
    wave = WaveFactory(incident=incident, need=None)

    watch_incidents(timezone.now() + timedelta(days=15))

    for row in (incident, need, wave):
        row.refresh_from_db()
    assert [incident.status, need.status, wave.state] == ["over", "closed", "done"]


def test_news_are_added_by_those_with_a_tie():
    office = OfficeFactory()
    incident = incident_at(office.building)

    add_update(incident, by=office.hosts.get(), text="Power is out for a week.")
    with pytest.raises(NotAllowedError):
        add_update(incident, by=TherapistFactory(), text="I heard something.")

    assert [update.text for update in incident.updates.all()] == [
        "Power is out for a week."
    ]


def test_a_missing_incident_is_no_emergency():
    assert not Incident.objects.in_force().exists()
