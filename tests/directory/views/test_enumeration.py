"""Whether an address or a licence is known here is told to nobody: not in words, by the status, nor by how much is done."""

import re

import pytest
from django.contrib.auth.hashers import BasePasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory.models import Delivery, Licence, Therapist
from tests.conftest import QuickClient
from tests.directory.views.test_join import answers
from tests.factories.directory import (
    InvitedFactory,
    LicenceFactory,
    ModeratorFactory,
    TherapistFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
KNOWN = ["member", "suspended", "left", "invited", "applicant", "password"]
ENTRANCES = {  # a page for anybody, and what it calls the address
    "account_login": "login",
    "account_request_login_code": "email",
    "account_signup": "email",
    "account_reset_password": "email",
}
LITTLE = 2  # questions more or fewer, of the quick kind


@pytest.fixture
def hashes(monkeypatch):
    """Every password that is hashed, by any hasher."""
    made = []
    for hasher in BasePasswordHasher.__subclasses__():
        real = hasher.encode
        monkeypatch.setattr(
            hasher,
            "encode",
            lambda self, *args, real=real: made.append(1) or real(self, *args),
        )
    return made


@pytest.fixture
def people():
    for standing in ["member", "suspended", "left", "applicant"]:
        user = UserFactory(email=address_of(standing), is_confirmed=True)
        TherapistFactory(standing=standing, user=user)
    InvitedFactory(email=address_of("invited"))
    user = UserFactory(email=address_of("password"), is_confirmed=True)
    user.set_password("correct horse battery")
    user.save()


def address_of(who):
    return f"{who}@example.org"


def page_of(browser, response, *hidden):
    """What is read in the end, without what differs for everybody."""
    text = browser.get(response.url).text if response.status_code == 302 else ""
    text = text or response.text
    for word in hidden:
        text = text.replace(word, "…")
    return re.sub(r"\b[A-Za-z0-9]{64}\b|\bhue-\d", "", text)  # of forms, of faces


def asked(url, data, who, hashes, number):
    """Status, where to, what is read; then how much was done for it: hashes, kinds of rows written, questions."""
    hashes.clear()
    browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
    with CaptureQueriesContext(connection) as captured:
        response = browser.post(url, data)
    queries = [query["sql"] for query in captured]
    wrote = {sql.split('"')[1] for sql in queries if sql.startswith("INSERT")}
    page = page_of(browser, response, address_of(who))
    answer = response.status_code, response.headers.get("Location"), page
    return answer, (len(hashes), wrote), len(queries)


def test_who_is_known_is_answered_as_who_is_not(people, hashes, subtests):
    for page, field in ENTRANCES.items():
        url = reverse(page)
        first = asked(url, {field: address_of("nobody")}, "nobody", hashes, 1)
        assert first[0][2], "a page is read in the end"
        for number, who in enumerate(KNOWN, 2):
            with subtests.test(f"{page} {who}"):
                data = {field: address_of(who), "password": "wrong horse battery"}
                then = asked(url, data, who, hashes, number)
                assert then[:2] == first[:2]
                assert abs(then[2] - first[2]) <= LITTLE


def test_an_address_that_is_taken_stays_as_it_was(people):
    before = list(Therapist.objects.values_list("pk", "user", "standing"))

    Client().post(reverse("account_signup"), {"email": address_of("member")})

    assert list(Therapist.objects.values_list("pk", "user", "standing")) == before
    told = Delivery.objects.get(address=address_of("member"))
    assert told.payload == {"about": "account_already_exists"}


def test_who_invites_learns_of_nobody_whether_they_are_here(people, client, therapist):
    """Nor from what is left of their invitations."""
    url, pages = reverse("directory:invite"), []
    for who in ["nobody", *KNOWN]:
        data = {"name": "Somebody", "email": address_of(who)}
        response = client.post(url, data)
        pages.append(page_of(client, response, address_of(who)))
        Therapist.objects.filter(pk=therapist.pk).update(invited_known_on=[])
        therapist.standing_events.model.objects.filter(actor=therapist).delete()

    assert len(set(pages)) == 1


def test_an_applicant_is_answered_alike_whoevers_licence_they_give(subtests):
    """With another's, with their own from an application before, with one that nobody knows: the moderators see it."""
    theirs = LicenceFactory(number="98213", jurisdiction="California")
    pages = set()
    for number in ["98213", "55555"]:
        browser = QuickClient()
        user = UserFactory()
        browser.force_login(user)
        data = answers(licence_number=number, licence_kind=theirs.kind_id)
        response = browser.post(reverse("directory:join"), data)
        assert user.therapist.standing == "applicant"
        pages.add(page_of(browser, response, user.email))
    assert len(pages) == 1
    desk = QuickClient()
    desk.force_login(ModeratorFactory().user)
    copied = Licence.objects.filter(number="98213").latest("pk").therapist
    shown = desk.get(reverse("admin:directory_therapist_change", args=[copied.pk]))
    assert list(shown.context["same_licence"]) == [theirs]
