from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import Delivery
from spaces.domain.asking import request_booking
from spaces.domain.availability import refresh_free
from spaces.domain.booking import confirm_booking
from spaces.domain.incident import end_incident, report_incident
from spaces.enums import IncidentKind
from spaces.hours import Span
from spaces.models import Booking, Displacement, Occurrence
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours
from tests.spaces.rooms import asked, close, open_office, thursday

pytestmark = pytest.mark.django_db


@pytest.fixture
def rooms(therapist):
    """Two rooms of the signed-in member in one house, open on Thursdays."""
    alder = open_office(hosts=[therapist], name="Alder")
    birch = open_office(hosts=[therapist], name="Birch", building=alder.building)
    return alder, birch


@pytest.fixture
def booking(rooms):
    guest = TherapistFactory(name="Gia Guest")
    dates = [(thursday(), Span(3, 1080, 1260))]
    found = request_booking(rooms[0], guest=guest, dates=dates)
    return confirm_booking(found, by=rooms[0].hosts.get())


def move_url(booking):
    return reverse("spaces:booking_move", args=[booking.pk])


def rooms_of(booking):
    return [o.office.name for o in booking.occurrences.select_related("office")]


def test_a_host_sees_what_is_in_the_way_and_moves(client, rooms, booking):
    _alder, birch = rooms
    assert move_url(booking) in client.get(booking.get_absolute_url()).content.decode()
    page = client.get(move_url(booking)).content.decode()
    assert "free on all of these dates" in page
    date = booking.occurrences.get()

    response = client.post(move_url(booking), {"room": birch.pk, "dates": [date.pk]})

    assert response.url == booking.get_absolute_url()
    assert rooms_of(booking) == ["Birch"]
    assert "Moved to Birch." in client.get(response.url).content.decode()
    assert (
        client.post(
            move_url(booking), {"room": birch.pk, "dates": [date.pk]}
        ).status_code
        == 200
    )  # a replay: it is there already
    assert booking.events.filter(change="room").count() == 1


def test_a_taken_date_is_named_before_and_after(client, rooms, booking):
    date = booking.occurrences.get()
    rival = BookingFactory(
        office=rooms[1], status="confirmed", guest__name="Rita Rival"
    )
    OccurrenceFactory(booking=rival, period=date.period)

    page = client.get(move_url(booking)).content.decode()
    assert "Rita Rival has 18:00–21:00" in page
    response = client.post(move_url(booking), {"room": rooms[1].pk, "dates": [date.pk]})

    assert "does not have these hours" in response.content.decode()
    assert rooms_of(booking) == ["Alder"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"room": "x"},
        {"room": "999999999"},
        {"dates": []},
        {"dates": ["999999999"]},
        {"dates": ["x"]},
    ],
)
def test_tampered_moves_move_nothing(client, rooms, booking, data):
    good = {"room": rooms[1].pk, "dates": [booking.occurrences.get().pk]}

    response = client.post(move_url(booking), {**good, **data} if data else {})

    assert response.status_code == 200
    assert response.context["form"].errors
    assert rooms_of(booking) == ["Alder"]


def test_only_its_host_moves_it(client, rooms, booking):
    for person in (booking.guest, TherapistFactory()):
        client.force_login(person.user)
        assert client.get(move_url(booking)).status_code == 404
        assert client.post(move_url(booking)).status_code == 404
        text = client.get(booking.get_absolute_url())
        assert "Move to another room" not in text.content.decode()


def test_where_there_is_one_room_nothing_moves(client, therapist):
    office = OfficeFactory(hosts=[therapist])
    booking = BookingFactory(office=office, status="confirmed")
    OccurrenceFactory(booking=booking, period=hours(9, 10, day=3))

    assert client.get(move_url(booking)).status_code == 404


def test_displaced_dates_find_an_open_room_and_are_booked_again(
    client, rooms, booking, therapist
):
    alder, birch = rooms
    incident = report_incident(
        alder.building,
        by=therapist,
        kind=IncidentKind.FLOOD,
        offices=[alder],
        until=timezone.now() + timedelta(days=30),
    )
    date = booking.occurrences.get()
    assert date.state == "displaced"
    assert Displacement.objects.filter(occurrence=date).count() == 1
    sequence = date.sequence
    dates_page = reverse("spaces:booking_dates", args=[booking.pk])
    assert move_url(booking) in client.get(dates_page).content.decode()
    assert (
        "booked again in the other room"
        in client.get(move_url(booking)).content.decode()
    )

    close(birch, "Painters")  # no room while it is closed itself
    refused = client.post(move_url(booking), {"room": birch.pk, "dates": [date.pk]})
    assert "Painters" in refused.content.decode()
    birch.closures.all().delete()
    client.post(move_url(booking), {"room": birch.pk, "dates": [date.pk]})

    date.refresh_from_db()
    assert (date.state, date.office, date.is_due) == ("booked", birch, False)
    assert date.sequence == sequence + 1
    assert not Displacement.objects.filter(occurrence=date).exists()
    told = Delivery.objects.filter(kind="booking_changed", recipient=booking.guest)
    assert told.count() == 1
    assert "another room" in client.get(booking.get_absolute_url()).content.decode()

    end_incident(incident, by=therapist)  # it stays where it is now
    date.refresh_from_db()
    assert (date.state, date.office) == ("booked", birch)


# --- Any suitable room -----------------------------------------------------------------


def test_any_room_is_asked_for_and_chosen(client, therapist):
    host = TherapistFactory(name="Mara Ellison")
    alder = open_office(hosts=[host], name="Alder")
    birch = open_office(
        hosts=[host],
        name="Birch",
        building=alder.building,
        opening={"price_cents": 1200},
    )
    taken = BookingFactory(office=alder, status="confirmed")
    first = OccurrenceFactory(booking=taken, period=hours(0, 24 * 9))
    url = reverse("spaces:booking_request", args=[alder.pk])
    refresh_free([alder.pk])
    assert first.office == alder

    page = client.get(url, asked(weeks=2))
    assert "Any suitable room here" in page.content.decode()
    assert [date.is_open for date in page.context["dates"]] == [False, True]
    page = client.get(url, asked(weeks=2, any_room="on"))
    assert [date.note for date in page.context["dates"]] == ["In Birch", "In Birch"]
    values = [date.value for date in page.context["dates"]]
    client.post(f"{url}?{page.context['query']}", {"dates": values, "people": "2"})

    booking = Booking.objects.get(any_room=True)
    assert (booking.office, rooms_of(booking)) == (birch, ["Birch", "Birch"])
    assert (
        "You asked for any suitable room here"
        in client.get(booking.get_absolute_url()).content.decode()
    )
    client.force_login(host.user)
    page = client.get(booking.get_absolute_url())
    assert [choice.office.name for choice in page.context["room_choices"]] == [
        "Birch",
        "Alder",
    ]
    answer = reverse("spaces:booking_answer", args=[booking.pk, "confirmed"])
    for tampered, status in (("x", 404), ("999999999", 404), (OfficeFactory().pk, 200)):
        assert (
            client.post(answer, {"room": tampered}, follow=True).status_code == status
        )
    assert not Occurrence.objects.filter(booking=booking, state="booked").exists()

    client.post(answer, {"room": alder.pk})

    assert rooms_of(booking) == ["Birch", "Alder"]
    booking.refresh_from_db()
    assert (booking.status, booking.office) == ("confirmed", alder)


def test_one_room_alone_has_no_such_choice(client, therapist):
    office = open_office()

    page = client.get(reverse("spaces:booking_request", args=[office.pk]), asked())

    assert "Any suitable room here" not in page.content.decode()
