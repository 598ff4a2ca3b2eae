"""Going, or being made to: what it touches is shown, everything of mine comes along, what moderators did is kept."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from directory.domain.keeping import forget_old
from directory.models import Delivery, Export
from directory.models.export import KEPT
from directory.registry import message_kind
from directory.tasks import build_exports
from tests.factories.directory import (
    BlockFactory,
    LicenceFactory,
    TherapistFactory,
)
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours

pytestmark = pytest.mark.django_db
LOG = reverse("admin:admin_logentry_changelist")


def test_everything_of_mine_is_a_zip_and_of_others_nothing(
    client, therapist, django_capture_on_commit_callbacks
):
    therapist.bio, therapist.headline = "=cmd|' /C calc'!A0", "Ein Satz – ça va 🌱"
    therapist.save()
    LicenceFactory(therapist=therapist, number="98213")
    LicenceFactory(number="55555")
    BlockFactory(blocked=therapist, blocker=TherapistFactory(name="Quiet One"))
    booking = BookingFactory(
        guest=therapist, office=OfficeFactory(hosts=[TherapistFactory()])
    )
    OccurrenceFactory(
        booking=booking, guest=therapist, state="booked", period=hours(9, 10)
    )

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("directory:everything"))
    page = client.get(reverse("directory:everything")).content.decode()
    file = reverse("directory:everything_file")
    response = client.get(file)

    assert file in page
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    known = json.loads(archive.read("everything.json"))
    text = archive.read("profile.csv").decode("utf-8-sig")
    [profile] = csv.DictReader(io.StringIO(text))
    assert profile["bio"] == "'" + known["profile"][0]["bio"]
    assert profile["headline"] == "Ein Satz – ça va 🌱"
    assert [row["number"] for row in known["licences"]] == ["98213"]
    assert len(known["dates"]) == 1
    assert b"BEGIN:VCALENDAR" in archive.read("calendar.ics")
    whole = json.dumps(known)
    for secret in [therapist.feed_token, "55555", "Quiet One"]:
        assert secret not in whole
    client.force_login(TherapistFactory().user)
    assert client.get(file).status_code == 404
    client.force_login(therapist.user)
    Export.objects.update(ready_at=timezone.now() - KEPT)
    assert client.get(file).status_code == 404
    forget_old()
    assert not Export.objects.exists()


def test_everything_of_mine_shows_how_far_it_is(client, therapist):
    """A worker that died is waited for ten minutes; another call finds what is under way."""
    client.post(reverse("directory:everything"))  # nobody works on it
    Export.objects.update(done=1, total=4)
    url = reverse("directory:everything")
    page = client.get(url, headers={"HX-Request": "true"}).content.decode()
    client.post(url)
    asked = Export.objects.get()
    Export.objects.update(asked_at=timezone.now() - timedelta(minutes=11))
    client.post(url)

    assert 'value="1"' in page
    assert "hx-trigger" in page
    assert "<html" not in page
    assert asked.done == 1
    assert Export.objects.get().done == 0
    build_exports()
    assert Export.objects.get().is_ready


def test_leaving_and_suspending_show_what_is_still_agreed(client, moderator):
    guest, host = TherapistFactory(), TherapistFactory(name="Hanna Host")
    office = OfficeFactory(hosts=[host], name="Quiet room")
    booking = BookingFactory(guest=guest, office=office, status="confirmed")
    OccurrenceFactory(
        booking=booking,
        office=office,
        guest=guest,
        state="booked",
        period=hours(9, 10),
    )
    desk = [
        client.get(
            reverse("admin:directory_therapist_change", args=[one.pk])
        ).content.decode()
        for one in (guest, host, moderator)
    ]
    client.force_login(guest.user)
    page = client.get(reverse("directory:leave")).content.decode()

    assert ["Quiet room, until" in text for text in desk] == [True, True, False]
    assert "in Quiet room, until" in desk[1]
    assert "Quiet room, until" in page


def test_what_moderators_did_is_written_down_for_good(client, moderator):
    person = TherapistFactory()
    decide = reverse("admin:directory_therapist_decide", args=[person.pk])
    client.post(decide, {"to": "suspended", "reason": "A complaint."})
    people = reverse("admin:directory_delivery_changelist")
    client.post(people, {"action": "send_again", "_selected_action": ["7"]})

    said = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    entry = LogEntry.objects.first()
    page = client.get(LOG).content.decode()
    assert said == ["suspend_member: A complaint.", "send_again"]
    assert "A complaint." in page
    for verb, args in [("add", []), ("delete", [entry.pk])]:
        url = reverse(f"admin:admin_logentry_{verb}", args=args)
        assert client.post(url).status_code == 403
    change = reverse("admin:admin_logentry_change", args=[entry.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"change_message": "nothing"}).status_code == 403


def test_who_left_reads_how_to_come_back_and_does(
    client, therapist, django_capture_on_commit_callbacks
):
    booking = BookingFactory(guest=therapist, status="confirmed", notice_days=7)
    OccurrenceFactory(booking=booking, state="booked", period=hours(9, 10, day=20))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("directory:leave"))
    row = Delivery.objects.get(kind="membership_left")
    mail = message_kind(row.kind).render([row])[row.pk]
    page = client.get(reverse("home")).content.decode()
    again = client.get(reverse("directory:leave"))

    assert booking.occurrences.get().state == "cancelled"  # by the task, at once
    assert "Take it back" in mail.text
    assert "Take it back" in page
    assert again.url == reverse("home")
    assert client.get(reverse("directory:therapist_list")).status_code == 404
    client.post(reverse("directory:come_back"))
    assert client.get(reverse("directory:therapist_list")).status_code == 200
    assert client.post(reverse("directory:come_back")).status_code == 404


def test_a_safety_reason_is_recorded_on_suspending(
    client, moderator, django_capture_on_commit_callbacks
):
    person = TherapistFactory()
    booking = BookingFactory(guest=person, status="confirmed", notice_days=60)
    OccurrenceFactory(booking=booking, state="booked", period=hours(9, 10, day=20))
    change = reverse("admin:directory_therapist_change", args=[person.pk])
    page = client.get(change).content.decode()
    decide = reverse("admin:directory_therapist_decide", args=[person.pk])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            decide, {"to": "suspended", "reason": "Threats.", "is_unsafe": "on"}
        )

    row = Delivery.objects.get(kind="membership_suspended")
    mail = message_kind(row.kind).render([row])[row.pk]
    assert 'name="is_unsafe"' in page
    assert booking.occurrences.get().state == "cancelled"
    assert person.standing_events.last().is_unsafe
    assert "ends at once" in mail.text
    assert "for safety" in LogEntry.objects.get().get_change_message()
    assert 'name="is_unsafe"' not in client.get(change).content.decode()
