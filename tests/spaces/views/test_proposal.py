from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from directory.models import Delivery
from directory.registry import message_kind
from spaces.domain.asking import request_booking
from spaces.domain.booking import cancel_booking, confirm_booking
from spaces.domain.proposal import lapse_proposals
from spaces.hours import Span, local_period
from spaces.models import MoveProposal
from spaces.notifications.proposal import proposal_path
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory
from tests.spaces.rooms import close, open_office, thursday

pytestmark = pytest.mark.django_db
FRIDAY = {"starts": "09:00", "ends": "12:00"}  # not offered: the host knows


@pytest.fixture
def room(therapist):
    """Of whoever is signed in."""
    return open_office(hosts=[therapist], name="The garden room", suite="Suite 7B")


@pytest.fixture
def date(room):
    guest = TherapistFactory(name="Gia Guest")
    asked = request_booking(
        room, guest=guest, dates=[(thursday(), Span(3, 1080, 1260))]
    )
    confirm_booking(asked, by=room.hosts.get())
    return asked.occurrences.get()


def friday():
    return thursday() + timedelta(days=1)


def words(response):
    return " ".join(response.content.decode().split())


def propose(client, date, **changed):
    address = reverse("spaces:proposal_new", args=[date.booking_id, date.pk])
    sent = {"day": friday().isoformat(), **FRIDAY, **changed}
    return client.post(address, sent, follow=True)


def mails(kind):
    rows = list(Delivery.objects.filter(kind=kind).order_by("pk"))
    return rows, message_kind(kind).render(rows)


def test_a_host_proposes_and_one_tap_of_the_guest_moves_the_date(client, date, room):
    before = date.period
    dates_page = reverse("spaces:booking_dates", args=[date.booking_id])
    assert "propose another time" in words(client.get(dates_page))
    assert "until Gia Guest says yes" in words(
        propose(client, date, message="Painters")
    )

    date.refresh_from_db()
    assert date.period == before  # until then the old stands
    assert "Take it back" in words(client.get(dates_page))
    [row], rendered = mails("move_proposed")
    mail = rendered[row.pk]
    assert row.recipient == date.guest
    for said in ("09:00–12:00", "18:00–21:00", "Painters", "nothing changes"):
        assert said in mail.text
    for said in ("09:00–12:00 instead of", "18:00–21:00", room.name):
        assert said in mail.subject
    proposal = MoveProposal.objects.get()
    address = proposal_path(proposal)
    assert address.split("/")[3][:20] in mail.text

    scanner = Client()
    for look in (scanner.get, scanner.head, scanner.post):  # none of these is a yes
        assert look(address).status_code == 200
    page = words(scanner.get(address))
    for secret in ("Suite 7B", room.building.street, room.name):
        assert secret not in page
    date.refresh_from_db()
    assert date.period == before
    guest = Client()
    guest.force_login(date.guest.user)
    assert "proposes another time" in words(guest.get(reverse("home")))
    assert "Look and answer" in words(guest.get(dates_page))

    assert "Moved." in words(scanner.post(address, {"answer": "yes"}))
    date.refresh_from_db()
    assert date.period == local_period(friday(), 540, 720, room.building.zone)
    assert (date.moved_from, date.price_cents) == (before, 5400)
    told = Delivery.objects.filter(kind="booking_changed")
    assert {row.recipient for row in told} == {room.hosts.get()}
    answered = words(scanner.get(address))
    assert "nothing to answer any more" in answered
    assert "Instead of" in answered  # and no “now” beside a time that is over
    assert "cannot become" in words(scanner.post(address, {"answer": "yes"}))
    assert date.booking.events.filter(change="moved").count() == 1


