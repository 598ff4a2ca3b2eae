from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from spaces import tasks
from spaces.models import Opening
from tests.factories.spaces import BookingFactory, OccurrenceFactory
from tests.periods import hours
from tests.spaces.rooms import open_office

pytestmark = pytest.mark.django_db


def test_unanswered_requests_expire():
    late = BookingFactory(answer_by=timezone.now() - timedelta(minutes=1))
    waiting = BookingFactory()

    tasks.expire_bookings.delay()

    late.refresh_from_db()
    waiting.refresh_from_db()
    assert (late.status, waiting.status) == ("expired", "requested")


def test_bookings_end_with_their_last_date():
    over = OccurrenceFactory(
        booking__status="confirmed", period=hours(-100, -99)
    ).booking
    running = OccurrenceFactory(booking__status="confirmed").booking
    skipped = OccurrenceFactory(booking__status="confirmed", state="skipped").booking
    unused = OccurrenceFactory(
        booking__status="confirmed", booking__reconfirm_by=timezone.now()
    ).booking

    tasks.end_bookings.delay()

    found = (over, running, skipped, unused)
    for booking in found:
        booking.refresh_from_db()
    assert [booking.status for booking in found] == [
        "ended",
        "confirmed",
        "confirmed",
        "ended",
    ]


def test_free_time_is_repaired_every_night(caplog):
    office = open_office()
    right = office.openings.get().free
    Opening.objects.update(free=[])

    tasks.roll_availability.delay()

    assert office.openings.get().free == right
    assert "was wrong and is repaired" in caplog.text


def test_the_beat_calls_every_task():
    called = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert {
        "spaces.tasks.expire_bookings",
        "spaces.tasks.end_bookings",
        "spaces.tasks.roll_availability",
    } <= called
