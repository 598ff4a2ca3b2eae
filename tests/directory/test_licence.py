"""Licences from the reminder to the renewal, through the front door."""

from datetime import date, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from directory.domain.export import everything_of
from directory.domain.licence import look_at_licences
from directory.models import Delivery, Insurance
from directory.uploads import MOST_BYTES
from spaces.queries import offices_open_to
from tests.factories.directory import (
    LicenceFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.factories.spaces import BookingFactory, OfficeFactory, OpeningFactory
from tests.spaces.pictures import picture

pytestmark = pytest.mark.django_db
LAST = date(2030, 6, 30)
QUEUE = reverse("admin:directory_licence_changelist")
PAGE = reverse("directory:licences")


def kinds():
    return sorted(
        Delivery.objects.filter(kind__startswith="licence").values_list(
            "kind", flat=True
        )
    )


def look(days):
    """So many days before the last; twice, as the beat does."""
    for _again in range(2):
        look_at_licences(LAST - timedelta(days=days))


def test_warned_at_30_and_7_days_lapsed_after_the_last_and_back_once_renewed(therapist):
    licence = LicenceFactory(therapist=therapist, expires_on=LAST)
    expected = {31: 0, 30: 1, 12: 1, 7: 2, 0: 2, -1: 3, -2: 3}
    told = {}

    for days in expected:
        look(days)
        told[days] = len(kinds())
    therapist.refresh_from_db()
    lapsed = therapist.lapsed_on
    licence.expires_on = LAST + timedelta(days=365)
    licence.save()
    look(-3)

    therapist.refresh_from_db()
    assert told == expected
    assert kinds() == ["licence_expires", "licence_expires", "licence_lapsed"]
    assert (lapsed, therapist.lapsed_on) == (LAST + timedelta(days=1), None)


def test_a_renewal_that_waits_gives_30_days_and_no_warning(therapist):
    LicenceFactory(
        therapist=therapist, expires_on=LAST, renews_until=LAST + timedelta(days=700)
    )

    look(7)
    look(-30)
    within = kinds()
    look(-31)

    assert (within, kinds()) == ([], ["licence_lapsed"])


def test_a_lapse_stops_new_offers_and_bookings_and_is_private(client, therapist):
    guest = TherapistFactory()
    office = OfficeFactory(hosts=[therapist])
    OpeningFactory(office=office)
    theirs = OfficeFactory(hosts=[guest])
    open_before = (
        set(offices_open_to(guest)),
        set(offices_open_to(therapist)),
    )
    therapist.lapsed_on = timezone.localdate()
    therapist.save()

    refused = client.post(
        reverse("spaces:opening_new", args=[office.pk]),
        {
            "hours": "1-540-780",
            "first_date": timezone.localdate(),
            "price": "18",
            "audience": "all",
            "shortest_minutes": 60,
        },
    )
    said = client.get(reverse("home")).content.decode()

    assert open_before == ({office}, {theirs})
    assert set(offices_open_to(guest)) == set(offices_open_to(therapist)) == set()
    assert office.openings.count() == 1
    assert "has run out here" in refused.content.decode()
    assert "Your licence has run out here" in said


def test_renew_then_checked_in_a_batch_or_refused_with_a_reason(
    client, therapist, django_capture_on_commit_callbacks
):
    moderator = ModeratorFactory(user__is_superuser=True)
    own = LicenceFactory(therapist=moderator, renews_until=LAST)
    licences = LicenceFactory.create_batch(
        3, therapist=therapist, expires_on=timezone.localdate() - timedelta(days=9)
    )
    look_at_licences()
    therapist.refresh_from_db()
    lapsed = therapist.lapsed_on
    day = timezone.localdate() + timedelta(days=700)
    urls = [reverse("directory:licence_renew", args=[one.pk]) for one in licences]

    past = client.post(urls[0], {f"l{licences[0].pk}-day": "2020-01-01"})
    for licence, url in zip(licences, urls, strict=True):
        client.post(url, {f"l{licence.pk}-day": str(day)})
    other = client.post(reverse("directory:licence_renew", args=[own.pk]), {})
    assert "Give a day to come" in past.content.decode()
    assert other.status_code == 404
    therapist.refresh_from_db()
    assert (bool(lapsed), therapist.lapsed_on) == (True, None)

    client.force_login(moderator.user)
    waiting = client.get(QUEUE)
    assert waiting.context["cl"].result_count == 4
    assert "search.dca.ca.gov" in waiting.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        chosen = [licences[0].pk, licences[1].pk, own.pk]
        client.post(QUEUE, {"action": "checked", "_selected_action": chosen})
        refusal = {"action": "refuse", "_selected_action": [licences[2].pk]}
        asked = client.post(QUEUE, refusal)
        client.post(QUEUE, refusal | {"reason": "The board knows no such number."})

    for licence in [*licences, own]:
        licence.refresh_from_db()
    assert asked.templates[0].name == "admin/directory/reason.html"
    assert [one.expires_on == day for one in licences] == [True, True, False]
    assert [one.renews_until for one in licences] == [None] * 3
    assert own.renews_until == LAST  # nobody checks their own
    history = [
        (check.verdict, check.by, check.words)
        for one in licences
        for check in one.checks.all()
    ]
    assert history == [
        ("renewed", moderator, ""),
        ("renewed", moderator, ""),
        ("refused", moderator, "The board knows no such number."),
    ]
    assert "The board knows no such number." in mail.outbox[-1].body
    client.force_login(therapist.user)
    assert "The board knows no such number." in client.get(PAGE).content.decode()


def test_insurance_is_ones_own_word(client, therapist):
    url, day = reverse("directory:insurance"), timezone.localdate() + timedelta(300)

    client.post(url, {"day": day})
    unsaid = Insurance.objects.exists()
    client.post(url, {"day": day, "attests": "on"})
    client.post(url, {"day": day + timedelta(1), "attests": "on"})

    asked = BookingFactory(guest=therapist)
    seen = asked.get_absolute_url()
    client.force_login(asked.office.hosts.get().user)
    assert not unsaid
    assert therapist.insurance.valid_until == day + timedelta(1)
    assert "Insured, by their own word, until" in client.get(seen).content.decode()


def test_a_certificate_is_for_its_owner_and_the_moderators(
    client, therapist, django_capture_on_commit_callbacks
):
    """Known by its content; drawn anew where it is a picture; to be saved, never to be run."""
    url, day = reverse("directory:insurance"), timezone.localdate() + timedelta(300)
    where = reverse("directory:certificate", args=[therapist.pk])
    moderator, host = ModeratorFactory(), TherapistFactory()
    pdf = b"%PDF-1.7\n<script>alert(1)</script>\n%%EOF\n"
    secret = b"GPS 37.84411"
    photo = picture(kind="JPEG", size=(900, 700)) + secret

    def send(content, name="certificate.pdf", **more):
        file = SimpleUploadedFile(name, content, content_type="text/html")
        said = {"day": day, "attests": "on", "certificate": file, **more}
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, said)

    for content in (
        b"<svg onload=x>",
        b"%PDF-1.7 cut off",
        b"GIF89a" + pdf,
        b"%PDF-" + b"x" * MOST_BYTES + b"%%EOF",
    ):
        refused = send(content)
        assert refused.context["insurance_form"].errors.keys() == {"certificate"}
    assert not Insurance.objects.exists()
    kept = []
    for content, kind, ending in [
        (pdf, "application/pdf", "pdf"),
        (photo, "image/webp", "webp"),
    ]:
        assert send(content, name="../../me.html").status_code == 302
        kept.append(Insurance.objects.get().certificate)
        for person, answer in [(therapist, 200), (moderator, 200), (host, 404)]:
            client.force_login(person.user)
            shown = client.get(where)
            assert shown.status_code == answer, (ending, person)
            if answer == 404:
                continue
            assert shown["Content-Type"] == kind
            attached = f'attachment; filename="insurance-{therapist.pk}.{ending}"'
            assert shown["Content-Disposition"] == attached
            assert shown["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert shown["X-Content-Type-Options"] == "nosniff"
            assert "no-store" in shown["Cache-Control"]
            assert secret not in shown.content
        client.force_login(therapist.user)
    assert [file.storage.exists(file.name) for file in kept] == [False, True]
    archive = ZipFile(BytesIO(everything_of(therapist)))
    assert "insurance.webp" in archive.namelist()

    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, {"day": day, "attests": "on", "without_certificate": "on"})
    assert client.get(where).status_code == 404
    assert not kept[1].storage.exists(kept[1].name)
