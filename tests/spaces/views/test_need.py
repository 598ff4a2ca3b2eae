from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from directory.domain.outbox import enqueue
from directory.links import sign
from directory.models import Delivery, Term
from spaces.hours import Span
from spaces.models import Answer, Need, Wave
from tests.factories.directory import (
    BlockFactory,
    InvitedFactory,
    ModeratorFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    IncidentFactory,
    NeedFactory,
    OfferFactory,
    WaveFactory,
    WaveRecipientFactory,
)

pytestmark = pytest.mark.django_db

NEW = "spaces:need_new"


def today(days=0):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def form(**changes):
    return {
        "hours": ["2-1020-1260"],
        "first_date": today(1),
        "until": today(28),
        "radius": "5",
        "most": "25",
        "people": "2",
        "publish": "1",
    } | changes


def page_of(need):
    return reverse("spaces:need_detail", args=[need.pk])


# --- Writing -----------------------------------------------------------------------------


def test_publishing_a_need_of_ones_own(client, therapist):
    assert client.get(reverse(NEW)).status_code == 200

    response = client.post(reverse(NEW), form(near="94618", note="Quiet, please"))

    need = Need.objects.get()
    assert response.url == need.get_absolute_url()
    assert (need.therapist, need.author, need.status) == (therapist, therapist, "open")
    assert (need.radius_metres, need.most_cents, need.place) == (5000, 2500, "Oakland")
    assert need.waves.count() == 1


def test_what_looks_like_a_client_is_left_out_with_one_tap(client, therapist):
    """The hours are asked for all the same."""
    data = form(note="For J.M., 34, no stairs")
    url = reverse(NEW)

    asked = client.post(url, data).content.decode()
    assert "“J.M., 34” looks as if" in asked
    assert not Need.objects.exists()
    assert '<input type="hidden" name="publish" value="1">' in asked

    client.post(url, {**data, "client_words": "leave-out"})
    need = Need.objects.get()
    assert (need.status, need.note) == ("open", "")
    assert need.hours.exists()


def test_keeping_a_draft_tells_nobody(client, therapist):
    data = form()
    del data["publish"]

    client.post(reverse(NEW), data)

    assert Need.objects.get().status == "draft"
    assert not Wave.objects.exists()


def test_for_a_trainee_and_an_incident(client, therapist):
    incident = IncidentFactory(status="confirmed")
    trainee = SupervisionFactory(supervisor=therapist).trainee

    client.post(f"{reverse(NEW)}?incident={incident.pk}", form(therapist=trainee.pk))

    need = Need.objects.get()
    assert (need.therapist, need.author, need.incident) == (
        trainee,
        therapist,
        incident,
    )


def test_nobody_asks_for_a_stranger(client, therapist):
    SupervisionFactory(supervisor=therapist)

    response = client.post(reverse(NEW), form(therapist=TherapistFactory().pk))

    assert response.context["form"].errors["therapist"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hours": []}, "hours"),
        ({"hours": ["9-0"]}, "hours"),
        ({"hours": ["2-1260-1020"]}, "hours"),
        ({"first_date": "2020-01-01"}, "first_date"),
        ({"first_date": "soon"}, "first_date"),
        ({"until": today(-1)}, "until"),
        ({"radius": "0"}, "radius"),
        ({"radius": "10000"}, "radius"),
        ({"radius": "nan"}, "radius"),
        ({"most": "-5"}, "most"),
        ({"most": "99999999"}, "most"),
        ({"most": "much"}, "most"),
        ({"people": "0"}, "people"),
        ({"people": "5000"}, "people"),
        ({"near": "00000"}, "near"),
        ({"note": "x" * 1001}, "note"),
        ({"hours": ["2-540-600"], "first_date": today(1), "until": today(1)}, "__all__")
        if (timezone.localdate() + timedelta(days=1)).weekday() != 2
        else ({"hours": ["3-540-600"], "until": today(1)}, "__all__"),
    ],
)
def test_what_makes_no_sense_is_said_and_what_was_typed_is_kept(
    client, therapist, changes, field
):
    response = client.post(reverse(NEW), form(note="Quiet") | changes)

    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert not Need.objects.exists()
    if "note" not in changes:
        assert "Quiet" in response.content.decode()