def test_a_no_or_a_word_taken_back_leaves_the_date(client, date):
    before = date.period
    propose(client, date)
    first = MoveProposal.objects.get()
    propose(client, date, starts="10:00")  # in its place
    second = MoveProposal.objects.exclude(pk=first.pk).get()
    assert "nothing to answer" in words(client.get(proposal_path(first)))

    Client().post(proposal_path(second), {"answer": "no"})
    rows, rendered = mails("move_declined")
    assert "Gia Guest would rather not move" in rendered[rows[0].pk].text
    assert mails("move_proposed")[1][
        Delivery.objects.filter(kind="move_proposed")[0].pk
    ].reason

    propose(client, date)
    third = MoveProposal.objects.get(status="open")
    take_back = reverse("spaces:proposal_withdraw", args=[third.pk])
    outsider = Client()
    outsider.force_login(date.guest.user)
    assert outsider.post(take_back).status_code == 404
    client.post(take_back)
    assert "cannot become" in words(
        Client().post(proposal_path(third), {"answer": "yes"})
    )
    date.refresh_from_db()
    assert date.period == before


def test_what_nobody_answers_lapses_and_whoever_proposed_it_is_told(client, date, room):
    propose(client, date)
    begun = [date.period.lower - timedelta(minutes=1), date.period.lower]

    for now, status in zip(begun, ["open", "lapsed"], strict=True):
        lapse_proposals(now)
        assert MoveProposal.objects.get().status == status
    lapse_proposals(begun[1])

    [row], rendered = mails("move_lapsed")
    assert row.recipient == room.hosts.get()
    assert "Gia Guest has not said whether" in rendered[row.pk].text
    assert "cannot become" in words(
        Client().post(proposal_path(MoveProposal.objects.get()), {"answer": "yes"})
    )
    date.refresh_from_db()
    assert date.state == "booked"


def test_a_proposal_for_a_date_that_was_called_off_lapses_without_a_word(client, date):
    propose(client, date)
    cancel_booking(date.booking, by=date.guest)

    lapse_proposals(date.period.lower)

    assert MoveProposal.objects.get().status == "lapsed"
    assert not Delivery.objects.filter(kind="move_lapsed").exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"day": ""}, "From which date on?"),
        ({"starts": "13:00"}, "The end has to come after the start"),
        ({"day": "2020-01-03"}, "Choose a date from today on"),
        ({"message": "x" * 501}, "at most 500"),
    ],
)
def test_what_makes_no_sense_is_said_and_kept(client, date, changed, said):
    page = (
        propose(client, date, message="As agreed", **changed)
        if ("message" not in changed)
        else propose(client, date, **changed)
    )

    assert said in words(page)
    assert changed.get("message", "As agreed") in words(page)
    assert not MoveProposal.objects.exists()


def test_what_is_taken_or_closed_cannot_be_proposed_nor_accepted_later(
    client, date, room
):
    rival = OccurrenceFactory(
        booking=BookingFactory(office=room, status="confirmed"),
        period=local_period(friday(), 600, 660, room.building.zone),
    )
    assert "Not to be had" in words(propose(client, date))
    rival.delete()
    propose(client, date)
    proposal = MoveProposal.objects.get()
    close(room, "Painters")

    answer = Client().post(proposal_path(proposal), {"answer": "yes"})

    assert "Painters" in words(answer)
    proposal.refresh_from_db()
    date.refresh_from_db()
    assert proposal.status == "open"
    assert date.moved_from is None


def test_only_hosts_propose_and_only_for_dates_that_stand(client, date):
    address = reverse("spaces:proposal_new", args=[date.booking_id, date.pk])
    for person in (date.guest, TherapistFactory()):
        client.force_login(person.user)
        assert client.get(address).status_code == 404
        assert client.post(address, FRIDAY).status_code == 404
    client.force_login(date.office.hosts.get().user)
    assert client.get(address).status_code == 200
    date.state = "skipped"
    date.save()
    assert client.get(address).status_code == 404


def test_a_date_the_guest_pays_not_for_themself_does_not_become_dearer(client, date):
    date.payer = TherapistFactory(name="Paul Payer")
    date.save()

    assert "Paul Payer pays for this" in words(propose(client, date, ends="14:00"))
    propose(client, date, starts="10:00")
    assert MoveProposal.objects.get().price_cents == 3600
