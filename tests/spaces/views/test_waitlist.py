from datetime import timedelta

import pytest
from django.urls import reverse

from spaces.domain.availability import refresh_free
from spaces.domain.booking import cancel_booking
from spaces.domain.waitlist import join_waitlist
from spaces.hours import Span, local_period
from spaces.models import Booking, Occurrence, WaitlistEntry
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory
from tests.periods import hours
from tests.spaces.rooms import asked, open_office, thursday

pytestmark = pytest.mark.django_db
LIST = reverse("spaces:booking_list")
EVENING = Span(3, 1080, 1260)


@pytest.fixture
def office(client, therapist):
    """Its next two Thursdays are somebody else's, the others free."""
    office = open_office(hosts=[TherapistFactory(name="Mara Ellison")])
    booking = BookingFactory(
        office=office, status="confirmed", guest__name="Rita Regular"
    )
    for week in (0, 1):
        OccurrenceFactory(booking=booking, period=period(office, week))
    refresh_free([office.pk])
    return office


def period(office, week=0):
    day = thursday() + timedelta(weeks=week)
    return local_period(day, *EVENING[1:], office.building.zone)


def join_url(office):
    return reverse("spaces:waitlist_join", args=[office.pk])


def wait_values(client, office):
    page = client.get(reverse("spaces:booking_request", args=[office.pk]), asked())
    return [date.value for date in page.context["wait_dates"]], page


def wait(client, office):
    values, _page = wait_values(client, office)
    client.post(join_url(office), {"dates": values, "people": "2"})
    return list(WaitlistEntry.objects.order_by("-pk"))[: len(values)][::-1]


def test_taken_dates_are_waited_for_from_the_dialog(client, therapist, office):
    values, page = wait_values(client, office)
    assert len(values) == 2
    assert "2 dates are taken: wait for them" in page.content.decode()

    response = client.post(join_url(office), {"dates": values, "people": "3"})

    assert response.url == f"{LIST}#waiting"
    entries = WaitlistEntry.objects.order_by("period")
    assert [(e.guest, e.period, e.people, e.state) for e in entries] == [
        (therapist, period(office, week), 3, "waiting") for week in (0, 1)
    ]
    assert "You are on the list for 2 dates." in client.get(LIST).content.decode()
    values, page = wait_values(client, office)
    assert values == []
    assert "You are waiting for 2 of these dates." in page.content.decode()


def test_a_date_lost_to_a_colleague_is_waited_for_from_its_page(
    client, therapist, office
):
    lost = BookingFactory(office=office, guest=therapist, status="declined")
    OccurrenceFactory(booking=lost, period=period(office), state="lost")
    OccurrenceFactory(booking=lost, period=period(office, 3), state="lost")

    page = client.get(lost.get_absolute_url())

    text = page.content.decode()
    assert "1 date is taken: wait for it" in text
    assert "no dates left" not in text
    rooms = client.get(
        reverse("spaces:office_search") + "?" + page.context["elsewhere"]
    )
    assert "Find other rooms with these hours" in text
    assert rooms.context["form"].is_valid()
    values = [date.value for date in page.context["wait_dates"]]
    client.post(join_url(office), {"dates": values, "people": "2"})
    assert WaitlistEntry.objects.get().period == period(office)


def test_the_page_of_the_office_offers_the_same(client, therapist, office):

    page = client.get(office.get_absolute_url(), asked())

    assert join_url(office) in page.content.decode()


def test_the_list_says_ones_place_and_one_tap_leaves(client, therapist, office):
    dates = [(thursday(), EVENING)]
    join_waitlist(office, guest=TherapistFactory(), dates=dates)
    entries = wait(client, office)

    text = client.get(LIST).content.decode()
    assert "1 person is before you" in text
    assert "you are first in line" in text

    leave = reverse("spaces:waitlist_leave", args=[entries[0].pk])
    response = client.post(leave, follow=True)
    assert response.redirect_chain[0][0] == f"{LIST}?left={entries[0].pk}#waiting"
    assert [entry.pk for entry in response.context["waiting"]] == [
        e.pk for e in entries[1:] if e.guest == therapist
    ]
    assert "You no longer wait for" in response.content.decode()
    client.post(leave)  # again changes nothing

    client.post(reverse("spaces:waitlist_rejoin", args=[entries[0].pk]))
    assert WaitlistEntry.objects.waiting().count() == 3


def test_a_hold_is_seen_by_both_and_by_nobody_else(client, therapist, office):
    wait(client, office)
    booking = Booking.objects.get(guest__name="Rita Regular")
    cancel_booking(booking, by=booking.guest)
    held = Booking.objects.get(source="waitlist")
    week = {"week": thursday().isoformat()}

    page = client.get(held.get_absolute_url())
    assert "Held for you until" in page.content.decode()
    assert "Held" in client.get(office.get_absolute_url(), week).content.decode()
    client.force_login(office.hosts.get().user)
    page = client.get(held.get_absolute_url()).content.decode()
    assert "Dana was waiting for these hours; they are held for Dana until" in page
    assert "Confirm these hours" in page
    calendar = client.get(office.get_absolute_url(), week).content.decode()
    assert "Dana" in calendar
    assert "until" in calendar
    client.force_login(TherapistFactory().user)
    stranger = client.get(office.get_absolute_url(), week).content.decode()
    assert "Taken" in stranger
    assert "Dana" not in stranger
    assert client.get(held.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"dates": ["rubbish"]},
        {"dates": ["9999-12-31-0-1440"]},
        {"dates": ["2020-01-02-1080-1260"]},
        {"dates": ["2026-12-03-1080-1260"] * 2, "people": "999"},
        {"dates": ["FREE"]},
        {"dates": ["NIGHT"]},
    ],
)
def test_what_cannot_be_waited_for_is_answered_kindly(client, therapist, office, data):
    free = thursday() + timedelta(weeks=3)
    names = {
        "FREE": f"{free.isoformat()}-1080-1260",
        "NIGHT": f"{thursday().isoformat()}-0-60",
    }
    dates = [names.get(value, value) for value in data.get("dates", [])]

    response = client.post(
        join_url(office), {"people": "2", **data, "dates": dates}, follow=True
    )

    assert response.status_code == 200
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert not WaitlistEntry.objects.exists()


def test_somebody_elses_line_is_nobodys_business(client, therapist, office):
    [entry] = join_waitlist(
        office, guest=TherapistFactory(), dates=[(thursday(), EVENING)]
    )

    for name in ("waitlist_leave", "waitlist_rejoin"):
        url = reverse(f"spaces:{name}", args=[entry.pk])
        assert client.post(url).status_code == 404
        assert client.get(url).status_code == 405
    assert (
        "waiting-heading" not in client.get(f"{LIST}?left={entry.pk}").content.decode()
    )
    assert client.get(f"{LIST}?left=x").status_code == 200
    BlockFactory(blocker=office.hosts.get(), blocked=therapist)
    assert client.post(join_url(office)).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_one_and_many(
    client, therapist, django_assert_num_queries, count
):
    for week in range(count):
        occurrence = OccurrenceFactory(
            booking__status="confirmed", period=hours(9, 11, day=7 * week)
        )
        WaitlistEntry.objects.create(
            office=occurrence.office, guest=therapist, period=occurrence.period
        )
    client.get(LIST)

    with django_assert_num_queries(8):
        response = client.get(LIST)

    assert len(response.context["waiting"]) == count
    assert Occurrence.objects.count() == count