def test_nice_hours_and_what_the_room_must_have(client, therapist):
    """Kept, shown apart on the need's page, and filled in again when it is changed."""
    term = Term.objects.filter(kind="office_attribute", retired=False).first()
    data = form(nice=["4-540-600", "2-1020-1050"], attributes=[term.pk])

    client.post(reverse(NEW), data)

    need = Need.objects.get()
    assert [tuple(span) for span in need.nice_spans] == [(4, 540, 600)]
    assert list(need.attributes.all()) == [term]
    page = client.get(page_of(need))
    text = page.content.decode()
    assert "Of the hours that would be nice, 0 of" in text
    assert f"It must have: {escape(term)}." in text
    edit = client.get(reverse("spaces:need_edit", args=[need.pk]))
    assert edit.context["form"].initial["nice"] == need.nice_spans
    assert edit.context["form"].initial["attributes"] == [term.pk]
    wrong = client.post(reverse(NEW), data | {"attributes": ["9999999", "x"]})
    assert wrong.context["form"].errors["attributes"]
    wrong = client.post(reverse(NEW), data | {"nice": ["9-0"]})
    assert wrong.context["form"].errors["nice"]


@pytest.mark.parametrize("note", ["🙂 " * 50, "مرحبا بالعالم", "O’Rourke & <b>co</b>"])
def test_any_words_are_kept_as_they_are(client, therapist, note):
    client.post(reverse(NEW), form(note=note))

    assert Need.objects.get().note == note.strip()
    assert client.get(page_of(Need.objects.get())).status_code == 200


def test_a_second_open_need_is_refused_kindly(client, therapist):
    NeedFactory(therapist=therapist)

    response = client.post(reverse(NEW), form(), follow=True)

    assert "There is an open need already" in response.content.decode()
    assert Need.objects.open().count() == 1


def test_changing_an_open_need(client, therapist):
    need = NeedFactory(therapist=therapist)
    url = reverse("spaces:need_edit", args=[need.pk])
    assert client.get(url).status_code == 200

    client.post(url, form(hours=["0-540-600"]))

    need = Need.objects.get()
    assert [tuple(span) for span in need.spans] == [(0, 540, 600)]


def test_publishing_a_draft_with_one_button_and_closing_it(client, therapist):
    need = NeedFactory(therapist=therapist, status="draft", published_at=None)
    assert (
        "Ask colleagues for these hours" in client.get(page_of(need)).content.decode()
    )

    client.post(reverse("spaces:need_publish", args=[need.pk]))
    need.refresh_from_db()
    assert need.status == "open"

    client.post(reverse("spaces:need_close", args=[need.pk]))
    need.refresh_from_db()
    assert need.status == "closed"


def test_publishing_with_two_taps_is_publishing_once(client, therapist):
    need = NeedFactory(therapist=therapist, status="draft", published_at=None)

    for _tap in range(2):
        response = client.post(
            reverse("spaces:need_publish", args=[need.pk]), follow=True
        )

    [message] = response.context["messages"]
    assert str(message).startswith("Published.")
    assert need.waves.count() == 1


# --- Reading -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "open", "covered", "closed", "expired"])
def test_the_needs_people_and_moderators_see_it(client, status):
    need = NeedFactory(status=status, author=TherapistFactory())
    people = [need.therapist, need.author, ModeratorFactory()]

    seen = []
    for person in [*people, TherapistFactory()]:
        client.force_login(person.user)
        seen.append(client.get(page_of(need)).status_code)

    assert seen == [200, 200, 200, 404]


@pytest.mark.parametrize(
    "name", ["need_edit", "need_publish", "need_close", "offer_accept"]
)
def test_outsiders_can_do_nothing(client, therapist, name):
    need = NeedFactory(status="draft")
    offer = OfferFactory(need=need)
    args = [need.pk, offer.pk] if name == "offer_accept" else [need.pk]

    assert client.post(reverse(f"spaces:{name}", args=args)).status_code == 404


