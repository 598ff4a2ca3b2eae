from datetime import timedelta

import pytest
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery
from directory.registry import message_kind
from spaces import hours as clock_hours
from spaces.appeal import appeal_to
from spaces.domain.availability import refresh_free
from spaces.domain.need import publish_need
from spaces.domain.pledge import (
    confirm_pledge,
    end_pledge,
    make_pledge,
    remind_of_pledges,
)
from spaces.errors import HoursError
from spaces.hours import Span
from spaces.models import Opening, Pledge, WaveRecipient
from tests.factories.directory import (
    BlockFactory,
    CommunityFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BuildingFactory,
    ClosureFactory,
    HelperFactory,
    NeedFactory,
    OfficeFactory,
    PledgeFactory,
    helper_with_hours,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db

WEDNESDAY = Span(2, 17 * 60, 21 * 60)
NEXT_WEEK = {"first_date": timezone.now().date() + timedelta(days=3)}


def pledge_at(latitude, radius_km=20, **fields):
    """The needs are at 37.82: a hundredth is 1.1 km."""
    helper = HelperFactory(emergency_radius_km=radius_km)
    building = BuildingFactory(latitude=latitude)
    office = OfficeFactory(hosts=[helper], building=building)
    return PledgeFactory(therapist=helper, office=office, **fields)


def published(**fields):
    need = NeedFactory(status="draft", published_at=None, **(NEXT_WEEK | fields))
    return publish_need(need, by=need.author)


def test_a_pledge_is_private_changes_in_place_and_says_that_one_would_help():
    host = TherapistFactory(helps_in_emergencies=False)
    office = OfficeFactory(hosts=[host])
    terms = {"by": host, "weeks": 2, "radius_metres": 5000}

    first = make_pledge(office, spans=[WEDNESDAY], **terms)
    again = make_pledge(office, spans=[Span(1, 540, 600)], **terms, price_cents=900)

    assert (again.pk, again.spans, again.price_cents) == (
        first.pk,
        [Span(1, 540, 600)],
        900,
    )
    assert again.free
    host.refresh_from_db()
    assert host.helps_in_emergencies
    assert not host.has_spare_hours
    assert not Opening.objects.exists()
    with pytest.raises(HoursError):
        make_pledge(office, spans=[], **terms)
    with pytest.raises(NotAllowedError):
        make_pledge(office, spans=[WEDNESDAY], **(terms | {"by": TherapistFactory()}))
    for verb in (confirm_pledge, end_pledge):
        with pytest.raises(NotAllowedError):
            verb(again, by=TherapistFactory())
    end_pledge(again, by=host)
    assert not Pledge.objects.exists()


def test_what_is_closed_is_not_pledged():
    pledge = PledgeFactory()
    before = clock_hours.minutes(Pledge.objects.get().free)

    ClosureFactory(office=pledge.office, period=hours(0, 24 * 7))
    refresh_free([pledge.office_id])

    assert clock_hours.minutes(Pledge.objects.get().free) == before - 4 * 60


def test_whoever_pledged_is_asked_first_with_the_reason_kept():
    CommunityFactory(wave_size=2)
    nearer = helper_with_hours(WEDNESDAY, building=BuildingFactory(latitude=37.8201))
    pledge = pledge_at(37.85, radius_metres=20_000)
    helper_with_hours(WEDNESDAY, building=BuildingFactory(latitude=37.8202))

    published()

    rows = list(WaveRecipient.objects.order_by("pk"))
    assert [row.recipient for row in rows] == [pledge.therapist, nearer]
    assert [row.reason for row in rows] == [
        "pledged Wed 17:00–21:00, 3–4 km",
        "under 1 km, meets Wed 17:00–21:00",
    ]
    assert rows[0].is_match


@pytest.mark.parametrize(
    "why",
    ["lapsed", "too far", "other hours", "opted out", "blocked", "no longer a host"],
)
def test_a_pledge_that_does_not_count_brings_nobody_to_wave_1(why):
    CommunityFactory()
    fields = {
        "lapsed": {"confirmed_at": timezone.now() - timedelta(days=396)},
        "other hours": {"spans": [Span(3, 540, 600)]},
        "opted out": {"therapist__helps_in_emergencies": False},
    }.get(why, {})
    pledge = (
        pledge_at(37.87, radius_km=4, radius_metres=4000)
        if why == "too far"
        else PledgeFactory(**fields)
    )
    need = NeedFactory(status="draft", published_at=None, **NEXT_WEEK)
    if why == "blocked":
        BlockFactory(blocker=pledge.therapist, blocked=need.therapist)
    if why == "no longer a host":
        pledge.office.hosts.set([TherapistFactory()])

    publish_need(need, by=need.author)

    assert not WaveRecipient.objects.filter(is_match=True).exists()


def test_the_page_of_the_link_ticks_what_was_pledged_for_so_many_weeks():
    CommunityFactory()
    pledge = PledgeFactory(weeks=2, price_cents=900, spans=[Span(2, 1020, 1140)])
    need = published()
    wave = WaveRecipient.objects.get().wave

    appeal = appeal_to(wave, pledge.therapist)

    found = {asked.span: asked for asked in appeal.asked}
    early, late = found[Span(2, 1020, 1140)], found[Span(2, 1140, 1260)]
    assert (early.is_free, early.is_pledged, late.is_free) == (True, True, False)
    assert early.free_dates == 2 < len(early.dates)
    assert appeal.pledge == pledge
    row = Delivery.objects.get(kind="wave")
    mail = message_kind("wave").render([row])[row.pk]
    assert f"you: pledged, {pledge.office}" in mail.text
    assert need.therapist.first_name in mail.text


def test_after_eleven_months_it_is_asked_once_and_again_before_it_lapses():
    CommunityFactory()
    now = timezone.now()
    pledge = PledgeFactory(confirmed_at=now - timedelta(days=336))
    PledgeFactory(confirmed_at=now - timedelta(days=330))
    PledgeFactory(confirmed_at=now - timedelta(days=400))

    for days in (0, 1, 45, 46, 70):
        remind_of_pledges(now + timedelta(days=days))

    rows = Delivery.objects.filter(recipient=pledge.therapist).order_by("pk")
    assert [row.cause.split(":")[2] for row in rows] == ["asked", "lapses"]
    mail = message_kind("pledge_still_true").render(rows)[rows[0].pk]
    assert "Wed 17:00–21:00" in mail.text
    assert "/pledges/true/" in mail.text
    assert "/mail-off/" in mail.text
    confirm_pledge(pledge, by=pledge.therapist)
    reason = message_kind("pledge_still_true").render(rows)[rows[0].pk].reason
    assert reason == "confirmed meanwhile"
