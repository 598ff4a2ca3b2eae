import pytest
from django.urls import reverse

from spaces.domain.hand_on import accept_hand_on, offer_dates
from spaces.models import HandOn, Occurrence
from tests.factories.directory import BlockFactory, InvitedFactory, TherapistFactory
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(client, therapist):
    """The signed-in member's: three coming dates where handing on is allowed."""
    office = OfficeFactory(
        allows_hand_on=True,
        hosts=[TherapistFactory(name="Mara Ellison")],
        name="The garden room",
        suite="Suite 7B",
        entry_code="4711#",
    )
    booking = BookingFactory(
        office=office,
        guest=therapist,
        status="confirmed",
        message="Between us.",
        terms="No shoes.",
    )
    for day in (0, 7, 14):
        OccurrenceFactory(booking=booking, period=hours(9, 11, day=day + 3))
    return booking


@pytest.fixture
def taker():
    return TherapistFactory(name="Tomás Taker")


def new_url(booking):
    return reverse("spaces:hand_on_new", args=[booking.pk])


def answer_url(hand_on, status):
    return reverse("spaces:hand_on_answer", args=[hand_on.pk, status])


def detail_url(hand_on):
    return reverse("spaces:hand_on_detail", args=[hand_on.pk])


def ids(booking):
    return [date.pk for date in booking.occurrences.in_order()]


def offered(booking, taker, count=1, **more):
    return offer_dates(
        booking,
        occurrences=ids(booking)[:count],
        to=taker,
        by=booking.guest,
        **more,
    )


def test_dates_are_offered_to_somebody_found_by_name(client, booking, taker):
    BlockFactory(blocker=TherapistFactory(name="Tom Tonic"), blocked=booking.guest)
    InvitedFactory(name="Tom Invited")
    TherapistFactory(name="Tom Pending", standing="applicant")
    assert new_url(booking) in client.get(booking.get_absolute_url()).content.decode()

    found = client.get(new_url(booking), {"name": "Tomas"})
    assert [person.name for person in found.context["found"]] == ["Tomás Taker"]
    part = client.get(new_url(booking), {"name": "tomas"}, HTTP_HX_REQUEST="true")
    assert "<html" not in part.content.decode()
    nobody = client.get(new_url(booking), {"name": "Mara"})
    assert nobody.context["found"] == []
    page = client.get(new_url(booking), {"to": taker.pk})
    assert "To Tomás Taker" in page.content.decode()

    response = client.post(
        new_url(booking),
        {
            "to": taker.pk,
            "dates": ids(booking)[:2],
            "kind": "lend",
            "message": "Enjoy.",
        },
    )

    hand_on = HandOn.objects.get()
    assert response.url == detail_url(hand_on)
    assert (hand_on.taker, hand_on.kind, hand_on.occurrences.count()) == (
        taker,
        "lend",
        2,
    )
    assert (
        "On offer to Tomás Taker"
        in client.get(booking.get_absolute_url()).content.decode()
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"dates": []}, "Tick at least one date."),
        ({"dates": [10**9]}, "not to be chosen any more"),
        ({"dates": ["x"]}, "not to be chosen any more"),
        ({"kind": "sell"}, "Select a valid choice"),
    ],
)
def test_tampered_offers_are_answered_beside_the_field(
    client, booking, taker, data, words
):
    asked = {"to": taker.pk, "dates": ids(booking)[:1], "kind": "hand_on", **data}

    response = client.post(new_url(booking), asked)

    assert words in response.content.decode()
    assert not HandOn.objects.exists()


def test_nothing_is_offered_to_whom_one_does_not_meet(client, booking):
    blocked = BlockFactory(blocker=booking.guest).blocked
    for person in (blocked, booking.office.hosts.get(), booking.guest, "x", "9" * 30):
        client.post(
            new_url(booking),
            {
                "to": getattr(person, "pk", person),
                "dates": ids(booking)[:1],
                "kind": "hand_on",
            },
        )

    assert not HandOn.objects.exists()


