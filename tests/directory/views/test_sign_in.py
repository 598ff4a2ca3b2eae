"""The real sign-in, as a newcomer and a member walk it: pages of allauth, codes from the outbox."""

import re
from http import HTTPStatus

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.models import Delivery, User
from tests.factories.directory import ModeratorFactory, TherapistFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(client, django_capture_on_commit_callbacks):
    def send(url, **data):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, data)

    return send


def code_in(message):
    return re.search(r"\b\d{6}\b", message.body).group()


def test_a_member_signs_in_with_a_code(client, post):
    member = TherapistFactory(user__is_confirmed=True, standing="member")

    response = post(reverse("account_request_login_code"), email=member.user.email)
    response = post(response.url, code=code_in(mail.outbox[0]))

    assert response.url == reverse("home")
    assert client.session["_auth_user_id"] == str(member.user.pk)


def test_whose_mail_comes_back_hears_of_it_on_signing_in(client, post):
    member = TherapistFactory(user__is_confirmed=True, bounced_at=timezone.now())

    response = post(reverse("account_request_login_code"), email=member.user.email)
    response = post(response.url, code=code_in(mail.outbox[0]))

    assert client.get(response.url).content.decode().count("Your mail comes back") == 1
    assert "Your mail comes back" not in client.get(response.url).content.decode()


@pytest.mark.parametrize(
    ("factory", "next_page"),
    [(TherapistFactory, "home"), (ModeratorFactory, "mfa_authenticate")],
)
def test_a_passkey_is_a_second_factor_for_staff_only(post, factory, next_page):
    person = factory(user__is_confirmed=True)
    Authenticator.objects.all().delete()
    Authenticator.objects.create(user=person.user, type="webauthn", data={})

    response = post(reverse("account_request_login_code"), email=person.user.email)
    response = post(response.url, code=code_in(mail.outbox[0]))

    assert response.url == reverse(next_page)


def test_a_code_is_mailed_first_and_wiped(post):
    member = TherapistFactory()

    post(reverse("account_request_login_code"), email=member.user.email)

    row = Delivery.objects.get(kind="sign_in_code")
    assert (row.address, row.state, row.payload, row.priority) == (
        member.user.email,
        "sent",
        {},
        0,
    )
    assert (row.expires_at - row.created_at).total_seconds() == pytest.approx(
        600, abs=1
    )
    assert mail.outbox[0].to == [member.user.email]
    assert code_in(mail.outbox[0]) in mail.outbox[0].subject


def test_a_wrong_code_lets_nobody_in(client, post):
    member = TherapistFactory()
    response = post(reverse("account_request_login_code"), email=member.user.email)

    wrong = "000000" if code_in(mail.outbox[0]) != "000000" else "111111"
    response = post(response.url, code=wrong)

    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_newcomer_signs_up_with_a_code_and_goes_on_to_the_join_form(client, post):
    response = post(reverse("account_signup"), email="new@example.org")
    response = post(response.url, code=code_in(mail.outbox[0]))

    user = User.objects.get(email="new@example.org")
    assert response.url == reverse("directory:join")
    assert not user.has_usable_password()
    assert not hasattr(user, "therapist")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_the_same_page_answers_for_a_known_and_an_unknown_address(
    django_capture_on_commit_callbacks,
):
    UserFactory(email="known@example.org")
    url = reverse("account_signup")

    with django_capture_on_commit_callbacks(execute=True):
        known = Client().post(url, {"email": "known@example.org"})
        unknown = Client().post(url, {"email": "unknown@example.org"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [message.subject for message in mail.outbox] == [
        "You have joined already – Therapists",
        f"{code_in(mail.outbox[1])} is your code for Therapists",
    ]


def test_links_in_account_mails_do_not_trust_the_host_header(
    client, django_capture_on_commit_callbacks, settings
):
    settings.ALLOWED_HOSTS = ["*"]

    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            reverse("account_request_login_code"),
            {"email": "who@example.org"},
            headers={"host": "evil.example"},
        )

    assert "http://localhost:8000/accounts/signup/" in mail.outbox[0].body
    assert "evil.example" not in mail.outbox[0].body


def test_asking_for_codes_is_limited(post):
    member = TherapistFactory()

    answers = [
        post(reverse("account_request_login_code"), email=member.user.email).status_code
        for _ in range(5)
    ]

    assert 429 in answers or len(mail.outbox) < 5


def test_a_whole_office_signs_in_behind_one_address(post):
    """Sixty within a minute, each with another address of their own."""
    asked = [
        post(
            reverse("account_request_login_code"), email=f"p{number}@example.org"
        ).status_code
        for number in range(60)
    ]

    assert set(asked) == {302}


def test_the_moderation_desk_is_behind_the_same_sign_in(client):
    response = client.get(reverse("admin:index"), follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_the_moderation_desk_turns_members_away_without_a_loop(client, therapist):
    response = client.get(reverse("admin:index"), follow=True)

    assert response.status_code == 403


def test_moderators_find_their_desk(client):
    client.force_login(ModeratorFactory().user)

    assert client.get(reverse("admin:index")).status_code == 200
    assert client.get(reverse("admin:directory_user_changelist")).status_code == 403


def test_who_moderates_needs_a_second_factor_at_the_desk(client):
    person = ModeratorFactory()
    client.force_login(person.user)
    assert client.get(reverse("admin:index")).status_code == HTTPStatus.OK

    Authenticator.objects.all().delete()
    asked = client.get(reverse("admin:directory_therapist_changelist"), follow=True)

    assert asked.redirect_chain[-1][0] == reverse("mfa_index")
    assert "Add a passkey or an authenticator app first" in asked.text


def test_signed_in_elsewhere_is_seen_and_ended(django_capture_on_commit_callbacks):
    member = TherapistFactory(user__is_confirmed=True)
    here = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    phone = Client(headers={"user-agent": "Mozilla/5.0 (iPhone) Version/18 Safari/6"})
    ask = reverse("account_request_login_code")
    for number, browser in enumerate([phone, here]):
        with django_capture_on_commit_callbacks(execute=True):
            asked = browser.post(ask, {"email": member.user.email})
        browser.post(asked.url, {"code": code_in(mail.outbox[number])})

    page = here.get(reverse("usersessions_list"))
    here.post(reverse("usersessions_list"))

    assert "Safari, iPhone" in page.text
    assert "Firefox, Linux" in page.text
    settings = reverse("directory:settings")
    assert here.get(settings).status_code == HTTPStatus.OK
    assert phone.get(settings).url.startswith(reverse("account_login"))
