from contextlib import nullcontext
from datetime import timedelta
from itertools import product
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from directory.errors import NotAllowedError
from directory.models import Delivery, Term
from directory.registry import message_kind
from spaces.coverage import coverage_of, dated_hours
from spaces.domain.allotting import pass_on_offers
from spaces.domain.approval import approve_booking, refuse_booking
from spaces.domain.availability import refresh_free
from spaces.domain.need import publish_need
from spaces.domain.offer import (
    accept_offer,
    decline_offer,
    lapse_emptied,
    next_statuses,
    offer_hours,
    say_no,
    withdraw_offer,
)
from spaces.domain.place import Place, draft_office
from spaces.enums import AnswerChoice
from spaces.errors import HoursError, SlotTakenError
from spaces.hours import Span
from spaces.models import Answer, Booking, Need, Occurrence, Offer, Office, Opening
from spaces.statement import owed_by
from tests.factories.directory import (
    BlockFactory,
    LicenceFactory,
    ModeratorFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    HelperFactory,
    IncidentFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    OfficeFactory,
    WaveFactory,
    WaveRecipientFactory,
    helper_with_hours,
)

pytestmark = pytest.mark.django_db

EVENING = Span(2, 17 * 60, 21 * 60)
EARLY, LATE = Span(2, 17 * 60, 19 * 60), Span(2, 19 * 60, 21 * 60)
LATER = {"first_date": timezone.now().date() + timedelta(days=1)}


def sent(kind=None):
    rows = Delivery.objects.order_by("kind", "recipient")
    rows = rows.filter(kind=kind) if kind else rows
    return list(rows.values_list("kind", "recipient"))


def helper_with_room(**fields):
    return OfficeFactory(hosts=[HelperFactory()], **fields).hosts.get()


# --- Who may do what -----------------------------------------------------------------

VERBS = {
    "accept": accept_offer,
    "decline": decline_offer,
    "withdraw": withdraw_offer,
}
ALLOWED = {
    ("offered", "accept", "therapist"): "accepted",
    ("offered", "accept", "author"): "accepted",
    ("offered", "decline", "therapist"): "declined",
    ("offered", "decline", "author"): "declined",
    ("offered", "withdraw", "helper"): "withdrawn",
}
ROLES = ["therapist", "author", "helper", "moderator", "outsider", "clock"]


def person_of(role, offer):
    people = {
        "therapist": offer.need.therapist,
        "author": offer.need.author,
        "helper": offer.helper,
        "clock": None,
    }
    others = {"moderator": ModeratorFactory, "outsider": TherapistFactory}
    return others[role]() if role in others else people[role]


@pytest.mark.parametrize(
    "status", ["offered", "accepted", "declined", "withdrawn", "lapsed"]
)
def test_offer_moves_only_as_allowed(status, subtests):
    first = OfferFactory(
        status=status,
        need__author=TherapistFactory(),
        need__first_date=LATER["first_date"],
    )
    people = {role: person_of(role, first) for role in ROLES}
    for verb, role in product(VERBS, ROLES):
        offer = Offer.objects.get(pk=first.pk)
        expected = ALLOWED.get((status, verb, role), status)
        refused = pytest.raises(NotAllowedError)
        with subtests.test(f"{verb} by {role}"), transaction.atomic():
            with nullcontext() if expected != status else refused:
                VERBS[verb](offer, by=people[role])

            offer.refresh_from_db()
            assert offer.status == expected
            transaction.set_rollback(True)


BUTTONS = {
    "therapist": {"accepted", "declined"},
    "author": {"accepted", "declined"},
    "helper": {"withdrawn"},
}


@pytest.mark.parametrize("role", ["therapist", "author", "helper", "outsider"])
def test_buttons_come_from_the_table(role):
    offer = OfferFactory(need__author=TherapistFactory())

    assert set(next_statuses(offer, person_of(role, offer))) == BUTTONS.get(role, set())


# --- Accepting books -------------------------------------------------------------------