def test_counts_are_shown_never_who_said_no(client, therapist):
    need = NeedFactory(therapist=therapist)
    wave = WaveFactory(need=need)
    people = [
        WaveRecipientFactory(wave=wave, recipient__name=f"{name} Surname").recipient
        for name in ("Nora", "Olaf", "Pia")
    ]
    Answer.objects.create(wave=wave, recipient=people[0], choice="not_now")
    Answer.objects.create(wave=wave, recipient=people[1], choice="offers")

    page = client.get(page_of(need))

    assert page.context["told"] == {
        "people": 3,
        "waiting": 0,
        "answered": 2,
        "offered": 1,
        "no": 1,
        "silent": 1,
    }
    assert "Nora" not in page.content.decode()


def test_whose_mail_waits_for_the_morning_is_not_told_yet(client, therapist):
    need = NeedFactory(therapist=therapist)
    wave = WaveFactory(need=need)
    told, asleep = (WaveRecipientFactory(wave=wave).recipient for _each in range(2))
    later = timezone.now() + timedelta(hours=8)
    for person, when in [(told, timezone.now()), (asleep, later)]:
        enqueue("wave", to=person, cause=f"wave:{wave.pk}", not_before=when)

    page = client.get(page_of(need))

    counts = page.context["told"]
    assert (counts["people"], counts["waiting"], counts["silent"]) == (1, 1, 1)
    assert "1 more is told later: it is their quiet hours" in page.content.decode()


def test_polling_swaps_only_when_something_changed(client, therapist):
    need = NeedFactory(therapist=therapist)
    seen = client.get(page_of(need)).context["seen"]
    htmx = {"HTTP_HX_REQUEST": "true"}

    same = client.get(page_of(need), {"seen": seen}, **htmx)
    assert (same.status_code, same.content) == (204, b"")

    OfferFactory(need=need, helper__name="Mara Ellison")
    news = client.get(page_of(need), {"seen": seen}, **htmx)
    text = news.content.decode()
    assert news.status_code == 200
    assert "Mara Ellison" in text
    assert "<html" not in text
    assert 'id="live"' in text
    assert "every 5s" in text
    assert "HX-Request" in news["Vary"]


def test_a_covered_need_asks_no_more(client, therapist):
    need = NeedFactory(therapist=therapist, status="covered")

    assert "every 5s" not in client.get(page_of(need)).content.decode()


def test_offers_across_a_block_are_not_shown(client, therapist):
    need = NeedFactory(therapist=therapist)
    offer = OfferFactory(need=need)
    BlockFactory(blocker=offer.helper, blocked=therapist)

    assert client.get(page_of(need)).context["offers"] == []


def test_accepting_and_declining(client, therapist):
    need = NeedFactory(therapist=therapist)
    one, two = OfferFactory(need=need), OfferFactory(need=need, spans=[])
    other = OfferFactory()

    def answer(verb, offer):
        url = reverse(f"spaces:offer_{verb}", args=[need.pk, offer.pk])
        return client.post(url, follow=True)

    assert answer("accept", other).status_code == 404
    assert "thanked" in answer("decline", two).content.decode()
    assert "Booked" in answer("accept", one).content.decode()
    again = answer("accept", one).content.decode()

    assert "is “Accepted” now" in again
    statuses = dict(need.offers.values_list("pk", "status"))
    assert statuses == {one.pk: "accepted", two.pk: "declined"}


def test_several_offers_are_accepted_with_one_button(client, therapist):
    need = NeedFactory(
        therapist=therapist,
        spans=[Span(2, 540, 660), Span(4, 540, 660)],
        first_date=timezone.localdate() + timedelta(days=3),
    )
    url = reverse("spaces:offer_accept_plan", args=[need.pk])
    one = OfferFactory(need=need, spans=[Span(2, 540, 660)], helper__name="Mara Moss")
    assert 'id="plan"' not in client.get(page_of(need)).content.decode()
    two = OfferFactory(need=need, spans=[Span(4, 540, 660)], helper__name="Nils Nord")

    text = " ".join(client.get(page_of(need)).content.decode().split())
    assert "These 2 offers together cover all" in text
    assert "no change of room within a day" in text
    gone = OfferFactory(need=need, status="withdrawn", helper__name="Olga Ost")
    said = client.post(url, {"offer": [one.pk, two.pk, gone.pk, "x", "²"]}, follow=True)

    text = said.content.decode()
    assert "Booked with Mara, Nils." in text
    assert "Olga: This offer is “Withdrawn” now" in text
    need.refresh_from_db()
    assert need.status == "covered"
    again = client.post(url, {"offer": [one.pk, two.pk]}, follow=True).content.decode()
    assert "is “Accepted” now" in again
    client.force_login(TherapistFactory().user)
    assert client.post(url, {"offer": one.pk}).status_code == 404


