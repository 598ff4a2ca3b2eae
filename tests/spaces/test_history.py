"""Every kind of change in words."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from spaces.enums import ChangeKind
from spaces.history import history_of, say_change
from spaces.hours import local_period
from spaces.models import BookingEvent
from spaces.words import say_date
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import BookingFactory, OfficeFactory
from tests.periods import hours

pytestmark = pytest.mark.django_db
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
TODAY = timezone.localdate()
TUESDAY = TODAY + timedelta(days=7 + (1 - TODAY.weekday()) % 7)
WEDNESDAY = TUESDAY + timedelta(days=1)


def evening(day):
    period = local_period(day, 1080, 1260, LOS_ANGELES)
    return [period.lower.isoformat(), period.upper.isoformat()]


FIRST, OTHER = evening(TUESDAY), evening(WEDNESDAY)
TUE, WED = f"{say_date(TUESDAY)}, 18:00–21:00", f"{say_date(WEDNESDAY)}, 18:00–21:00"
SAID = [
    ("skipped", {"before": [FIRST]}, f"skipped: {TUE}"),
    (
        "skipped",
        {"before": [FIRST], "by_host": True},
        f"called off by the host, nothing is due: {TUE}",
    ),
    ("readded", {"after": [FIRST, OTHER]}, f"taken up again: {TUE}; {WED}"),
    ("moved", {"before": [FIRST], "after": [OTHER]}, f"{TUE} moved to {WED}"),
    (
        "changed",
        {"before": [FIRST], "after": [OTHER], "from": TUESDAY.isoformat()},
        f"from {say_date(TUESDAY)} on Wed 18:00–21:00 instead of Tue 18:00–21:00 (1 date)",
    ),
    (
        "ended",
        {"before": [FIRST, OTHER], "due": [FIRST], "from": TUESDAY.isoformat()},
        f"ended from {say_date(TUESDAY)} on: {TUE}; {WED}; due unless somebody else takes the hours: {TUE}",
    ),
    (
        "given_back",
        {"before": [FIRST, OTHER], "late": [FIRST], "due": [FIRST]},
        f"skipped: {WED}; given back: {TUE} – due unless somebody else takes the hours",
    ),
    (
        "room",
        {"after": [FIRST], "offices": ["Blue"]},
        f"moved to the room “Blue”: {TUE}",
    ),
    (
        "room",
        {"after": [FIRST], "offices": ["Red", "Blue"]},
        f"moved from “Red” to “Blue”: {TUE}",
    ),
    ("partly", {"before": [FIRST]}, f"without {TUE}"),
    (
        "held",
        {"after": [FIRST], "until": OTHER[0]},
        f"held until {say_date(WEDNESDAY)}, 18:00: {TUE}",
    ),
    (
        "released",
        {"before": [FIRST] * 4},
        f"released: 4 dates from {say_date(TUESDAY)} to {say_date(TUESDAY)}",
    ),
    (
        "handed_on",
        {"after": [FIRST], "people": ["Nia", "Joel"]},
        f"handed on by Nia to Joel: {TUE}",
    ),
    (
        "lent",
        {"after": [FIRST], "people": ["Nia", "Joel"]},
        f"lent by Nia to Joel: {TUE}",
    ),
    ("lent", {"after": [FIRST], "people": ["Joel"]}, f"lent to Joel: {TUE}"),
    ("approved", {}, "approved"),
    (
        "unused",
        {"until": OTHER[0]},
        f"not used lately; it ends unless somebody says by {say_date(WEDNESDAY)}, 18:00 that it is kept",
    ),
    ("kept", {}, "kept"),
    (
        "due",
        {"before": [FIRST]},
        f"not due any more, somebody else has the hours: {TUE}",
    ),
    ("due", {"before": [FIRST], "is_due": True}, f"due all the same: {TUE}"),
    ("due", {"before": [FIRST], "is_due": False}, f"not due: {TUE}"),
]


def test_every_kind_has_its_words():
    assert {change for change, _details, _words in SAID} == set(ChangeKind.values)


@pytest.mark.parametrize(("change", "details", "words"), SAID)
def test_a_change_in_words(change, details, words):
    made = {"offices": OfficeFactory, "people": TherapistFactory}
    details = details | {
        key: [made[key](name=name).pk for name in details[key]]
        for key in made.keys() & details
    }
    event = BookingEvent(
        change=change, details=details, old_status="confirmed", new_status="confirmed"
    )

    assert say_change(event, zone=LOS_ANGELES) == words


@pytest.mark.parametrize("item_count", [1, 3])
def test_a_history_needs_a_constant_number_of_queries(
    item_count, django_assert_num_queries
):
    booking = BookingFactory()
    for _number in range(item_count):
        period = hours(9, 10)
        BookingEvent.objects.create(
            booking=booking,
            actor=booking.guest,
            change="handed_on",
            new_status="confirmed",
            old_status="confirmed",
            details={
                "after": [[period.lower.isoformat(), period.upper.isoformat()]],
                "people": [TherapistFactory(name="Joel").pk],
            },
        )

    with django_assert_num_queries(2):
        texts = [item.text for item in history_of(booking)]

    assert all(text.startswith("Handed on to Joel: ") for text in texts)
    assert all(text.endswith(f" – by {booking.guest}") for text in texts)