def test_accepting_books_every_date_still_needed_and_tells_both():
    need = NeedFactory(**LATER)
    offer = OfferFactory(need=need, price_cents=1800, spans=[EARLY])

    offer = accept_offer(offer, by=need.author)

    dates = offer.booking.occurrences.all()
    wanted = [item.period.lower for item in dated_hours(need)]
    assert [date.period.lower for date in dates] == wanted
    assert {(date.state, date.guest, date.price_cents) for date in dates} == {
        ("booked", need.therapist, 3600)
    }
    assert (offer.booking.status, offer.booking.source) == ("confirmed", "offer")
    assert sent() == [
        ("booking_confirmed", need.therapist.pk),
        ("offer_accepted", offer.helper.pk),
    ]


@pytest.fixture
def associates_need():
    associate = TherapistFactory()
    LicenceFactory(therapist=associate, kind=Term.objects.get(slug="apcc"))
    return NeedFactory(therapist=associate, **LATER)


def told():
    return {(row.kind, row.recipient) for row in Delivery.objects.all()}


def test_what_an_associate_would_owe_for_is_held_until_who_owes_it_approves(
    associates_need,
):
    """Held, the hours are nobody else's, and the need stays open; approved, they cover it; refused, all is as before."""
    need, associate = associates_need, associates_need.therapist
    supervisor = SupervisionFactory(trainee=associate).supervisor
    offer, again = OfferFactory.create_batch(2, need=need, price_cents=1800)

    offer = accept_offer(offer, by=associate)

    booking = offer.booking
    assert (booking.status, booking.party) == ("awaiting", supervisor)
    assert {date.state for date in booking.occurrences.all()} == {"held"}
    left = booking.answer_by - timezone.now()
    assert timedelta(hours=11) < left <= timedelta(hours=12)
    assert told() == {
        ("booking_approval", supervisor),
        ("booking_awaiting", associate),
        ("booking_awaiting", offer.helper),
    }
    row = Delivery.objects.get(recipient=offer.helper)
    assert "takes the offer" in message_kind(row.kind).render([row])[row.pk].text
    coverage = coverage_of([need])[need.pk]
    assert (coverage.booked, coverage.open) == ([], [])
    with pytest.raises(SlotTakenError):
        accept_offer(again, by=associate)  # the same hours are held already

    refuse_booking(booking, by=supervisor, note="Too far away.")
    other = accept_offer(again, by=associate).booking
    other = approve_booking(other, by=supervisor)

    dates = other.occurrences.select_related("booking__party", "guest")
    assert {(date.state, owed_by(date)) for date in dates} == {("booked", supervisor)}
    need.refresh_from_db()
    assert need.status == "covered"
    assert ("booking_confirmed", again.helper) in told()


def test_a_supervisor_who_accepts_for_their_associate_has_approved(associates_need):
    supervisor = SupervisionFactory(trainee=associates_need.therapist).supervisor
    Need.objects.update(author=supervisor)
    offer = OfferFactory(need=Need.objects.get(), price_cents=1800)

    offer = accept_offer(offer, by=supervisor)

    assert (offer.booking.status, offer.booking.party) == ("confirmed", supervisor)
    assert offer.booking.approved_at
    assert ("booking_confirmed", supervisor.pk) in sent()


@pytest.mark.parametrize(("price_cents", "status"), [(0, "accepted"), (1, "offered")])
def test_an_associate_nobody_answers_for_borrows_only_what_is_free(
    associates_need, price_cents, status
):
    offer = OfferFactory(need=associates_need, price_cents=price_cents)

    with pytest.raises(NotAllowedError) if price_cents else nullcontext():
        accept_offer(offer, by=associates_need.author)

    offer.refresh_from_db()
    assert offer.status == status


def test_accepting_takes_the_hours_out_of_what_the_room_offers():
    helper = helper_with_hours(EVENING)
    office = helper.offices.get()
    need = NeedFactory(**LATER)
    offer = OfferFactory(need=need, helper=helper, office=office)

    accept_offer(offer, by=need.author)

    free = Opening.objects.get().free
    assert dated_hours(need)[0].period.lower not in [lower for lower, _upper in free]