def test_waves_are_paused_and_go_on_from_the_page(client, therapist):
    need = NeedFactory(therapist=therapist)
    wave = WaveFactory(need=need)

    for state in ("paused", "running"):
        client.post(reverse("spaces:wave_answer", args=[need.pk, wave.pk, state]))
        wave.refresh_from_db()
        assert wave.state == state
    client.post(reverse("spaces:wave_answer", args=[need.pk, wave.pk, "stopped"]))
    wave.refresh_from_db()
    assert wave.state == "running"


@pytest.mark.parametrize("count", [2, 4])
def test_need_detail_query_count_is_constant(
    client, therapist, django_assert_num_queries, count
):
    need = NeedFactory(therapist=therapist, incident=IncidentFactory())
    wave = WaveFactory(incident=need.incident, need=None)
    for _each in range(count):
        OfferFactory(need=need)
        OfferFactory(need=need, status="accepted")
        WaveRecipientFactory(wave=wave)

    with django_assert_num_queries(29):
        client.get(page_of(need))


# --- By signed link, for those without a sign-in ---------------------------------------------


def link_of(need, person):
    return reverse("spaces:need_link", args=[sign("need", need=need.pk, to=person.pk)])


@pytest.fixture
def invited():
    return InvitedFactory(name="Ines Invited")


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing(client, invited, method):
    need = NeedFactory(therapist=invited, status="draft", published_at=None)

    response = getattr(client, method)(link_of(need, invited))

    need.refresh_from_db()
    assert (response.status_code, need.status) == (200, "draft")
    assert client.get(page_of(need)).status_code == 302


def test_an_invited_person_publishes_and_accepts_by_their_link(client, invited):
    need = NeedFactory(therapist=invited, status="draft", published_at=None)

    response = client.post(link_of(need, invited), {"publish": "1"}, follow=True)

    need.refresh_from_db()
    assert (response.status_code, need.status) == (200, "open")
    offer = OfferFactory(need=need)
    assert client.get(page_of(need)).status_code == 200
    client.post(reverse("spaces:offer_accept", args=[need.pk, offer.pk]))
    offer.refresh_from_db()
    assert (offer.status, offer.booking.guest) == ("accepted", invited)
    assert client.get(page_of(NeedFactory())).status_code == 302


def test_an_invited_person_changes_their_hours_first(client, invited):
    need = NeedFactory(therapist=invited, status="draft", spans=[])

    response = client.post(link_of(need, invited), {"edit": "1"})
    assert response.url == reverse("spaces:need_edit", args=[need.pk])
    client.post(response.url, form())

    need.refresh_from_db()
    assert need.status == "open"


def test_a_link_is_for_its_person_only(client, invited):
    need = NeedFactory(therapist=invited)
    member = NeedFactory()

    assert client.get(link_of(need, InvitedFactory())).status_code == 404
    assert client.get(link_of(member, member.therapist)).status_code == 404
    assert client.get(link_of(need, invited)[:-3] + "x/").status_code == 404


def test_the_broker_is_down_and_the_page_answers(
    client, therapist, settings, django_capture_on_commit_callbacks
):
    need = NeedFactory(therapist=therapist, status="draft", published_at=None)
    settings.CELERY_TASK_ALWAYS_EAGER = False

    response = client.post(reverse("spaces:need_publish", args=[need.pk]))

    assert response.status_code == 302
    assert not Delivery.objects.exclude(state="pending").exists()