def test_the_taker_reads_all_but_the_address_and_says_yes(client, booking, taker):
    hand_on = offered(booking, taker, count=2)
    client.force_login(taker.user)

    home = client.get(reverse("home")).content.decode()
    assert detail_url(hand_on) in home
    assert (
        detail_url(hand_on)
        in client.get(reverse("spaces:booking_list")).content.decode()
    )
    page = client.get(detail_url(hand_on)).content.decode()
    for said in (
        "The garden room",
        booking.office.building.district,
        "No shoes.",
        "$36",
    ):
        assert said in page
    for kept in ("Suite 7B", booking.office.building.street, "4711#", "Between us."):
        assert kept not in page
    assert client.get(booking.get_absolute_url()).status_code == 404

    response = client.post(answer_url(hand_on, "accepted"), follow=True)

    page = response.content.decode()
    assert response.redirect_chain[-1][0] == booking.get_absolute_url()
    assert "Suite 7B" in page
    assert len(response.context["dates"]) == 2
    assert "Between us." not in page
    again = client.post(answer_url(hand_on, "accepted"), follow=True)
    assert "it cannot become" in again.content.decode()
    assert Occurrence.objects.filter(guest=taker).count() == 2


def test_the_code_is_shown_to_whoever_has_the_date(client, booking, taker):
    soon = booking.occurrences.first()
    Occurrence.objects.filter(pk=soon.pk).update(period=hours(-20, 40), guest=taker)

    giver = client.get(booking.get_absolute_url()).content.decode()
    client.force_login(taker.user)
    theirs = client.get(booking.get_absolute_url()).content.decode()

    assert "4711#" not in giver
    assert "4711#" in theirs


@pytest.mark.parametrize(
    ("status", "who", "becomes"),
    [
        ("declined", "taker", "declined"),
        ("withdrawn", "giver", "withdrawn"),
        ("accepted", "giver", "offered"),
        ("withdrawn", "taker", "offered"),
    ],
)
def test_each_side_has_its_answers(client, booking, taker, status, who, becomes):
    hand_on = offered(booking, taker)
    client.force_login({"taker": taker, "giver": booking.guest}[who].user)

    response = client.post(answer_url(hand_on, status), follow=True)

    assert response.status_code == 200
    hand_on.refresh_from_db()
    assert hand_on.status == becomes


def test_outsiders_find_nothing(client, booking, taker):
    hand_on = offered(booking, taker)
    for person in (TherapistFactory(), booking.office.hosts.get()):
        client.force_login(person.user)
        assert client.get(detail_url(hand_on)).status_code == 404
        assert client.post(answer_url(hand_on, "accepted")).status_code == 404
        assert client.get(new_url(booking)).status_code == 404
    client.force_login(taker.user)
    assert client.get(new_url(booking)).status_code == 404
    assert client.post(answer_url(hand_on, "lapsed")).status_code == 404
    assert client.get(answer_url(hand_on, "accepted")).status_code == 405


def test_where_it_is_not_allowed_nothing_is_offered(client, booking):
    office = booking.office
    office.allows_hand_on = False
    office.save()

    assert (
        new_url(booking) not in client.get(booking.get_absolute_url()).content.decode()
    )
    assert client.get(new_url(booking)).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_offers_page_costs_the_same_for_one_date_and_many(
    client, booking, taker, django_assert_num_queries, count
):
    hand_on = offered(booking, taker, count=count)
    client.force_login(taker.user)
    client.get(detail_url(hand_on))

    with django_assert_num_queries(7):
        client.get(detail_url(hand_on))


def test_the_feed_and_the_week_follow_whoever_has_the_date(client, booking, taker):
    accept_hand_on(offered(booking, taker), by=taker)

    def feed(person):
        url = reverse("spaces:feed", args=[person.feed_token])
        return client.get(url).content.decode().count("BEGIN:VEVENT")

    assert feed(taker) == 1
    assert booking.occurrences.filter(guest=booking.guest).count() == 2