def test_accepting_leaves_out_dates_that_went():
    need = NeedFactory(**LATER)
    offer = OfferFactory(need=need)
    first, second, *rest = [item.period for item in dated_hours(need)]
    rival = BookingFactory(office=offer.office, status="confirmed")
    OccurrenceFactory(booking=rival, period=first)
    ClosureFactory(office=offer.office, period=second)

    accept_offer(offer, by=need.author)

    booked = Booking.objects.get(offer=offer).occurrences.values_list(
        "period", flat=True
    )
    assert list(booked) == rest
    need.refresh_from_db()
    assert need.status == "open"


def test_nothing_is_booked_when_all_of_it_went():
    need = NeedFactory(**LATER)
    offer = OfferFactory(need=need)
    rival = BookingFactory(office=offer.office, status="confirmed")
    for item in dated_hours(need):
        OccurrenceFactory(booking=rival, period=item.period)

    with pytest.raises(SlotTakenError):
        accept_offer(offer, by=need.author)

    offer.refresh_from_db()
    assert (offer.status, offer.booking) == ("offered", None)


def test_the_second_offer_for_a_taken_hour_is_thanked_and_told_what_is_open():
    need = NeedFactory(**LATER)
    WaveFactory(need=need)
    taken = OfferFactory(need=need, spans=[EARLY])
    late = OfferFactory(need=need, spans=[EARLY])
    other = OfferFactory(need=need, spans=[EVENING])

    accept_offer(taken, by=need.author)

    late.refresh_from_db()
    other.refresh_from_db()
    assert (late.status, other.status) == ("lapsed", "offered")
    assert sent("offer_late") == [("offer_late", late.helper.pk)]
    decline_offer(other, by=need.author)
    row = Delivery.objects.select_related("recipient__user").get(kind="offer_late")
    [mail] = message_kind("offer_late").render([row]).values()
    assert "Thank you" in mail.text
    assert "Wed 19:00–21:00" in mail.text


def test_a_covered_need_ends_its_wave_and_thanks_everyone():
    need = NeedFactory(**LATER)
    wave = WaveFactory(need=need)
    first, second = (OfferFactory(need=need, spans=[span]) for span in (EARLY, LATE))

    accept_offer(first, by=need.author)
    accept_offer(second, by=need.author)

    need.refresh_from_db()
    wave.refresh_from_db()
    assert (need.status, wave.state) == ("covered", "done")
    assert sent("need_covered_thanks") == sorted(
        ("need_covered_thanks", offer.helper.pk) for offer in (first, second)
    )


def test_offers_of_a_room_that_was_taken_otherwise_lapse():
    offer = OfferFactory(need__first_date=LATER["first_date"])
    rival = BookingFactory(office=offer.office, status="confirmed")
    for item in dated_hours(offer.need):
        OccurrenceFactory(booking=rival, period=item.period)

    lapse_emptied()

    offer.refresh_from_db()
    assert offer.status == "lapsed"


@pytest.mark.parametrize("obstacle", ["block", "block of another host", "suspension"])
def test_who_no_longer_meets_accepts_nothing(obstacle):
    offer = OfferFactory(need__first_date=LATER["first_date"])
    if obstacle == "block":
        BlockFactory(blocker=offer.helper, blocked=offer.need.therapist)
    elif obstacle == "block of another host":
        block = BlockFactory(blocked=offer.need.therapist)
        offer.office.hosts.add(block.blocker)
    else:
        offer.helper.standing = "suspended"
        offer.helper.save()

    with pytest.raises(NotAllowedError):
        accept_offer(offer, by=offer.need.author)

    assert not Booking.objects.exists()


def test_declining_thanks():
    offer = OfferFactory()

    decline_offer(offer, by=offer.need.author)

    assert sent() == [("offer_declined", offer.helper.pk)]


def test_withdrawing_tells_who_asked():
    offer = OfferFactory()

    withdraw_offer(offer, by=offer.helper)

    assert sent() == [("offer_withdrawn", offer.need.therapist.pk)]


