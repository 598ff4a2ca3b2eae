from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery
from spaces.coverage import dated_hours
from spaces.domain.need import (
    Wish,
    change_need,
    close_need,
    draft_need,
    lapse,
    next_statuses,
    publish_need,
    settle_needs,
)
from spaces.domain.offer import decline_offer
from spaces.errors import HoursError, NeedOpenError
from spaces.hours import Span
from spaces.models import Need, Offer, Wave, WaveRecipient
from tests.factories.directory import (
    CommunityFactory,
    ModeratorFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    IncidentFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    helper_with_hours,
)

pytestmark = pytest.mark.django_db


def today(days=0):
    return timezone.now().date() + timedelta(days=days)


WISH = Wish(
    spans=[Span(2, 17 * 60, 21 * 60)],
    first_date=today(1),
    last_date=today(28),
    timezone="America/Los_Angeles",
    place="Rockridge",
    latitude=37.84,
    longitude=-122.25,
)

VERBS = {
    "publish": publish_need,
    "close": close_need,
}
ALLOWED = {
    ("draft", "publish", "therapist"): "open",
    ("draft", "publish", "author"): "open",
    ("draft", "close", "therapist"): "closed",
    ("draft", "close", "author"): "closed",
    ("open", "close", "therapist"): "closed",
    ("open", "close", "author"): "closed",
    ("open", "close", "moderator"): "closed",
    ("covered", "close", "therapist"): "closed",
    ("covered", "close", "author"): "closed",
    ("covered", "publish", "clock"): "open",
    ("draft", "close", "clock"): "closed",
    ("open", "close", "clock"): "closed",
    ("covered", "close", "clock"): "closed",
}


@pytest.mark.parametrize("status", ["draft", "open", "covered", "closed", "expired"])
def test_need_moves_only_as_allowed(status, subtests):
    first = NeedFactory(status=status, author=TherapistFactory())
    people = {
        "therapist": first.therapist,
        "author": first.author,
        "moderator": ModeratorFactory(),
        "outsider": TherapistFactory(),
        "clock": None,
    }
    for verb, role in product(["publish", "close"], people):
        need = Need.objects.get(pk=first.pk)
        expected = ALLOWED.get((status, verb, role), status)
        refused = pytest.raises(NotAllowedError)
        with subtests.test(f"{verb} by {role}"), transaction.atomic():
            with nullcontext() if expected != status else refused:
                VERBS[verb](need, by=people[role])

            need.refresh_from_db()
            assert need.status == expected
            transaction.set_rollback(True)


BUTTONS = {
    ("draft", "therapist"): {"open", "closed"},
    ("draft", "author"): {"open", "closed"},
    ("open", "therapist"): {"closed"},
    ("open", "author"): {"closed"},
    ("open", "moderator"): {"closed"},
    ("covered", "therapist"): {"closed"},
    ("covered", "author"): {"closed"},
}


@pytest.mark.parametrize(
    ("status", "role"),
    list(
        product(
            ["draft", "open", "covered", "closed", "expired"],
            ["therapist", "author", "moderator", "outsider"],
        )
    ),
)
def test_buttons_come_from_the_table(status, role):
    need = NeedFactory(status=status, author=TherapistFactory())
    people = {"therapist": need.therapist, "author": need.author}
    others = {"moderator": ModeratorFactory, "outsider": TherapistFactory}
    person = others[role]() if role in others else people[role]

    assert set(next_statuses(need, person)) == BUTTONS.get((status, role), set())


# --- Drafting and changing ---------------------------------------------------------


def test_draft_for_oneself_and_for_a_trainee():
    supervision = SupervisionFactory()
    trainee, supervisor = supervision.trainee, supervision.supervisor

    own = draft_need(WISH, by=supervisor, therapist=supervisor)
    theirs = draft_need(WISH, by=supervisor, therapist=trainee)

    assert own.spans == theirs.spans == WISH.spans
    assert set(Need.objects.of(trainee)) == {theirs}
    assert set(Need.objects.of(supervisor)) == {own, theirs}


def test_the_draft_an_incident_left_is_the_one_that_is_written():
    incident = IncidentFactory()
    left = NeedFactory(incident=incident, status="draft", spans=[])

    need = draft_need(WISH, by=left.author, therapist=left.therapist, incident=incident)

    assert need == left
    assert need.spans == WISH.spans


def test_no_draft_beside_an_open_need():
    need = NeedFactory()

    with pytest.raises(NeedOpenError):
        draft_need(WISH, by=need.author, therapist=need.therapist)


def test_nobody_drafts_for_a_stranger():
    with pytest.raises(NotAllowedError):
        draft_need(WISH, by=TherapistFactory(), therapist=TherapistFactory())


@pytest.mark.parametrize(
    "changes",
    [
        {"spans": []},
        {"last_date": today(-1), "first_date": today(-9)},
        {"last_date": today(1), "first_date": today(2)},
        {"last_date": today(400)},
        {
            "spans": [Span((today(1).weekday() + 3) % 7, 540, 600)],
            "last_date": today(2),
        },
    ],
)
def test_hours_that_make_no_sense_are_refused(changes):
    person = TherapistFactory()

    with pytest.raises(HoursError):
        draft_need(replace(WISH, **changes), by=person, therapist=person)


