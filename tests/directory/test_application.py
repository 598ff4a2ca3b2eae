"""Until somebody is in, through the front door: questions, talk, invitations, vouches, an appeal."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from directory.domain.application import usual_wait
from directory.enums import Standing, TermKind
from directory.links import sign
from directory.models import Term, Therapist
from directory.registry import EMERGENCY_KEY
from tests.factories.directory import (
    CommunityFactory,
    LicenceFactory,
    ModeratorFactory,
    StandingEventFactory,
    TherapistFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
PAGE = reverse("directory:application")


@pytest.fixture
def say(client, django_capture_on_commit_callbacks):
    def post(person, url, **data):
        client.force_login(person.user)
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, data, follow=True)

    return post


def desk(name, person):
    return reverse(f"admin:directory_therapist_{name}", args=[person.pk])


def test_invited_prefilled_questions_asked_talked_with_declined_and_appealed(
    client, therapist, say
):
    CommunityFactory(join_questions="Who knows you here?\n\nWhy now?")
    first, second = ModeratorFactory.create_batch(2)
    LicenceFactory(
        kind=Term.objects.get(kind=TermKind.CREDENTIAL, slug="lmft"),
        number="98213",
        therapist=TherapistFactory(name="Same Number"),
    )

    say(
        therapist,
        reverse("directory:invite"),
        name="Noor Haddad",
        email="Noor@example.org",
    )
    say(therapist, reverse("directory:invite"), name="Again", email="noor@example.org")
    assert [message.to for message in mail.outbox] == [["noor@example.org"]]
    assert "Dana Whitlock invites you" in mail.outbox[0].subject

    link = f"{reverse('account_signup')}?email=noor%40example.org"
    assert link in mail.outbox[0].body
    client.logout()
    assert client.get(link).context["form"]["email"].value() == "noor@example.org"
    client.force_login(UserFactory(email="noor@example.org"))
    join = reverse("directory:join")
    page = client.get(join)
    assert page.context["form"]["name"].value() == "Noor Haddad"
    assert "Dana Whitlock invites you." in page.content.decode()
    client.post(
        join,
        {
            "name": "Noor Haddad",
            "credentials": "LMFT",
            "licence_kind": Term.objects.get(kind="credential", slug="lmft").pk,
            "licence_number": "98213",
            "jurisdiction": "California",
            "expires_on": timezone.localdate() + timedelta(400),
            "zip_code": "94618",
            "agreement": "on",
            "question_0": "Dana <b>does</b>",
            "question_2": "I move.",
        },
    )
    noor = Therapist.objects.get(name="Noor Haddad")
    assert noor.invited_by == therapist

    client.force_login(first.user)
    page = client.get(desk("change", noor)).content.decode()
    for words in [
        "Who knows you here?",
        "Dana &lt;b&gt;does&lt;/b&gt;",
        "is also given by",
        "Same Number",
        "search.dca.ca.gov",
    ]:
        assert words in page
    say(first, desk("write", noor), text="Which board?")
    assert mail.outbox[-1].to == [noor.user.email]
    answered = say(noor, PAGE, text="The BBS.").content.decode()
    assert "Which board?" in answered
    assert "The BBS." in mail.outbox[-1].body

    say(first, desk("decide", noor), to="left", reason="No such number.")
    assert "No such number." in client.get(desk("change", noor)).content.decode()
    said = say(noor, PAGE, text="It is 98214.")
    noor.refresh_from_db()
    assert noor.standing == Standing.APPLICANT
    assert "It is 98214." in said.content.decode()

    refused = say(first, desk("decide", noor), to="member").content.decode()
    noor.refresh_from_db()
    assert ("another moderator" in refused, noor.standing) == (True, "applicant")
    say(second, desk("decide", noor), to="member")
    noor.refresh_from_db()
    assert noor.standing == Standing.MEMBER
    history = client.get(
        reverse("admin:directory_therapist_history", args=[noor.pk])
    ).content.decode()
    assert "No such number." in history


def test_the_suspended_appeal_once(client, say):
    person = TherapistFactory(standing=Standing.SUSPENDED)
    ModeratorFactory()
    StandingEventFactory(
        therapist=person,
        actor=ModeratorFactory(),
        old=Standing.MEMBER,
        new=Standing.SUSPENDED,
        reason="A complaint.",
    )

    first = say(person, PAGE, text="That was not me.").content.decode()
    say(person, PAGE, text="Really.")

    assert "A complaint." not in first  # said before they wrote; now it waits
    assert person.application_messages.count() == 1
    assert len(mail.outbox) == 2


def test_two_vouches_while_something_is_wrong_open_one_door(client, say):
    applicant = TherapistFactory(standing=Standing.APPLICANT)
    url = reverse("directory:vouch", args=[sign("vouch", applicant=applicant.pk)])
    need = reverse("spaces:need_new")
    first, second, third = TherapistFactory.create_batch(3)

    say(first, url)
    say(first, url)
    say(second, url)
    calm = Therapist.objects.get(pk=applicant.pk).fast_lane_until
    cache.set(EMERGENCY_KEY, True, 600)
    say(third, url)

    client.force_login(applicant.user)
    assert calm is None
    assert client.get(need).status_code == 200
    assert client.get(reverse("directory:therapist_list")).url == reverse("home")
    assert need in client.get(reverse("home")).content.decode()
    Therapist.objects.update(fast_lane_until=timezone.now())
    assert client.get(need).url == reverse("home")


def test_invitations_are_capped_and_tell_nothing(client, therapist, say):
    CommunityFactory(invitations_a_month=2)
    member = TherapistFactory()
    url = reverse("directory:invite")

    known = say(therapist, url, name="Known", email=member.user.email)
    new = say(therapist, url, name="New", email="new1@example.org")
    over = say(therapist, url, name="New", email="new2@example.org")

    assert [str(m) for m in known.context["messages"]] == [
        str(m) for m in new.context["messages"]
    ]
    assert "as many as you can" in over.content.decode()
    assert Therapist.objects.filter(standing=Standing.INVITED).count() == 1


def test_the_usual_wait_is_the_middle_one(client):
    now = timezone.now()
    moderator = ModeratorFactory()
    for hours in [2, 5, 90]:
        person = TherapistFactory()
        asked = {"therapist": person, "new": Standing.APPLICANT, "actor": person}
        StandingEventFactory(**asked, created_at=now - timedelta(hours=hours))
        StandingEventFactory(
            therapist=person, old=Standing.APPLICANT, actor=moderator, created_at=now
        )

    assert usual_wait() == timedelta(hours=5)
    client.force_login(TherapistFactory(standing=Standing.APPLICANT).user)
    assert "within 5 hours" in client.get(PAGE).content.decode()
