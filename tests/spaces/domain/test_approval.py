from contextlib import nullcontext
from datetime import timedelta
from itertools import product
from threading import Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from directory.errors import DomainError, NoSupervisorError
from directory.models import Delivery, Term
from directory.registry import message_kind
from spaces.domain.approval import approve_booking, refuse_booking
from spaces.domain.asking import request_booking
from spaces.domain.booking import confirm_booking, expire_bookings, next_statuses
from spaces.enums import BookingStatus, OccurrenceState
from spaces.hours import Span
from spaces.models import Booking
from tests.factories.directory import (
    LicenceFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import BookingFactory, OccurrenceFactory
from tests.locks import waiting_for_locks
from tests.periods import hours
from tests.spaces.rooms import open_office, thursday

pytestmark = pytest.mark.django_db

S, O = BookingStatus, OccurrenceState  # noqa: E741 -- as in the tables
EVENING = Span(3, 1080, 1260)


@pytest.mark.django_db(transaction=True)
def test_the_clock_leaves_alone_what_was_answered_while_it_waited():
    """The host's yes in the last moment gives who approves their twelve hours."""
    booking = BookingFactory(party=TherapistFactory())
    OccurrenceFactory(booking=booking, state="asked", period=hours(9, 11, day=3))
    Booking.objects.update(answer_by=timezone.now() - timedelta(seconds=1))

    def run():
        try:
            expire_bookings()
        finally:
            connection.close()

    clock = Thread(target=run)
    with transaction.atomic():
        confirm_booking(booking, by=booking.office.hosts.get())
        clock.start()
        while clock.is_alive() and not waiting_for_locks():
            pass
    clock.join()

    assert (Booking.objects.get().status, states(booking)) == (S.AWAITING, [O.HELD])


@pytest.fixture
def associate():
    """An associate whose supervisor has accepted."""
    person = TherapistFactory(name="Ada Associate")
    LicenceFactory(therapist=person, kind=Term.objects.get(slug="apcc"))
    return person


@pytest.fixture
def supervisor(associate):
    return SupervisionFactory(trainee=associate).supervisor


def ask(associate, room):
    return request_booking(room, guest=associate, dates=[(thursday(), EVENING)])


def states(booking):
    return list(booking.occurrences.values_list("state", flat=True))


def told(kind):
    return set(Delivery.objects.filter(kind=kind).values_list("recipient", flat=True))


def test_without_a_supervisor_nothing_can_be_asked_for(associate):
    with pytest.raises(NoSupervisorError, match="book through your supervisor"):
        ask(associate, open_office())

    assert not Booking.objects.exists()


def test_approved_after_the_hosts_yes(associate, supervisor):
    room = open_office()
    booking = ask(associate, room)
    assert (booking.party, booking.approved_at) == (supervisor, None)
    assert told("booking_approval") == {supervisor.pk}

    booking = confirm_booking(booking, by=room.hosts.get())
    assert (booking.status, states(booking)) == (S.AWAITING, [O.HELD])
    left = booking.answer_by - timezone.now()
    assert timedelta(hours=11) < left <= timedelta(hours=12)
    booking = approve_booking(booking, by=supervisor)

    assert (booking.status, states(booking)) == (S.CONFIRMED, [O.BOOKED])
    assert booking.approved_at
    assert supervisor.pk in told("booking_confirmed")
    assert approve_booking(booking, by=supervisor).status == S.CONFIRMED  # again


def test_approved_before_the_hosts_yes_nothing_waits(associate, supervisor):
    room = open_office()
    booking = approve_booking(ask(associate, room), by=supervisor)
    assert (booking.status, states(booking)) == (S.REQUESTED, [O.ASKED])
    assert told("booking_changed") == {associate.pk, room.hosts.get().pk}

    booking = confirm_booking(booking, by=room.hosts.get())

    assert (booking.status, states(booking)) == (S.CONFIRMED, [O.BOOKED])


def test_a_supervisor_who_is_the_host_answers_once(associate, supervisor):
    room = open_office(hosts=[supervisor])

    booking = confirm_booking(ask(associate, room), by=supervisor)

    assert (booking.status, states(booking)) == (S.CONFIRMED, [O.BOOKED])
    assert booking.approved_at


def test_who_was_to_approve_hears_when_nothing_is_left_to(associate, supervisor):
    room = open_office()
    booking = ask(associate, room)
    rival = ask(TherapistFactory(), room)

    confirm_booking(rival, by=room.hosts.get())

    booking.refresh_from_db()
    assert booking.status == S.DECLINED
    assert told("booking_lost") == {associate.pk, supervisor.pk}
    row = Delivery.objects.get(kind="booking_lost", recipient=supervisor)
    mail = message_kind(row.kind).render([row])[row.pk]
    assert mail.subject.startswith("Nothing to approve any more: ")
    for part in (mail.text, mail.html):
        assert "Ada Associate had asked for these hours" in part
        assert "Look for more rooms" not in part


@pytest.mark.parametrize("after_the_host", [False, True])
def test_a_no_with_its_reason_frees_the_hours(associate, supervisor, after_the_host):
    room = open_office()
    free = room.openings.get().free
    booking = ask(associate, room)
    if after_the_host:
        booking = confirm_booking(booking, by=room.hosts.get())
        assert room.openings.get().free != free
    with pytest.raises(DomainError, match="Say why"):
        refuse_booking(booking, by=supervisor, note=" ")

    booking = refuse_booking(booking, by=supervisor, note="Too far away.")

    assert booking.status == S.DECLINED
    assert states(booking) == [O.RELEASED if after_the_host else O.DECLINED]
    assert room.openings.get().free == free
    assert booking.events.last().note == "Too far away."
    assert told("booking_declined") == {associate.pk, room.hosts.get().pk}


def test_what_nobody_approves_in_time_expires_and_frees_the_hours(
    associate, supervisor
):
    room = open_office()
    booking = confirm_booking(ask(associate, room), by=room.hosts.get())

    assert expire_bookings(timezone.now() + timedelta(hours=11)) == 0
    assert expire_bookings(timezone.now() + timedelta(hours=12, minutes=1)) == 1

    booking.refresh_from_db()
    assert (booking.status, states(booking)) == (S.EXPIRED, [O.RELEASED])
    assert told("booking_expired") == {
        associate.pk,
        supervisor.pk,
        room.hosts.get().pk,
    }


ROLES = ["guest", "host", "party", "outsider"]
ALLOWED = {("requested", "party"), ("awaiting", "party")}


VERBS_OF_A_PARTY = {
    "approve": approve_booking,
    "refuse": lambda booking, by: refuse_booking(booking, by=by, note="No"),
}


@pytest.mark.parametrize("status", BookingStatus.values)
def test_only_the_party_approves_and_only_what_is_open(status, subtests):
    first = BookingFactory(status=status, party=TherapistFactory())
    OccurrenceFactory(booking=first, state=O.HELD if status == S.AWAITING else O.ASKED)
    people = {
        "guest": first.guest,
        "host": first.office.hosts.get(),
        "party": first.party,
        "outsider": TherapistFactory(),
    }
    for verb, role in product(VERBS_OF_A_PARTY, ROLES):
        booking = Booking.objects.get(pk=first.pk)
        is_allowed = (status, role) in ALLOWED
        with subtests.test(f"{verb} by {role}"), transaction.atomic():
            with nullcontext() if is_allowed else pytest.raises(DomainError):
                VERBS_OF_A_PARTY[verb](booking, by=people[role])
            transaction.set_rollback(True)


def test_the_partys_buttons():
    party = TherapistFactory()

    def buttons(status):
        return set(next_statuses(BookingFactory(status=status, party=party), party))

    assert buttons("requested") == {"declined"}
    assert buttons("awaiting") == {"confirmed", "declined"}