@pytest.mark.parametrize(
    "changes",
    [{"radius_metres": 0}, {"radius_metres": 10_000_000}, {"most_cents": 10_000_000}],
)
def test_figures_out_of_all_bounds_are_refused(changes):
    person = TherapistFactory()

    with pytest.raises(ValidationError):
        draft_need(replace(WISH, **changes), by=person, therapist=person)


def test_an_open_need_that_is_changed_asks_again():
    need = NeedFactory()
    before = need.published_at

    changed = change_need(
        need, replace(WISH, spans=[Span(0, 540, 600)]), by=need.author
    )

    assert changed.status == "open"
    assert changed.published_at > before
    assert Need.objects.get().spans == [Span(0, 540, 600)]


def test_a_closed_need_is_not_changed():
    need = NeedFactory(status="closed")

    with pytest.raises(NotAllowedError):
        change_need(need, WISH, by=need.author)


# --- Publishing ------------------------------------------------------------------------


def test_publishing_starts_the_first_wave():
    need = NeedFactory(status="draft", published_at=None)

    publish_need(need, by=need.author)

    wave = Wave.objects.get()
    assert (wave.need, wave.number, wave.state) == (need, 1, "running")
    need.therapist.refresh_from_db()
    assert need.therapist.seeks_hours


def test_an_empty_need_is_not_published():
    need = NeedFactory(status="draft", spans=[])

    with pytest.raises(HoursError):
        publish_need(need, by=need.author)


def test_past_hours_are_not_published():
    need = NeedFactory(status="draft", first_date=today(-9), last_date=today(-2))

    with pytest.raises(HoursError):
        publish_need(need, by=need.author)


@pytest.mark.parametrize("with_incident", [False, True])
def test_one_open_need_per_person_and_incident(with_incident):
    incident = IncidentFactory() if with_incident else None
    first = NeedFactory(incident=incident)
    second = NeedFactory(incident=incident, therapist=first.therapist, status="draft")

    with pytest.raises(NeedOpenError):
        publish_need(second, by=second.author)


def test_needs_of_two_incidents_may_both_be_open():
    first = NeedFactory(incident=IncidentFactory())
    second = NeedFactory(
        incident=IncidentFactory(), therapist=first.therapist, status="draft"
    )

    assert publish_need(second, by=second.author).status == "open"


# --- The clock -------------------------------------------------------------------------


def cover(need):
    """Book every hour of the need elsewhere."""
    booking = BookingFactory(guest=need.therapist, status="confirmed")
    return [
        OccurrenceFactory(booking=booking, period=item.period)
        for item in dated_hours(need)
    ]


def test_covered_when_every_hour_has_a_room_and_open_again_when_one_is_lost():
    need = NeedFactory(first_date=today(1))
    dates = cover(need)

    settle_needs()
    need.refresh_from_db()
    assert need.status == "covered"

    dates[0].state = "given_back"
    dates[0].save()
    settle_needs()
    need.refresh_from_db()
    assert need.status == "open"


def test_covered_thanks_everyone_whose_offer_was_taken_once():
    need = NeedFactory(first_date=today(1))
    taken = OfferFactory(need=need, status="accepted")
    OfferFactory(need=need, status="accepted", helper=taken.helper)
    waiting = OfferFactory(need=need)
    cover(need)

    settle_needs()
    settle_needs()

    told = Delivery.objects.values_list("kind", "recipient")
    assert sorted(told) == [
        ("need_covered_thanks", taken.helper.pk),
        ("offer_late", waiting.helper.pk),
    ]


@pytest.mark.parametrize("status", ["draft", "open", "covered"])
def test_expires_once_its_last_date_is_past(status):
    need = NeedFactory(status=status, first_date=today(-9), last_date=today(-3))

    settle_needs()

    need.refresh_from_db()
    assert need.status == "expired"


def test_closing_thanks_those_who_wait_for_an_answer():
    offer = OfferFactory()

    close_need(offer.need, by=offer.need.author)

    offer.refresh_from_db()
    assert offer.status == "lapsed"
    assert Delivery.objects.get().kind == "offer_late"


def test_an_offer_that_was_answered_meanwhile_does_not_lapse():
    offer = OfferFactory()
    seen = Offer.objects.get(pk=offer.pk)
    decline_offer(offer, by=offer.need.author)

    lapse(seen)

    seen.refresh_from_db()
    assert seen.status == "declined"
    assert not Delivery.objects.filter(kind="offer_late").exists()


def test_a_covered_need_that_is_changed_asks_no_more_people_than_one_round():
    need = NeedFactory(first_date=today(1))
    cover(need)
    settle_needs()
    CommunityFactory(wave_size=1)
    for _each in range(3):
        helper_with_hours(Span(0, 540, 600))

    change_need(need, replace(WISH, spans=[Span(0, 540, 600)]), by=need.author)

    assert WaveRecipient.objects.count() == 1
