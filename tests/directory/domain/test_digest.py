"""What comes once a day or once a week, and to whom."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.urls import reverse

from directory.domain.delivery import send_due
from directory.domain.digest import write_digests
from directory.domain.report import report_member
from directory.models import Absence
from tests.factories.directory import (
    AbsenceFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.periods import today

pytestmark = pytest.mark.django_db


def at(hour, minute=0, days=0):
    """A moment in the community's zone."""
    zone = ZoneInfo("America/Los_Angeles")
    day = today(days)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)


def mailed():
    """Addresses by subject, and the outbox emptied."""
    send_due()
    found = {}
    for message in mail.outbox:
        found.setdefault(message.subject, set()).update(message.to)
    return found


def test_moderators_get_one_mail_a_morning_of_what_waits_and_for_whom_they_stand_in(
    subtests,
):
    away, stand_in, other = ModeratorFactory.create_batch(3)
    AbsenceFactory(moderator=away, stand_in=stand_in)
    AbsenceFactory(
        moderator=other,
        stand_in=stand_in,
        first_date=today(-9),
        last_date=today(-1),
    )
    TherapistFactory(standing="applicant", joined_at=None)

    with subtests.test("not before the morning, and not late in the day"):
        for moment in (at(6, 59), at(10), at(23, 5)):
            write_digests(moment)
        assert mailed() == {}
    with subtests.test("once, however often the clock comes by"):
        for minute in (5, 35):
            write_digests(at(7, minute))
        assert mailed() == {
            "One thing waits at the desk": {stand_in.address, other.address}
        }
    by_person = {message.to[0]: message.body for message in mail.outbox}
    with subtests.test("who stands in reads for whom"):
        said = f"You stand in for {away.name} until"
        assert said in by_person[stand_in.address]
        assert said not in by_person[other.address]
        assert "People who ask to join: 1" in by_person[other.address]


def test_where_nothing_waits_no_digest_comes():
    moderator = ModeratorFactory()

    write_digests(at(8))
    mailed()

    assert mail.outbox == []
    assert moderator.deliveries.get().reason == "Nothing waits."


def test_what_waits_is_mailed_to_those_on_duty(subtests):
    away, here = ModeratorFactory.create_batch(2)
    AbsenceFactory(moderator=away, stand_in=here)

    with subtests.test("not to who is away"):
        report_member(TherapistFactory(), by=TherapistFactory(), text="Rude.")
        assert mailed().popitem()[1] == {here.address}
    mail.outbox.clear()
    with subtests.test("to who is away, where it is about the only other one"):
        report_member(here, by=TherapistFactory(), text="Rude.")
        assert mailed().popitem()[1] == {away.address}
    mail.outbox.clear()
    with subtests.test("to all, where everybody is away"):
        Absence.objects.update(last_date=today(-1), first_date=today(-2))
        for one, other in ((away, here), (here, away)):
            AbsenceFactory(moderator=one, stand_in=other)
        report_member(TherapistFactory(), by=TherapistFactory(), text="Rude.")
        assert mailed().popitem()[1] == {away.address, here.address}


def test_an_absence_is_said_at_the_desk(client, subtests):
    me, other, third = ModeratorFactory.create_batch(3)
    client.force_login(me.user)
    page = reverse("admin:directory_absence_add")
    said = {
        "moderator": me.pk,
        "stand_in": other.pk,
        "first_date": today(1),
        "last_date": today(8),
    }

    with subtests.test("one's own, unless one chooses another; among moderators"):
        TherapistFactory()
        form = client.get(page).context["adminform"].form
        assert form.initial["moderator"] == me.pk
        assert set(form.fields["stand_in"].queryset) == {me, other, third}
    for field, wrong, words in [
        ("stand_in", me.pk, "Nobody stands in for themselves."),
        ("last_date", today(), "The last day must not be before the first."),
    ]:
        with subtests.test(words):
            response = client.post(page, {**said, field: wrong})
            assert words in response.content.decode()
    with subtests.test("who stands in is not away themselves"):
        AbsenceFactory(moderator=other, stand_in=third, first_date=today(8))
        response = client.post(page, said)
        assert list(response.context["adminform"].form.errors) == ["stand_in"]
    with subtests.test("kept"):
        assert client.post(page, {**said, "stand_in": third.pk}).status_code == 302
        assert Absence.objects.filter(moderator=me, stand_in=third).exists()
