"""After 14 days who left is nowhere: not in any text of any table. What others relied on is."""
# ruff: noqa: SLF001 -- it asks the models for their columns

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.urls import reverse
from django.utils import timezone
from psycopg import sql

from directory.domain.departure import erase_departed, settle_departures
from directory.domain.membership import leave
from directory.models import Delivery, StandingEvent, Therapist, User
from spaces.models import Booking, Occurrence
from tests.access.world import build
from tests.factories.directory import (
    InvitedFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory
from tests.periods import hours

pytestmark = pytest.mark.django_db
NAME, EMAIL, PHONE = "Zora Quillfeather", "zora@quillfeather.example", "510 555 0177"
SAID = f"Ask {NAME.upper()} ({EMAIL}, {PHONE})."


def rows():
    """Every row of every table, as PostgreSQL writes it."""
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(
                sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))
            )
            for (text,) in cursor.fetchall():
                yield model.__name__, text


def traces():
    words = ["quillfeather", PHONE]
    return [row for row in rows() if any(word in row[1].casefold() for word in words)]


def sign_everything(person):
    """Into every text that hangs on the person, in one way or another, go name, address and number."""
    signed = set()
    for model in apps.get_models(include_auto_created=True):
        fields = model._meta.local_concrete_fields
        people = {
            field.name: owner
            for field in fields
            for owner in (person, person.user)
            if field.related_model is type(owner)
        }
        long = [
            field.name
            for field in fields
            if isinstance(field, models.TextField)
            or (isinstance(field, models.CharField) and field.max_length >= 100)
            if not field.choices and field.name not in {"cause", "password"}
        ]
        json = [field.name for field in fields if isinstance(field, models.JSONField)]
        for name, owner in people.items():
            found = model._default_manager.filter(**{name: owner})
            for field in long:
                found.update(**{field: SAID})
            for field in json:
                found.update(**{field: {"said": [SAID]}})
            if found.exists() and long + json:
                signed.add(model.__name__)
    return signed


def went(person, days):
    leave(person, by=person)
    settle_departures()
    StandingEvent.objects.filter(therapist=person).update(
        created_at=timezone.now() - timedelta(days=days)
    )


def test_nothing_of_the_person_is_left_in_any_table(
    client, django_capture_on_commit_callbacks
):
    world = build()
    person = world.owner
    User.objects.filter(pk=person.user_id).update(email=EMAIL)
    Therapist.objects.filter(pk=person.pk).update(name=NAME, phone=PHONE)
    person = Therapist.objects.get(pk=person.pk)
    moderator = world.moderator
    LogEntry.objects.create(
        user=moderator.user,
        content_type=ContentType.objects.get_for_model(Therapist),
        object_id=person.pk,
        object_repr=NAME,
        action_flag=CHANGE,
        change_message=SAID,
    )
    Delivery.objects.filter(recipient=world.other).update(reason=f"<{EMAIL}> refused")
    client.force_login(person.user)
    client.get(reverse("home"))
    went(person, days=15)
    Occurrence.objects.filter(period__endswith__gt=timezone.now()).delete()
    signed = sign_everything(person)
    files = [person.photo_small, person.photo_large, person.insurance.certificate]
    files += [photo.large for photo in world.office.photos.all()]
    assert all(file.storage.exists(file.name) for file in files)
    counted = {model: model.objects.count() for model in (Booking, Occurrence)}
    before = len(traces())

    with django_capture_on_commit_callbacks(execute=True):
        assert erase_departed() == 1
    assert len(signed) > 12
    assert before > 40
    assert traces() == []
    assert not User.objects.filter(pk=person.user_id).exists()
    assert {model: model.objects.count() for model in counted} == counted
    assert client.get(reverse("directory:everything")).status_code == 302
    person.refresh_from_db()
    assert str(person) == "A former member"
    assert person.erased_at
    assert not any(file.storage.exists(file.name) for file in files)


def test_the_other_side_keeps_its_history(client):
    host, guest = TherapistFactory(name=NAME), TherapistFactory()
    office = OfficeFactory(hosts=[host], name="Zora’s corner", entry_code="4711#")
    booking = BookingFactory(guest=guest, office=office, status="confirmed")
    OccurrenceFactory(booking=booking, state="booked", period=hours(-80, -79))
    went(host, days=15)
    client.force_login(guest.user)
    assert erase_departed() == 1

    page = client.get(booking.get_absolute_url()).content.decode()
    assert "A former member" in page
    assert "Zora" not in page
    statement = reverse("spaces:statement")
    assert "A former member" in client.get(statement).content.decode()
    client.force_login(ModeratorFactory().user)
    admin = reverse("admin:spaces_booking_change", args=[booking.pk])
    assert client.get(admin).status_code == 200


def test_erasure_waits_for_the_last_date_and_for_14_days():
    early, busy, back, gone = TherapistFactory.create_batch(4)
    invited = InvitedFactory()
    handed_on = BookingFactory(status="confirmed", notice_days=60)
    OccurrenceFactory(
        booking=handed_on, guest=busy, state="booked", period=hours(9, 10, day=20)
    )
    for person, days in [(early, 13), (busy, 15), (gone, 14), (invited, 900)]:
        went(person, days)
    User.objects.filter(pk=gone.user_id).delete()  # at the desk, say

    assert erase_departed() == 1
    assert list(Therapist.objects.exclude(erased_at=None)) == [gone]
    Occurrence.objects.update(period=hours(-50, -49))
    assert erase_departed() == 1
    assert back in Therapist.objects.members()


def test_what_a_moderator_did_is_still_on_record(client):
    moderator = ModeratorFactory(name=NAME, user__email=EMAIL)
    LogEntry.objects.create(
        user=moderator.user, object_repr="Somebody", action_flag=CHANGE
    )
    namesake = TherapistFactory(name=NAME, bio="I worked with Zora Quillfeather.")
    went(moderator, days=15)
    assert erase_departed() == 1

    entry = LogEntry.objects.get(object_repr="Somebody")
    assert EMAIL not in entry.user.email
    assert not entry.user.is_staff
    assert not entry.user.is_active
    namesake.refresh_from_db()
    assert namesake.name in namesake.bio