# --- Answering a wave ------------------------------------------------------------------


def test_offering_hours_makes_one_offer_and_tells_who_asked():
    wave = WaveFactory(need__first_date=LATER["first_date"])
    helper = helper_with_room()

    [offer] = offer_hours(wave, by=helper, office=helper.offices.get(), spans=[EARLY])

    assert (offer.need, offer.helper, offer.spans) == (wave.need, helper, [EARLY])
    assert (offer.price_cents, offer.last_date) == (0, wave.need.last_date)
    assert Answer.objects.get().choice == "offers"
    assert sent() == [("offer_received", wave.need.therapist.pk)]


def test_the_same_answer_again_changes_nothing():
    wave = WaveFactory()
    helper = helper_with_room()
    answer = {"by": helper, "office": helper.offices.get(), "spans": [EARLY]}

    once = offer_hours(wave, **answer)
    twice = offer_hours(wave, **answer)

    assert once == twice
    assert Offer.objects.count() == Answer.objects.count() == 1
    assert len(sent()) == 1


def test_another_answer_for_the_same_room_replaces_the_first():
    wave = WaveFactory()
    helper = helper_with_room()
    office = helper.offices.get()
    offer_hours(wave, by=helper, office=office, spans=[EARLY])

    [offer] = offer_hours(wave, by=helper, office=office, spans=[LATE], price_cents=900)

    assert Offer.objects.get() == offer
    assert (offer.spans, offer.price_cents) == ([LATE], 900)


def test_an_answer_to_a_later_round_is_offered_besides():
    wave = WaveFactory()
    helper = helper_with_room()
    office = helper.offices.get()
    offer_hours(wave, by=helper, office=office, spans=[EARLY])
    later = WaveFactory(need=wave.need, number=2, state="done")

    [offer] = offer_hours(later, by=helper, office=office, spans=[LATE])

    assert Offer.objects.get() == offer
    assert offer.spans == [Span(2, EARLY.start, LATE.end)]


def test_hours_beyond_what_is_needed_are_left_out():
    wave = WaveFactory(need__spans=[EARLY])
    helper = helper_with_room()

    [offer] = offer_hours(
        wave, by=helper, office=helper.offices.get(), spans=[Span(2, 0, 1440)]
    )

    assert offer.spans == [EARLY]


@pytest.mark.parametrize(
    ("spans", "fields"),
    [
        ([], {}),
        ([Span(4, 540, 600)], {}),
        ([EARLY], {"last_date": timezone.now().date() - timedelta(days=9)}),
    ],
)
def test_answers_that_help_nobody_are_refused(spans, fields):
    wave = WaveFactory(need__first_date=LATER["first_date"])
    helper = helper_with_room()

    with pytest.raises(HoursError):
        offer_hours(wave, by=helper, office=helper.offices.get(), spans=spans, **fields)

    assert not Offer.objects.exists()


def test_a_room_too_small_or_with_steps_is_refused():
    wave = WaveFactory(need__people=8)
    helper = helper_with_room(capacity=3)

    with pytest.raises(HoursError):
        offer_hours(wave, by=helper, office=helper.offices.get(), spans=[EARLY])


def test_a_room_that_is_taken_throughout_is_refused():
    wave = WaveFactory(need__first_date=LATER["first_date"])
    helper = helper_with_room()
    office = helper.offices.get()
    booking = BookingFactory(office=office, status="confirmed")
    for item in dated_hours(wave.need):
        OccurrenceFactory(booking=booking, period=item.period)

    with pytest.raises(HoursError):
        offer_hours(wave, by=helper, office=office, spans=[EARLY])


def test_only_ones_own_rooms():
    wave = WaveFactory()

    with pytest.raises(NotAllowedError):
        offer_hours(wave, by=helper_with_room(), office=OfficeFactory(), spans=[EARLY])


