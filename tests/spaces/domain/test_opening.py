from datetime import timedelta

import pytest
from django.utils import timezone

from directory.errors import NotAllowedError
from spaces.domain.availability import refresh_free, verify_free
from spaces.domain.closure import close_office, reopen_office
from spaces.domain.opening import (
    confirm_openings,
    end_opening,
    post_hours,
    set_usual_hours,
)
from spaces.errors import HoursError
from spaces.hours import Span, minutes
from spaces.models import Opening, UsualHours
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return OfficeFactory()


@pytest.fixture
def host(office):
    return office.hosts.get()


def today(office):
    return timezone.now().astimezone(office.building.zone).date()


def test_post_hours_makes_one_opening_per_span_and_keeps_a_year_free(office, host):
    openings = post_hours(
        office,
        by=host,
        spans=[Span(3, 1020, 1200), Span(3, 1200, 1260), Span(5, 540, 780)],
        first_date=today(office),
        price_cents=1800,
    )

    assert [opening.span for opening in openings] == [
        Span(3, 1020, 1260),
        Span(5, 540, 780),
    ]
    free = Opening.objects.get(pk=openings[1].pk).free
    assert len(free) in {53, 54}
    host.refresh_from_db()
    assert host.has_spare_hours


def test_post_hours_is_for_hosts_only(office):
    with pytest.raises(NotAllowedError):
        post_hours(
            office,
            by=TherapistFactory(),
            spans=[Span(3, 1020, 1260)],
            first_date=today(office),
        )


@pytest.mark.parametrize(
    ("spans", "last"),
    [([], 7), ([Span(3, 1020, 1260)], -1), ([Span(3, 1020, 1260)], -40)],
    ids=["nothing painted", "backwards", "past"],
)
def test_post_hours_refuses_what_makes_no_sense(office, host, spans, last):
    with pytest.raises(HoursError):
        post_hours(
            office,
            by=host,
            spans=spans,
            first_date=today(office),
            last_date=today(office) + timedelta(days=last),
        )


def test_post_hours_of_one_date_needs_its_weekday(office, host):
    day = today(office) + timedelta(days=3)
    other = (day.weekday() + 1) % 7

    with pytest.raises(HoursError):
        post_hours(
            office,
            by=host,
            spans=[Span(other, 540, 600)],
            first_date=day,
            last_date=day,
        )
    [opening] = post_hours(
        office,
        by=host,
        spans=[Span(day.weekday(), 540, 600)],
        first_date=day,
        last_date=day,
    )

    assert minutes(Opening.objects.get(pk=opening.pk).free) == 60


def test_free_is_the_hours_less_closures_and_what_is_taken(office, host):
    day = today(office) + timedelta(days=5)
    [opening] = post_hours(
        office,
        by=host,
        spans=[Span(day.weekday(), 540, 780)],
        first_date=day,
        last_date=day,
    )
    ((lower, _upper),) = Opening.objects.get(pk=opening.pk).free
    taken = type(hours(0, 1))(lower, lower + timedelta(hours=1))
    closed = type(taken)(lower + timedelta(hours=3), lower + timedelta(hours=9))
    OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed"), period=taken
    )
    [closure] = close_office(office, by=host, periods=[closed], reason="Holiday")

    assert Opening.objects.get(pk=opening.pk).free == [
        (lower + timedelta(hours=1), lower + timedelta(hours=3))
    ]
    reopen_office(closure, by=host)
    assert minutes(Opening.objects.get(pk=opening.pk).free) == 180


def test_end_opening_offers_nothing_after_its_last_date(office, host):
    [opening] = post_hours(
        office, by=host, spans=[Span(3, 540, 600)], first_date=today(office)
    )
    last = today(office) + timedelta(weeks=2)

    end_opening(opening, by=host, last_date=last)

    assert len(Opening.objects.get(pk=opening.pk).free) in {2, 3}


def test_close_office_backwards_is_refused(office, host):
    with pytest.raises(HoursError):
        close_office(office, by=host, periods=[hours(-48, -24)], reason="Past")


def test_confirm_openings_makes_them_fresh_again(office, host):
    opening = OpeningFactory(
        office=office, confirmed_at=timezone.now() - timedelta(days=91)
    )
    assert not Opening.objects.fresh().exists()

    confirm_openings(office, by=host)

    assert list(Opening.objects.fresh()) == [opening]


def test_set_usual_hours_replaces_what_was_painted_before(office, host):
    set_usual_hours(office, therapist=host, spans=[Span(0, 540, 600)])
    set_usual_hours(
        office, therapist=host, spans=[Span(1, 540, 570), Span(1, 570, 600)]
    )

    assert [usual.span for usual in UsualHours.objects.all()] == [Span(1, 540, 600)]


def test_verify_free_repairs_and_reports_a_difference(office):
    opening = OpeningFactory(office=office)
    right = OpeningFactory(office=office, weekday=1)
    refresh_free([office.pk])
    Opening.objects.filter(pk=opening.pk).update(free=[])

    assert verify_free([office.pk]) == [opening]

    assert Opening.objects.get(pk=opening.pk).free != []
    assert verify_free([office.pk]) == []
    assert Opening.objects.get(pk=right.pk).free != []
