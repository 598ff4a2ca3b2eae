from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.links import sign
from directory.models import Delivery
from spaces.hours import Span
from spaces.models import Answer, Booking, Offer, Office
from spaces.notifications.links import LINK_DAYS
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import (
    ClosureFactory,
    HelperFactory,
    IncidentFactory,
    NeedFactory,
    OfferFactory,
    OfficeFactory,
    WaveFactory,
    helper_with_hours,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db

EVENING = Span(2, 17 * 60, 21 * 60)
EARLY = Span(2, 17 * 60, 19 * 60)
LATER = {"first_date": timezone.now().date() + timedelta(days=1)}


@pytest.fixture
def helper():
    return helper_with_hours(EARLY, name="Garden room", helper_name="Mara Ellison")


@pytest.fixture
def wave():
    return WaveFactory(
        need=NeedFactory(therapist__name="Dana Whitlock", spans=[EVENING], **LATER)
    )


def link(wave, helper):
    token = sign("help", wave=wave.pk, to=helper.pk)
    return reverse("spaces:offer_answer", args=[token])


def offer(helper, **changes):
    room = helper.offices.get(is_draft=False)
    return {
        "hours": ["2-1020-1140"],
        "office": room.pk,
        "price": "free",
        "answer": "offer",
    } | changes


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_offers_nothing(client, wave, helper, method):
    response = getattr(client, method)(link(wave, helper))

    assert response.status_code == 200
    assert not Offer.objects.exists()
    assert not Answer.objects.exists()
    assert not Delivery.objects.exists()


def test_hours_that_fit_are_ticked_first_names_only(client, wave, helper):
    page = client.get(link(wave, helper))

    cards = [
        (card["hours"], card["is_ticked"], card["fit"])
        for card in page.context["cards"]
    ]
    assert cards == [
        ("Wed 17:00–19:00", True, "you have these free in Garden room"),
        ("Wed 19:00–21:00", False, "not among your posted hours"),
    ]
    text = page.content.decode()
    assert "Dana" in text
    assert "Whitlock" not in text


def test_the_room_that_fits_is_chosen_already(client, wave, helper):
    OfficeFactory(name="A room without hours", hosts=[helper])

    form = client.get(link(wave, helper)).context["form"]

    assert form["office"].value() == str(helper.offices.get(name="Garden room").pk)


def test_the_link_alone_shows_hours_their_words_only_to_who_is_signed_in(
    client, wave, helper
):
    wave.need.note = "A quiet room, please"
    wave.need.save()

    assert "A quiet room" not in client.get(link(wave, helper)).content.decode()
    client.force_login(helper.user)
    assert "A quiet room" in client.get(link(wave, helper)).content.decode()


def test_nothing_is_ticked_for_those_who_posted_none(client, wave):
    helper = OfficeFactory(hosts=[HelperFactory()]).hosts.get()

    [card] = client.get(link(wave, helper)).context["cards"]

    assert not card["is_ticked"]


def test_offering_the_ticked_hours(client, wave, helper):
    response = client.post(
        link(wave, helper),
        offer(helper, price="18", message="Use my kettle."),
        follow=True,
    )

    made = Offer.objects.get()
    assert made.spans == [EARLY]
    assert (made.price_cents, made.message) == (1800, "Use my kettle.")
    assert "Dana will hear at once" in response.content.decode()
    assert not Booking.objects.exists()


def test_offering_all_of_them(client, wave, helper):
    client.post(link(wave, helper), offer(helper, hours=[], answer="all"))

    assert Offer.objects.get().spans == [EVENING]


def test_offering_only_a_part(client, wave, helper):
    client.post(link(wave, helper), offer(helper, hours=[], more=["2-1080", "2-1110"]))

    assert Offer.objects.get().spans == [Span(2, 1080, 1140)]


def test_sending_it_twice_offers_once(client, wave, helper):
    for _each in range(2):
        client.post(link(wave, helper), offer(helper))

    assert Offer.objects.count() == 1
    assert Delivery.objects.filter(kind="offer_received").count() == 1


@pytest.mark.parametrize(
    ("answer", "choice"), [("no", "not_now"), ("never", "not_this_incident")]
)
def test_one_tap_for_no(client, wave, helper, answer, choice):
    for _each in range(2):
        response = client.post(link(wave, helper), {"answer": answer}, follow=True)

    assert response.status_code == 200
    assert Answer.objects.get().choice == choice
    assert not Offer.objects.exists()


def test_a_no_after_an_offer_says_that_it_is_taken_back(client, wave, helper):
    client.post(link(wave, helper), offer(helper))

    response = client.post(link(wave, helper), {"answer": "no"}, follow=True)

    assert "What you had offered is taken back." in response.content.decode()
    assert Offer.objects.get().status == "withdrawn"


def test_a_closed_room_is_the_last_to_be_chosen(client, wave):
    helper = HelperFactory()
    ClosureFactory(office=OfficeFactory(hosts=[helper]), period=hours(-30, 400))
    open_room = OfficeFactory(hosts=[helper])

    form = client.get(link(wave, helper)).context["form"]

    assert form["office"].value() == str(open_room.pk)


def test_another_place_becomes_a_private_draft_once(client, wave, helper):
    place = {"street": "12 Hidden Lane", "zip_code": "94611", "capacity": "2"}

    for _each in range(2):
        client.post(link(wave, helper), offer(helper, office="elsewhere", **place))

    made = Offer.objects.get()
    assert made.office.is_draft
    assert made.office.building.street == "12 Hidden Lane"
    assert Office.objects.filter(is_draft=True).count() == 1
    assert client.get(link(wave, helper)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hours": []}, "__all__"),
        ({"hours": ["x"]}, "hours"),
        ({"price": "-1"}, "price"),
        ({"price": "1000000"}, "price"),
        ({"office": "999999"}, "office"),
        ({"office": "elsewhere"}, "street"),
        ({"office": "elsewhere", "street": "1 Lane", "zip_code": "00000"}, "zip_code"),
        ({"until": "2020-01-01"}, "until"),
        ({"message": "x" * 1001}, "message"),
        ({"capacity": "0", "office": "elsewhere"}, "street"),
    ],
)
def test_what_makes_no_sense_is_said(client, wave, helper, changes, field):
    response = client.post(link(wave, helper), offer(helper) | changes)

    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert not Offer.objects.exists()