def test_hours_several_want_go_to_the_least_covered_need():
    incident = IncidentFactory()
    covered = NeedFactory(incident=incident, spans=[EVENING], **LATER)
    OfferFactory(need=covered, spans=[LATE], status="offered")
    bare = NeedFactory(incident=incident, spans=[EVENING], **LATER)
    wave = WaveFactory(incident=incident, need=None)
    helper = helper_with_room()

    offers = offer_hours(wave, by=helper, office=helper.offices.get(), spans=[EARLY])

    assert [(offer.need, offer.spans) for offer in offers] == [(bare, [EARLY])]


def test_hours_are_shared_out_between_needs_that_want_different_ones():
    incident = IncidentFactory()
    needs = [
        NeedFactory(incident=incident, spans=[span], **LATER) for span in (EARLY, LATE)
    ]
    wave = WaveFactory(incident=incident, need=None)
    helper = helper_with_room()

    offers = offer_hours(wave, by=helper, office=helper.offices.get(), spans=[EVENING])

    assert [(offer.need, offer.spans) for offer in offers] == [
        (needs[0], [EARLY]),
        (needs[1], [LATE]),
    ]


def test_nothing_is_offered_across_a_block():
    incident = IncidentFactory()
    need = NeedFactory(incident=incident)
    wave = WaveFactory(incident=incident, need=None)
    helper = helper_with_room()
    BlockFactory(blocker=helper, blocked=need.therapist)

    with pytest.raises(HoursError):
        offer_hours(wave, by=helper, office=helper.offices.get(), spans=[EARLY])


def test_a_no_withdraws_what_nobody_answered():
    wave = WaveFactory()
    helper = helper_with_room()
    offer_hours(wave, by=helper, office=helper.offices.get(), spans=[EARLY])

    say_no(wave, by=helper, choice=AnswerChoice.NOT_NOW)

    assert Offer.objects.get().status == "withdrawn"
    assert Answer.objects.get().choice == "not_now"
    assert sent("offer_withdrawn") == [("offer_withdrawn", wave.need.therapist.pk)]


def test_a_place_described_on_the_spot_is_one_private_draft():
    helper = TherapistFactory()
    place = Place(
        street="12 Hidden Lane",
        city="Oakland",
        zip_code="94611",
        latitude=37.82,
        longitude=-122.25,
        timezone="America/Los_Angeles",
        capacity=4,
    )

    offices = {draft_office(place, by=helper).pk for _each in range(2)}

    office = Office.objects.get()
    assert offices == {office.pk}
    assert (office.is_draft, list(office.hosts.all())) == (True, [helper])
    assert not Office.objects.listed().exists()


# --- Two people at once ------------------------------------------------------------------


def at_once(verbs):
    """Each in its own thread and connection; what each raised, or None."""
    start = Barrier(len(verbs))
    raised = [None] * len(verbs)

    def run(number, verb):
        start.wait()
        try:
            verb()
        except Exception as error:  # noqa: BLE001 -- looked at by the test
            raised[number] = type(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=item) for item in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_two_needs_accept_offers_of_one_room_at_once():
    office = OfficeFactory()
    offers = [
        OfferFactory(
            helper=office.hosts.get(),
            office=office,
            need__first_date=LATER["first_date"],
        )
        for _each in range(6)
    ]

    raised = at_once(
        [
            lambda offer=offer: accept_offer(offer, by=offer.need.author)
            for offer in offers
        ]
    )

    assert raised.count(None) == 1
    assert set(raised) - {None} <= {SlotTakenError, NotAllowedError}
    assert Booking.objects.count() == 1
    statuses = sorted(Offer.objects.values_list("status", flat=True))
    assert statuses == ["accepted", *["lapsed"] * 5]


@pytest.mark.django_db(transaction=True)
def test_one_need_accepts_two_offers_of_the_same_hours_at_once():
    need = NeedFactory(**LATER)
    offers = [OfferFactory(need=need) for _each in range(4)]

    raised = at_once(
        [lambda offer=offer: accept_offer(offer, by=need.author) for offer in offers]
    )

    assert raised.count(None) == 1
    assert Booking.objects.count() == 1
    coverage = coverage_of([Need.objects.get()])[need.pk]
    assert (coverage.offered_minutes, coverage.open_minutes) == (0, 0)
    assert Need.objects.get().status == "covered"


