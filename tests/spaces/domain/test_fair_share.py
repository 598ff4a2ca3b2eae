"""Those with nothing covered come first; scarce hours are asked for wider and sooner; a no asks the next at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from spaces.domain.need import publish_need
from spaces.domain.offer import offer_hours, say_no
from spaces.domain.wave import advance_waves, begin_wave
from spaces.enums import AnswerChoice
from spaces.hours import Span
from spaces.models import Wave, WaveRecipient
from tests.factories.directory import CommunityFactory
from tests.factories.spaces import (
    BuildingFactory,
    HelperFactory,
    IncidentFactory,
    NeedFactory,
    OfferFactory,
    OfficeFactory,
    WaveFactory,
    helper_with_hours,
)

pytestmark = pytest.mark.django_db

MORNING, NOON, EVENING = (
    Span(2, 9 * 60, 11 * 60),
    Span(3, 11 * 60, 13 * 60),
    Span(2, 17 * 60, 19 * 60),
)
LATER = {"first_date": timezone.now().date() + timedelta(days=3)}
FAR = {"helper_emergency_radius_km": 100}


def published(*spans, **fields):
    need = NeedFactory(
        status="draft", published_at=None, spans=list(spans), **(LATER | fields)
    )
    return publish_need(need, by=need.author)


def told(wave=None):
    rows = WaveRecipient.objects.order_by("pk")
    return [row.recipient for row in (rows.filter(wave=wave) if wave else rows)]


def at_km(km):
    return BuildingFactory(latitude=37.82 + km / 111.2, longitude=-122.25)


def next_wave():
    Wave.objects.filter(state="running").update(next_at=timezone.now())
    advance_waves()
    return Wave.objects.order_by("-number").first()


# --- Fair share ------------------------------------------------------------------------------


def test_helpers_of_who_has_nothing_covered_are_asked_before_nearer_ones_of_others():
    CommunityFactory(wave_size=1)
    incident = IncidentFactory()
    partly = NeedFactory(incident=incident, spans=[MORNING, NOON], **LATER)
    OfferFactory(need=partly, spans=[MORNING])
    nothing = NeedFactory(incident=incident, spans=[MORNING], **LATER)
    near = helper_with_hours(NOON, building=at_km(1))
    far = helper_with_hours(MORNING, building=at_km(6))

    begin_wave(nothing)

    assert told() == [far]
    assert told(next_wave()) == [near]


@pytest.mark.parametrize("is_first_covered", [True, False])
def test_an_hour_that_several_want_goes_to_who_has_less(is_first_covered):
    incident = IncidentFactory()
    needs = [
        NeedFactory(incident=incident, spans=[MORNING, NOON], **LATER)
        for _each in range(2)
    ]
    more, less = needs if is_first_covered else needs[::-1]
    OfferFactory(need=more, spans=[NOON])
    helper = helper_with_hours(MORNING)
    wave = WaveFactory(incident=incident, need=None)

    [offer] = offer_hours(wave, by=helper, office=helper.offices.get(), spans=[MORNING])

    assert offer.need == less


# --- Scarce hours -----------------------------------------------------------------------------


def test_scarce_hours_that_few_near_have_reach_further_in_the_first_round():
    """8 km is how far they would go; an evening is asked for at 10 km at once, a morning and the silent are not."""
    evening = helper_with_hours(EVENING, building=at_km(10), **FAR)
    helper_with_hours(MORNING, building=at_km(10), **FAR)
    OfficeFactory(building=at_km(10), hosts=[HelperFactory(emergency_radius_km=100)])

    published(MORNING, EVENING)

    row = WaveRecipient.objects.get()
    assert row.recipient == evening
    assert row.reason.endswith("meets Wed 17:00–19:00, which few nearer have")
    assert len(told(next_wave())) == 2


def test_scarce_hours_that_enough_near_have_do_not():
    near = [helper_with_hours(EVENING) for _each in range(3)]
    helper_with_hours(EVENING, building=at_km(10), **FAR)

    published(EVENING)

    assert told() == near


def test_scarce_hours_stay_one_step_ahead_beside_plentiful_ones():
    """The second round reaches 12 km, and 18 km for the evening."""
    evening = helper_with_hours(EVENING, building=at_km(16), **FAR)
    helper_with_hours(MORNING, building=at_km(16), **FAR)
    published(MORNING, EVENING)
    assert told() == []

    assert told(next_wave()) == [evening]


def test_nobody_is_asked_from_further_than_they_said():
    helper_with_hours(EVENING, building=at_km(10), helper_emergency_radius_km=9)
    published(EVENING)

    next_wave()

    assert told() == []


# --- Settings ------------------------------------------------------------------------------------


def test_size_and_reach_grow_as_the_community_says():
    CommunityFactory(
        wave_size=1, wave_growth_percent=300, wave_reach_percent=200, wave_limit=3
    )
    helpers = [helper_with_hours(MORNING, building=at_km(km), **FAR) for km in range(5)]
    further = helper_with_hours(MORNING, building=at_km(15), **FAR)
    published(MORNING)
    assert told() == helpers[:1]

    second = next_wave()
    assert (second.reach_percent, told(second)) == (200, helpers[1:4])

    third = next_wave()
    assert (third.reach_percent, told(third)) == (400, [helpers[4], further])
    assert next_wave() == third, "no more than three"
    third.refresh_from_db()
    assert third.state == "done"


# --- A no -----------------------------------------------------------------------------------------


def test_a_no_to_an_earlier_round_asks_the_next_by_the_one_at_work():
    CommunityFactory(wave_size=1, wave_growth_percent=100)
    first, second, third = (
        helper_with_hours(MORNING, building=at_km(km)) for km in range(3)
    )
    published(MORNING)
    early = Wave.objects.get()
    late = next_wave()
    assert told() == [first, second]

    say_no(early, by=first, choice=AnswerChoice.NOT_NOW)

    assert told(late) == [second, third]


def test_where_nobody_is_left_near_a_no_asks_one_step_further():
    near = helper_with_hours(MORNING)
    further, furthest = (
        helper_with_hours(MORNING, building=at_km(km), **FAR) for km in (10, 14)
    )
    published(MORNING)
    wave = Wave.objects.get()
    assert told() == [near]

    say_no(wave, by=near, choice=AnswerChoice.NOT_NOW)

    assert told() == [near, further]
    assert furthest not in told()
    wave.refresh_from_db()
    assert (wave.number, wave.reach_percent) == (1, 100)
