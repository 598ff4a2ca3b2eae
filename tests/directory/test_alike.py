"""The same mailbox written otherwise, and others that look like it: found as the same, or shown; never refused."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from directory.domain.invitation import known_by_address
from directory.models import Therapist, User
from tests.factories.directory import InvitedFactory, TherapistFactory

pytestmark = pytest.mark.django_db
SAME, ALIKE, OTHER = "the same", "alike", "another"
KEPT = "noor.haddad@gmail.com"
CASES = [  # what is kept, what is typed, what they are to each other
    (KEPT, "noor.haddad@gmail.com", SAME),
    ("cleo.hart@gmail.com", "Cleo.Hart@GMail.com", SAME),
    (KEPT, "noorhaddad@gmail.com", ALIKE),
    (KEPT, "n.o.o.r.haddad@googlemail.com", ALIKE),
    (KEPT, "noor.haddad+rooms@gmail.com", ALIKE),
    (KEPT, "noor.haddad@gm\u0430il.com", ALIKE),  # a Cyrillic a
    (KEPT, "noor.haddad@gmail.org", OTHER),
    (KEPT, "noor.hadad@gmail.com", OTHER),
    ("zoe@b\xfccher.example", "zoe@xn--bcher-kva.example", SAME),
    ("lea@xn--bcher-kva.example", "LEA@B\xdcCHER.example", SAME),
    ("zoe@xn--bcher-kva.example", "zoe@bucher.example", ALIKE),
    ("zoe@xn--bcher-kva.example", "zoe+a@b\xfccher.example", ALIKE),
]


def test_an_address_otherwise_written(client, moderator, subtests):
    for number, (kept, typed, relation) in enumerate(CASES):
        with subtests.test(typed):
            User.objects.exclude(pk=moderator.user_id).delete()
            Therapist.objects.exclude(pk=moderator.pk).delete()
            known = TherapistFactory(user__email=kept, user__is_confirmed=True)
            assert (known_by_address(typed) == known) is (relation == SAME)

            stranger = Client(REMOTE_ADDR=f"192.0.2.{number}")
            answer = stranger.post(reverse("account_signup"), {"email": typed})

            assert answer.url == reverse("account_email_verification_sent")
            users = User.objects.exclude(pk__in=[moderator.user_id, known.user_id])
            assert users.exists() is (relation != SAME)
            if relation != SAME:
                applicant = TherapistFactory(user=users.get(), standing="applicant")
                pair = [(applicant, known), (known, applicant)]
            else:
                pair = [(known, None)]
            for one, other in pair:
                url = reverse("admin:directory_therapist_change", args=[one.pk])
                page = client.get(url)
                found = [other] if relation == ALIKE else []
                assert page.context["same_address"] == found
                assert ("An address much like theirs" in page.text) is bool(found)


def test_a_list_is_imported_with_what_looks_alike_shown(client, moderator):
    TherapistFactory(user__email=KEPT)
    InvitedFactory(email="zoe@xn--bcher-kva.example")
    lines = ["name,email", "A,noorhaddad@gmail.com", "B,zoe+b@b\xfccher.example"]
    lines += ["C,cleo@example.org", "D,c.leo@example.org", "E,NOOR.Haddad@gmail.com"]
    file = SimpleUploadedFile("list", "\n".join(lines).encode())

    tried = client.post(reverse("admin:directory_roster"), {"file": file}).context

    assert [(row.name, row.like) for row in tried["alike"]] == [
        ("A", KEPT),
        ("B", "zoe@xn--bcher-kva.example"),
        ("D", "cleo@example.org"),
    ]
    assert (tried["new"], tried["known"], tried["wrong_count"]) == (4, 1, 0)
