"""A list of people from elsewhere: tried, imported, imported again."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from directory.domain.roster import read_roster
from directory.enums import Standing
from directory.errors import DomainError
from directory.models import Delivery, Therapist
from tests.factories.directory import TherapistFactory

pytestmark = pytest.mark.django_db
URL = reverse("admin:directory_roster")
LIST = """\ufeffName;E-Mail;Phone
"Haddad; Noor";noor@example.org;1
Noor H.; Noor@Example.ORG ;2
Noor;NOOR@EXAMPLE.org;3
;nobody@example.org;4
=cmd|' /C calc'!A0;formula@example.org;5
Here Already;{known};6
No Address;noor at example;7

Zoë;zoe@bücher.example;8
"""


def upload(text):
    return {"file": SimpleUploadedFile("list.csv", text.encode())}


def test_tried_then_imported_then_again(client, moderator):
    known = TherapistFactory()
    text = LIST.format(known=known.user.email.upper())

    tried = client.post(URL, upload(text))
    nobody = Therapist.objects.filter(standing=Standing.INVITED).count()
    for _again in range(2):
        client.post(URL, {"import": tried.context["tried"]})
    done = client.get(URL, {"watch": tried.context["tried"]}).content.decode()
    second = client.post(URL, upload(text)).context

    assert {row.number for row in tried.context["wrong"]} == {3, 4, 5, 8}
    assert (tried.context["new"], tried.context["known"], nobody) == (3, 1, 0)
    assert sorted(
        Therapist.objects.filter(standing=Standing.INVITED).values_list("email", "name")
    ) == [
        ("formula@example.org", "=cmd|' /C calc'!A0"),
        ("noor@example.org", "Haddad; Noor"),
        ("zoe@xn--bcher-kva.example", "Zoë"),
    ]
    assert "0 of 0 invited" in done
    assert (second["new"], second["known"]) == (0, 4)
    invitations = Delivery.objects.filter(kind="invitation")
    assert len({letter.not_before for letter in invitations}) == 3  # one by one


def test_what_is_no_list_is_said_and_50000_rows_are_read(client, moderator):
    page = client.post(URL, upload("a,b\n1,2")).content.decode()
    many = "name,email\n" + "\n".join(f"P {n},p{n}@example.org" for n in range(50_001))

    assert "two are called" in page
    with pytest.raises(DomainError):
        read_roster(many.encode())
    assert len(read_roster(many.rpartition("\n")[0].encode())) == 50_000


def test_only_moderators_import(client, therapist):
    assert client.post(URL, upload("name,email\nA,a@example.org")).status_code == 302
    assert not Therapist.objects.filter(standing=Standing.INVITED).exists()