@pytest.mark.django_db(transaction=True)
def test_needs_published_at_once_make_one_wave_and_one_mail_each():
    incident = IncidentFactory()
    helpers = [helper_with_hours(EVENING) for _each in range(3)]
    needs = [
        NeedFactory(incident=incident, status="draft", published_at=None, **LATER)
        for _each in range(4)
    ]

    raised = at_once(
        [lambda need=need: publish_need(need, by=need.author) for need in needs]
    )

    assert raised == [None] * 4
    assert incident.waves.count() == 1
    assert sent("wave") == sorted(("wave", helper.pk) for helper in helpers)


def test_a_missing_recipient_row_is_no_obstacle():
    """Whoever finds the page by themself, not by a wave's mail, may help too."""
    wave = WaveFactory()
    WaveRecipientFactory(wave=wave)
    helper = helper_with_room()

    assert offer_hours(wave, by=helper, office=helper.offices.get(), spans=[EARLY])
    refresh_free([office.pk for office in helper.offices.all()])
    assert not Occurrence.objects.exists()


# --- Hours that several want ---------------------------------------------------------------


@pytest.fixture
def two_needs():
    """Two of one incident that want the same evening, and an offer to the first."""
    incident = IncidentFactory()
    needs = [NeedFactory(incident=incident, **LATER) for _each in range(2)]
    WaveFactory(incident=incident, need=None)
    return [*needs, OfferFactory(need=needs[0], price_cents=900)]


def test_declined_hours_go_to_the_next_who_wants_them(two_needs):
    first, second, offer = two_needs

    decline_offer(offer, by=first.author)

    passed = Offer.objects.get(need=second)
    assert (passed.helper, passed.office, passed.price_cents) == (
        offer.helper,
        offer.office,
        900,
    )
    assert sent("offer_received") == [("offer_received", second.therapist.pk)]


def test_hours_nobody_answered_go_to_the_next_after_four_hours_once(two_needs):
    _first, second, offer = two_needs

    pass_on_offers(timezone.now() + timedelta(hours=3))
    assert not Offer.objects.filter(need=second).exists()
    for hours in (5, 6):
        pass_on_offers(timezone.now() + timedelta(hours=hours))

    offer.refresh_from_db()
    assert offer.status == "offered"
    assert Offer.objects.filter(need=second).count() == 1


def test_each_who_is_offered_the_hours_has_as_long_to_answer(two_needs):
    first, _second, _offer = two_needs
    third = NeedFactory(incident=first.incident, **LATER)
    waited = {"created_at": timezone.now() - timedelta(hours=5)}

    Offer.objects.update(**waited)
    for _minute in range(2):
        pass_on_offers()
    assert not Offer.objects.filter(need=third).exists()

    Offer.objects.update(**waited)
    pass_on_offers()
    assert Offer.objects.filter(need=third).count() == 1


def test_hours_nobody_else_wants_go_nowhere(two_needs):
    first, second, offer = two_needs
    second.status = "closed"
    second.save()

    decline_offer(offer, by=first.author)

    assert Offer.objects.count() == 1


def test_nothing_is_booked_for_somebody_whose_licence_lapsed():
    """Their supervisor, who asks for them, is not told why."""
    need = NeedFactory(author=TherapistFactory())
    offer = OfferFactory(need=need)
    need.therapist.lapsed_on = timezone.now().date()
    need.therapist.save()

    for person, why in [(need.therapist, "licence has run out"), (need.author, "now")]:
        with pytest.raises(NotAllowedError, match=why):
            accept_offer(offer, by=person)
    assert not Booking.objects.exists()
    Need.objects.update(status="draft")
    need.refresh_from_db()
    with pytest.raises(NotAllowedError, match="licence has run out"):
        publish_need(need, by=need.therapist)
