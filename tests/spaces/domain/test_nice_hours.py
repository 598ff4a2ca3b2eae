"""Hours that must be covered, and those that would be nice: shown apart, asked for beside, never a reason to ask."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from directory.enums import TermKind
from directory.models import Delivery, Term
from directory.registry import message_kind
from spaces.appeal import appeal_to
from spaces.coverage import coverage_blocks, coverage_of
from spaces.domain.need import change_need, draft_need, publish_need
from spaces.domain.offer import accept_offer, lapse_emptied, offer_hours
from spaces.errors import HoursError
from spaces.hours import Span
from spaces.models import Need, Wave, WaveRecipient
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    HelperFactory,
    IncidentFactory,
    NeedFactory,
    OfferFactory,
    OfficeFactory,
    WaveFactory,
    helper_with_hours,
)
from tests.spaces.domain.test_need import WISH

pytestmark = pytest.mark.django_db

MUST = Span(2, 9 * 60, 11 * 60)
NICE = Span(4, 9 * 60, 11 * 60)
NEXT_WEEK = {"first_date": timezone.now().date() + timedelta(days=3)}


def published(**fields):
    need = NeedFactory(
        status="draft",
        published_at=None,
        **(NEXT_WEEK | {"spans": [MUST], "nice": [NICE]} | fields),
    )
    return publish_need(need, by=need.author)


def told():
    return list(
        WaveRecipient.objects.order_by("pk").values_list("recipient", flat=True)
    )


def test_what_must_be_had_wins_and_the_rest_is_kept_apart():
    person = TherapistFactory()
    wish = replace(WISH, spans=[MUST], nice=[Span(2, 10 * 60, 12 * 60), NICE])

    need = draft_need(wish, by=person, therapist=person)

    assert need.spans == [MUST]
    assert need.nice_spans == [Span(2, 11 * 60, 12 * 60), NICE]
    with pytest.raises(HoursError):
        draft_need(replace(wish, spans=[]), by=person, therapist=person)


def test_coverage_counts_what_must_be_had_and_the_picture_shows_both():
    need = published()

    coverage = coverage_of([need])[need.pk]

    assert coverage.total_minutes == 2 * 60 * len(coverage.open)
    assert coverage.nice.total_minutes == coverage.nice.open_minutes > 0
    assert not set(coverage.missing) & set(coverage.nice.missing)
    states = {(block.weekday, block.state) for block in coverage_blocks(need, coverage)}
    assert states == {(2, "open"), (4, "nice")}


def test_nice_hours_alone_ask_nobody_and_nobody_is_mailed_for_them():
    only_nice = helper_with_hours(NICE)
    both = helper_with_hours(MUST, NICE)
    need = published()
    assert told() == [both.pk]

    rows = list(Delivery.objects.filter(kind="wave").select_related("recipient__user"))
    [mail] = message_kind("wave").render(rows).values()
    assert "Wed 09:00–11:00" in mail.text.partition("Nice to have")[0]
    assert "Fri" not in mail.text.partition("Nice to have")[0]
    assert "Nice to have, too: Fri 09:00–11:00." in mail.text
    assert "Nice to have, too: Fri 09:00–11:00." in mail.html

    OfferFactory(need=need, helper=only_nice, spans=[MUST])
    [skip] = message_kind("wave").render(rows).values()
    assert skip.reason == "nothing is open any more"


def test_an_offer_books_both_and_what_is_only_nice_keeps_no_need_open():
    helper = helper_with_hours(MUST, NICE)
    need = published()
    asked = appeal_to(Wave.objects.get(), helper).asked
    assert [(item.span, item.is_must) for item in asked] == [
        (MUST, True),
        (NICE, False),
    ]
    [offer] = offer_hours(
        Wave.objects.get(),
        by=helper,
        office=helper.offices.get(),
        spans=[MUST, NICE],
    )
    late = OfferFactory(need=need, spans=[NICE])
    lapse_emptied(need=need)
    late.refresh_from_db()
    assert late.status == "offered", "hours that are nice may be offered, too"

    accept_offer(offer, by=need.author)

    need.refresh_from_db()
    coverage = coverage_of([need])[need.pk]
    assert (need.status, coverage.missing, coverage.nice.missing) == ("covered", [], [])
    assert coverage.nice.booked_minutes > 0


def test_covered_without_the_nice_ones():
    need = published()
    offer = OfferFactory(need=need, spans=[MUST])

    accept_offer(offer, by=need.author)

    need.refresh_from_db()
    assert need.status == "covered"
    assert coverage_of([need])[need.pk].nice.open


def test_a_stretch_goes_to_who_must_have_it_before_who_would_like_it():
    helper = helper_with_hours(MUST)
    incident = IncidentFactory()
    NeedFactory(incident=incident, spans=[NICE], nice=[MUST], **NEXT_WEEK)
    needs = NeedFactory(incident=incident, spans=[MUST], **NEXT_WEEK)
    wave = WaveFactory(incident=incident, need=None)

    [offer] = offer_hours(wave, by=helper, office=helper.offices.get(), spans=[MUST])

    assert offer.need == needs


# --- What the room must have -----------------------------------------------------------


@pytest.fixture
def quiet():
    return Term.objects.filter(kind=TermKind.OFFICE_ATTRIBUTE).first()


def test_only_rooms_that_have_it_are_asked_and_taken(quiet):
    has_not = helper_with_hours(MUST)
    has = helper_with_hours(MUST)
    has.offices.get().attributes.add(quiet)
    draft = OfficeFactory(hosts=[HelperFactory()], is_draft=True)
    person = TherapistFactory()
    need = draft_need(
        replace(WISH, spans=[MUST], attributes=[quiet], **NEXT_WEEK),
        by=person,
        therapist=person,
    )

    publish_need(need, by=person)

    assert told() == [has.pk]
    wave = need.waves.get()
    with pytest.raises(HoursError, match=str(quiet)):
        offer_hours(wave, by=has_not, office=has_not.offices.get(), spans=[MUST])
    [offer] = offer_hours(wave, by=has, office=has.offices.get(), spans=[MUST])
    assert offer.status == "offered"
    [spot] = offer_hours(wave, by=draft.hosts.get(), office=draft, spans=[MUST])
    assert spot.status == "offered", "of a place described on the spot nobody knows"


# --- Changed while it is open --------------------------------------------------------------


def changed(need, **wish):
    base = replace(
        WISH,
        spans=need.spans,
        nice=need.nice_spans,
        first_date=need.first_date,
        last_date=need.last_date,
        timezone=need.timezone,
        place=need.place,
        latitude=need.latitude,
        longitude=need.longitude,
        radius_metres=need.radius_metres,
    )
    return change_need(need, replace(base, **wish), by=need.author)


def test_added_hours_are_asked_for_removed_ones_not_mentioned_any_more():
    first = helper_with_hours(MUST)
    on_friday = helper_with_hours(NICE)
    need = published(nice=[])
    assert told() == [first.pk]
    offer = OfferFactory(need=need, spans=[MUST])

    changed(need, spans=[NICE])

    assert told() == [first.pk, on_friday.pk]
    rows = list(Delivery.objects.filter(kind="wave").select_related("recipient__user"))
    for mail in message_kind("wave").render(rows).values():
        assert "Fri 09:00–11:00" in mail.text
        assert "Wed" not in mail.text + mail.subject
    lapse_emptied()
    offer.refresh_from_db()
    assert offer.status == "lapsed"


def test_only_what_was_not_asked_for_before_is_news(subtests):
    first = published(nice=[])
    cases = [
        ({"note": "Quiet, please"}, False),
        ({"nice": [NICE]}, False),
        ({"spans": [Span(2, 9 * 60, 10 * 60)]}, False),
        ({"spans": [MUST, NICE]}, True),
        ({"radius_metres": 12_000}, True),
        ({"most_cents": 3000}, True),
        ({"people": 1}, True),
    ]
    for wish, is_news in cases:
        with subtests.test(wish=wish), transaction.atomic():
            changed(Need.objects.get(), **wish)

            assert (Need.objects.get().published_at > first.published_at) == is_news
            transaction.set_rollback(True)
