"""A list of people from elsewhere: tried, imported, imported again."""

import csv
from datetime import date
from io import BytesIO, StringIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from directory.domain.roster import read_roster
from directory.enums import Standing
from directory.errors import DomainError
from directory.models import Delivery, StandingEvent, Therapist
from directory.sheets import LARGEST
from tests.factories.directory import (
    LicenceFactory,
    ModeratorFactory,
    TherapistFactory,
)

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


def upload(content):
    content = content if isinstance(content, bytes) else content.encode()
    return {"file": SimpleUploadedFile("list", content)}


def excel(rows):
    book, kept = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(kept)
    return kept.getvalue()


def test_tried_then_imported_then_again(client, moderator):
    known = TherapistFactory()
    text = LIST.format(known=known.user.email.upper())

    tried = client.post(URL, upload(text))
    nobody = Therapist.objects.filter(standing=Standing.INVITED).count()
    for _again in range(2):
        client.post(URL, {"import": tried.context["tried"], "checked_on": "2026-03-01"})
    done = client.get(URL, {"watch": tried.context["tried"]}).content.decode()
    unicode_text = text.lstrip("\ufeff").encode("utf-16")  # as Excel calls it
    second = client.post(URL, upload(unicode_text)).context

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
    reasons = set(StandingEvent.objects.values_list("reason", flat=True))
    assert "Imported list. Checked by the association on March 1, 2026." in reasons


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


def test_excels_files_are_read_too(client, moderator):
    rows = [
        ["Member", "E-Mail", "since"],
        ["Noor Haddad", "noor@example.org", date(2020, 1, 1)],
        ["=1+1", "sum@example.org", 3],
        [None, None, None],
    ]
    tried = client.post(URL, upload(excel(rows))).context
    assert (tried["new"], tried["wrong_count"]) == (1, 1)  # what is no text is no name


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 no archive",
        excel([["a"]])[:900],
        pytest.param("bomb", id="bomb"),
    ],
)
def test_what_only_looks_like_excels_is_refused(client, moderator, content):
    if content == "bomb":
        kept = BytesIO()
        with ZipFile(kept, "w", ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", b" " * (LARGEST + 1))
        content = kept.getvalue()
    page = client.post(URL, upload(content)).content.decode()
    assert "cannot be read" in page or "too large" in page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_everybody_on_one_sheet(client, moderator, kind):
    therapist = TherapistFactory(name="=cmd|' /C calc'!A0")
    LicenceFactory(therapist=therapist, number="LMFT 1")
    url = reverse("admin:directory_roster_export")

    watched = client.post(url, {"kind": kind}).url
    page = client.get(watched)
    sheet = client.get(f"{watched}&fetch=1")

    assert "Fetch the list" in page.content.decode()
    assert f'filename="people.{kind}"' in sheet["Content-Disposition"]
    if kind == "csv":
        table = list(csv.reader(StringIO(sheet.content.decode("utf-8-sig"))))
    else:
        book = load_workbook(BytesIO(sheet.content))
        cells = {cell.data_type for row in book.active for cell in row}
        assert "f" not in cells  # no formula
        table = [[cell.value for cell in row] for row in book.active]
    [line] = [row for row in table if row[1] == therapist.user.email]
    assert line[0].lstrip("'") == therapist.name
    assert "LMFT 1" in line[4]
    assert len(table) == Therapist.objects.count() + 1
    said = LogEntry.objects.values_list("change_message", flat=True)
    assert f"Asked for a list of everybody ({kind})." in said

    client.force_login(ModeratorFactory().user)
    assert (
        client.get(f"{watched}&fetch=1").status_code == 302
    )  # another's is not fetched
