from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from directory.enums import DeliveryState, Standing
from tests.factories.directory import (
    CommunityFactory,
    DeliveryFactory,
    LicenceFactory,
    StandingEventFactory,
    SupervisionFactory,
    TermFactory,
    TherapistFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
QUEUE = reverse("admin:directory_therapist_changelist")


@pytest.fixture
def act(client, django_capture_on_commit_callbacks):
    def post(url, **data):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, data, follow=True)

    return post


def applicant(**fields):
    person = TherapistFactory(standing=Standing.APPLICANT, joined_at=None, **fields)
    StandingEventFactory(therapist=person, actor=person, new=Standing.APPLICANT)
    LicenceFactory(therapist=person)
    return person


def standing(person):
    person.refresh_from_db()
    return person.standing


@pytest.mark.parametrize("item_count", [1, 3])
def test_the_queue_shows_applicants_in_constant_queries(
    client, moderator, django_assert_num_queries, item_count
):
    people = [applicant() for _ in range(item_count)]

    with django_assert_num_queries(13):
        response = client.get(QUEUE)

    assert list(response.context["cl"].result_list) == people


def test_the_queue_can_show_everybody(client, moderator):
    applicant()

    assert client.get(QUEUE, {"standing": "all"}).context["cl"].result_count == 2


def test_approve_in_one_action(moderator, act):
    people = [applicant(), applicant()]

    act(QUEUE, action="approve", _selected_action=[person.pk for person in people])

    assert [standing(person) for person in people] == [Standing.MEMBER] * 2
    assert sorted(message.to[0] for message in mail.outbox) == [
        person.user.email for person in people
    ]
    assert people[0].standing_events.last().actor == moderator


def test_decline_asks_for_the_reason_first(moderator, act):
    person = applicant()
    chosen = {"action": "decline", "_selected_action": [person.pk]}

    asked = act(QUEUE, **chosen)
    empty = act(QUEUE, **chosen, reason="  ")
    waiting = standing(person)
    act(QUEUE, **chosen, reason="No such licence.")

    assert (
        asked.templates[0].name
        == empty.templates[0].name
        == "admin/directory/reason.html"
    )
    assert (waiting, standing(person)) == (Standing.APPLICANT, Standing.LEFT)
    assert "No such licence." in mail.outbox[0].body


@pytest.mark.parametrize(
    ("old", "new", "reason", "expected"),
    [
        ("applicant", "member", "", "member"),
        ("applicant", "left", "No such licence.", "left"),
        ("applicant", "left", "", "applicant"),
        ("member", "suspended", "Complaint.", "suspended"),
        ("suspended", "member", "", "member"),
        ("left", "member", "", "left"),
        ("member", "invited", "x", "member"),
    ],
)
def test_decide_on_the_persons_page(moderator, act, old, new, reason, expected):
    person = TherapistFactory(standing=old)

    response = act(
        reverse("admin:directory_therapist_decide", args=[person.pk]),
        to=new,
        reason=reason,
    )

    assert response.status_code == 200
    assert standing(person) == expected


def test_moderators_do_not_decide_about_themselves(client, moderator):
    page = client.get(reverse("admin:directory_therapist_change", args=[moderator.pk]))

    assert page.context["decisions"] == []


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.LEFT])
def test_the_desk_is_closed_to_moderators_who_are_no_members(
    client, moderator, standing
):
    moderator.standing = standing
    moderator.save()

    assert client.get(QUEUE).status_code in {302, 403}


def test_a_sign_in_without_a_profile_decides_nothing(client, act):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    person = applicant()

    act(QUEUE, action="approve", _selected_action=[person.pk])

    assert standing(person) == Standing.APPLICANT


def test_the_persons_page_shows_the_decisions_and_saves_no_standing(
    client, moderator, act
):
    person = applicant()
    SupervisionFactory(trainee=person)
    url = reverse("admin:directory_therapist_change", args=[person.pk])

    page = client.get(url)
    act(url, name="Changed", standing="member", terms=[])

    assert [decision["to"] for decision in page.context["decisions"]] == [
        "member",
        "left",
    ]
    assert standing(person) == Standing.APPLICANT


def test_deliveries_can_be_tried_again_and_show_no_code(client, moderator, act):
    row = DeliveryFactory(
        kind="sign_in_code",
        state=DeliveryState.FAILED,
        payload={"code": "402118"},
        recipient=None,
        address="a@example.org",
    )
    url = reverse("admin:directory_delivery_changelist")

    page = client.get(
        reverse("admin:directory_delivery_change", args=[row.pk])
    ).content.decode()
    act(url, action="send_again", _selected_action=[row.pk])

    assert "402118" not in page
    row.refresh_from_db()
    assert row.state == DeliveryState.SENT


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "pending", "reason": "Quiet hours."}, [": due<", "Quiet hours."]),
        (
            {"state": "uncertain", "attempts": 1, "uncertain_at": timezone.now()},
            ["its fate was lost", ": due (again)<"],
        ),
        ({"state": "sent", "attempts": 2, "sent_at": timezone.now()}, [": sent<"]),
        ({"state": "failed", "reason": "550 no"}, ["in the end: failed", "550 no"]),
    ],
)
def test_a_deliverys_whole_life_is_on_its_page(client, moderator, fields, words):
    row = DeliveryFactory(
        claimed_at=timezone.now(), message_id="<delivery.1@example.org>", **fields
    )

    page = client.get(reverse("admin:directory_delivery_change", args=[row.pk]))

    text = page.content.decode()
    for said in [*words, ": promised<", "taken up by a sender", "delivery.1@example"]:
        assert said in text


def test_administrators_edit_the_one_community(client):
    admin = TherapistFactory(user__is_staff=True, user__is_superuser=True)
    client.force_login(admin.user)
    community = CommunityFactory()

    assert client.get(reverse("admin:directory_community_add")).status_code == 403
    assert (
        client.get(
            reverse("admin:directory_community_change", args=[community.pk])
        ).status_code
        == 200
    )
    assert client.get(reverse("admin:directory_user_changelist")).status_code == 200


def test_terms_are_edited_not_deleted(client, moderator):
    term = TermFactory()

    assert (
        client.get(reverse("admin:directory_term_change", args=[term.pk])).status_code
        == 200
    )
    assert (
        client.get(reverse("admin:directory_term_delete", args=[term.pk])).status_code
        == 403
    )


def test_the_desk_begins_with_what_waits_and_since_when(client, moderator):
    now = timezone.now()
    longest = applicant()
    longest.standing_events.update(created_at=now - timedelta(days=3, hours=5))
    applicant()
    DeliveryFactory(priority=1, state=DeliveryState.FAILED)

    page = client.get(reverse("admin:index"))

    waiting = {str(queue.label): queue for queue in page.context["queues"]}
    asked = waiting["People who ask to join"]
    assert (asked.count, asked.age) == (2, "3\N{NO-BREAK SPACE}days")
    assert waiting["Essential mails that failed"].count == 1
    assert (waiting["Members reported"].count, waiting["Members reported"].age) == (
        0,
        "",
    )
    assert all(client.get(queue.url).status_code == 200 for queue in waiting.values())