def test_the_grid_is_repainted_without_javascript(client, wave, helper):
    lists = {"more_day": "2", "more_from": "1080", "more_to": "1140"}

    response = client.post(link(wave, helper), offer(helper, repaint="more", **lists))

    assert response.status_code == 200
    assert not Offer.objects.exists()


def test_altered_foreign_and_old_links(client, wave, helper, monkeypatch):
    url = link(wave, helper)
    foreign = sign("word", wave=wave.pk, to=helper.pk)

    assert client.get(url[:-5] + "aaaa/").status_code == 404
    other = reverse("spaces:offer_answer", args=[foreign])
    assert client.post(other, offer(helper)).status_code == 404
    monkeypatch.setitem(LINK_DAYS, "help", timedelta(0))
    response = client.post(url, offer(helper))
    assert response.status_code == 410
    assert "too old" in response.content.decode()
    assert not Offer.objects.exists()


@pytest.mark.parametrize("standing", ["suspended", "left"])
def test_the_link_of_who_is_no_member_any_more(client, wave, helper, standing):
    helper.standing = standing
    helper.save()

    assert client.post(link(wave, helper), offer(helper)).status_code == 404
    assert not Offer.objects.exists()


def test_after_the_need_closed_the_page_is_kind(client, wave, helper):
    wave.need.status = "closed"
    wave.need.save()

    page = client.get(link(wave, helper))
    assert "Covered, thank you" in page.content.decode()
    response = client.post(link(wave, helper), offer(helper))

    assert response.status_code == 200
    assert not Offer.objects.exists()


def test_covered_meanwhile_the_rest_is_shown(client, helper):
    incident = IncidentFactory()
    NeedFactory(incident=incident, status="covered", spans=[EARLY], **LATER)
    NeedFactory(incident=incident, spans=[Span(2, 1140, 1260)], **LATER)
    wave = WaveFactory(incident=incident, need=None)

    response = client.post(link(wave, helper), offer(helper))

    text = response.content.decode()
    assert "None of these hours is still needed" in text
    assert "Wed 19:00–21:00" in text


def test_people_across_a_block_do_not_meet_here(client, wave, helper):
    BlockFactory(blocker=wave.need.therapist, blocked=helper)

    page = client.get(link(wave, helper))

    assert page.context["cards"] == []
    assert "Dana" not in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_offer_answer_query_count_is_constant(
    client, helper, django_assert_num_queries, count
):
    incident = IncidentFactory()
    for _each in range(count):
        OfferFactory(need=NeedFactory(incident=incident, **LATER), helper=helper)
    wave = WaveFactory(incident=incident, need=None)

    with django_assert_num_queries(23):
        client.get(link(wave, helper))


def test_taking_an_offer_back(client, therapist):
    mine, other = OfferFactory(helper=therapist), OfferFactory()

    client.post(reverse("spaces:offer_withdraw", args=[mine.pk]))
    response = client.post(reverse("spaces:offer_withdraw", args=[other.pk]))

    mine.refresh_from_db()
    assert (mine.status, response.status_code) == ("withdrawn", 404)


def test_offers_are_seen_on_the_emergency_page(client, therapist):
    made = OfferFactory(helper=therapist)
    TherapistFactory()

    page = client.get(reverse("spaces:emergency"))

    assert list(page.context["offers"]) == [made]
