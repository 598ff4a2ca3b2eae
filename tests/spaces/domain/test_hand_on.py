from contextlib import nullcontext
from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from directory.errors import DomainError, NotAllowedError
from directory.models import Delivery, Term
from directory.registry import Skip, message_kind
from spaces.domain.booking import cancel_booking
from spaces.domain.changes import skip_dates
from spaces.domain.hand_on import (
    accept_hand_on,
    dates_to_give,
    decline_hand_on,
    lapse_hand_ons,
    next_statuses,
    offer_dates,
    withdraw_hand_on,
)
from spaces.models import Booking, HandOn, Occurrence
from tests.factories.directory import (
    BlockFactory,
    InvitedFactory,
    LicenceFactory,
    SupervisionFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    HandOnFactory,
    OccurrenceFactory,
    OfficeFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db
WEEKS = 4


@pytest.fixture
def booking():
    """Four coming dates in a room whose host allows handing on."""
    office = OfficeFactory(allows_hand_on=True, name="The garden room")
    booking = BookingFactory(
        office=office,
        guest=TherapistFactory(name="Gia Giver"),
        status="confirmed",
        notice_days=7,
    )
    for week in range(WEEKS):
        OccurrenceFactory(booking=booking, period=hours(9, 11, day=10 + 7 * week))
    return booking


@pytest.fixture
def taker():
    return TherapistFactory(name="Tom Taker")


def offer(booking, taker, count=2, **more):
    dates = list(booking.occurrences.all())[:count]
    return offer_dates(
        booking,
        occurrences=[date.pk for date in dates],
        to=taker,
        by=booking.guest,
        **more,
    )


def held(booking):
    """Of each date: whose it is, who pays if somebody else, how often calendars were told."""
    return [
        (o.guest.name, o.payer and o.payer.name, o.sequence)
        for o in booking.occurrences.select_related("guest", "payer").in_order()
    ]


def told(hand_on=None):
    rows = Delivery.objects.order_by("kind", "recipient__name")
    return [(row.kind, row.recipient.name) for row in rows]


@pytest.mark.parametrize(("kind", "payer"), [("hand_on", None), ("lend", "Gia Giver")])
def test_accepting_makes_the_taker_the_guest_of_these_dates(
    booking, taker, kind, payer
):
    hand_on = offer(booking, taker, kind=kind)
    assert held(booking) == [("Gia Giver", None, 0)] * WEEKS

    accept_hand_on(hand_on, by=taker)

    assert held(booking) == [("Tom Taker", payer, 1)] * 2 + [("Gia Giver", None, 0)] * 2
    event = booking.events.get()
    assert (event.change, event.actor) == (
        "lent" if kind == "lend" else "handed_on",
        taker,
    )
    assert event.details["people"] == [booking.guest_id, taker.pk]
    host = booking.office.hosts.get()
    assert told() == [
        ("booking_changed", "Gia Giver"),
        ("booking_changed", host.name),
        ("hand_on_accepted", "Tom Taker"),
        ("hand_on_offered", "Tom Taker"),
    ]
    for person, is_in in [(taker, True), (booking.guest, True), (host, True)]:
        assert Booking.objects.involving(person).exists() == is_in
    assert not Booking.objects.involving(TherapistFactory()).exists()


VERBS = {
    "accept": accept_hand_on,
    "decline": decline_hand_on,
    "withdraw": withdraw_hand_on,
}
ALLOWED = {
    ("offered", "accept", "taker"): "accepted",
    ("offered", "decline", "taker"): "declined",
    ("offered", "withdraw", "giver"): "withdrawn",
}
STATUSES = ["offered", "accepted", "declined", "withdrawn", "lapsed"]
EVERY_CASE = list(product(STATUSES, VERBS, ["giver", "taker", "host", "outsider"]))


def test_an_offer_moves_only_as_allowed(booking, taker, subtests):
    people = {
        "giver": booking.guest,
        "taker": taker,
        "host": booking.office.hosts.get(),
        "outsider": TherapistFactory(),
    }
    hand_on = HandOnFactory(
        booking=booking, taker=taker, occurrences=[booking.occurrences.first()]
    )
    for status, verb, role in EVERY_CASE:
        with subtests.test(f"{status} {verb} {role}"):
            HandOn.objects.update(status=status)
            expected = ALLOWED.get((status, verb, role), status)

            with (
                nullcontext() if expected != status else pytest.raises(NotAllowedError)
            ):
                VERBS[verb](hand_on, by=people[role])

            hand_on.refresh_from_db()
            assert hand_on.status == expected
            Occurrence.objects.filter(guest=taker).update(guest=booking.guest)
            own = {
                new
                for (old, _, who), new in ALLOWED.items()
                if (old, who) == (status, role)
            }
            hand_on.status = status
            assert set(next_statuses(hand_on, people[role])) == own


def licensed(kind):
    """An associate whose supervisor has accepted, or has not."""
    person = TherapistFactory(name="Ada Associate")
    LicenceFactory(therapist=person, kind=Term.objects.get(slug="amft"))
    if kind == "accepted":
        SupervisionFactory(trainee=person)
    return person


NOT_FOR = {
    "themself": lambda booking: booking.guest,
    "the host": lambda booking: booking.office.hosts.get(),
    "somebody invited": lambda booking: InvitedFactory(),
    "somebody suspended": lambda booking: TherapistFactory(standing="suspended"),
    "who blocked them": lambda b: BlockFactory(blocked=b.guest).blocker,
    "whom they blocked": lambda b: BlockFactory(blocker=b.guest).blocked,
    "who blocked the host": lambda b: (
        BlockFactory(blocked=b.office.hosts.get()).blocker
    ),
    "a supervised associate": lambda b: licensed("accepted"),
    "an associate nobody answers for": lambda b: licensed("not yet"),
}


@pytest.mark.parametrize("whom", NOT_FOR)
def test_dates_are_offered_to_members_only_who_may_have_them(booking, whom):
    person = NOT_FOR[whom](booking)

    with pytest.raises(DomainError):
        offer(booking, person)

    assert not HandOn.objects.exists()


@pytest.mark.parametrize(
    "change",
    ["suspended", "blocked the giver", "blocked by the host", "became a host"],
)
def test_who_may_not_have_them_any_more_cannot_accept(booking, taker, change):
    hand_on = offer(booking, taker)
    if change == "suspended":
        taker.standing = "suspended"
        taker.save()
    elif change == "blocked the giver":
        BlockFactory(blocker=taker, blocked=booking.guest)
    elif change == "blocked by the host":
        BlockFactory(blocker=booking.office.hosts.get(), blocked=taker)
    else:
        booking.office.hosts.add(taker)

    with pytest.raises(NotAllowedError):
        accept_hand_on(hand_on, by=taker)

    hand_on.refresh_from_db()
    assert hand_on.status == "offered"
    assert held(booking) == [("Gia Giver", None, 0)] * WEEKS


NOT_TO_GIVE = {
    "not allowed": lambda b: type(b.office).objects.update(allows_hand_on=False),
    "past": lambda b: b.occurrences.update(period=hours(-48, -47)),
    "given back": lambda b: b.occurrences.update(state="given_back"),
    "displaced": lambda b: b.occurrences.update(state="displaced"),
    "somebody else's": lambda b: b.occurrences.update(guest=TherapistFactory()),
    "lent by somebody": lambda b: b.occurrences.update(payer=TherapistFactory()),
    "cancelled": lambda b: Booking.objects.update(status="cancelled"),
    "answered for": lambda b: Booking.objects.update(party=TherapistFactory()),
}


@pytest.mark.parametrize("reason", NOT_TO_GIVE)
def test_only_coming_dates_of_ones_own_are_given(booking, taker, reason):
    first = booking.occurrences.first()
    Occurrence.objects.exclude(pk=first.pk).delete()
    NOT_TO_GIVE[reason](booking)
    booking.refresh_from_db()

    assert dates_to_give(booking, booking.guest) == []
    with pytest.raises(DomainError):
        offer_dates(booking, occurrences=[first.pk], to=taker, by=booking.guest)


def test_the_same_date_is_offered_once_and_only_by_its_guest(booking, taker):
    offer(booking, taker)

    with pytest.raises(DomainError):
        offer(booking, TherapistFactory())
    other = OccurrenceFactory(booking__status="confirmed")
    with pytest.raises(DomainError):
        offer_dates(booking, occurrences=[other.pk], to=taker, by=booking.guest)
    with pytest.raises(DomainError):
        offer_dates(
            booking,
            occurrences=[booking.occurrences.last().pk],
            to=TherapistFactory(),
            by=taker,
        )


def test_what_the_giver_gave_up_meanwhile_is_not_taken(booking, taker):
    hand_on = offer(booking, taker)
    gone = booking.occurrences.first()
    skip_dates(booking, [gone], by=booking.guest)

    accept_hand_on(hand_on, by=taker)

    assert [name for name, _payer, _n in held(booking)] == [
        "Gia Giver",
        "Tom Taker",
        "Gia Giver",
        "Gia Giver",
    ]
    assert gone not in hand_on.occurrences.all()


def test_the_taker_gives_up_own_dates_and_no_others(booking, taker):
    accept_hand_on(offer(booking, taker), by=taker)
    mine, others = booking.occurrences.first(), booking.occurrences.last()

    with pytest.raises(NotAllowedError):
        skip_dates(booking, [others], by=taker)
    with pytest.raises(NotAllowedError):
        skip_dates(booking, [mine], by=booking.guest)
    skip_dates(booking, [mine], by=taker)

    mine.refresh_from_db()
    assert mine.state == "skipped"


def test_the_host_who_cancels_tells_the_taker_of_their_dates(booking, taker):
    accept_hand_on(offer(booking, taker), by=taker)
    with pytest.raises(NotAllowedError):
        cancel_booking(booking, by=booking.guest)

    cancel_booking(booking, by=booking.office.hosts.get())

    row = Delivery.objects.get(kind="booking_cancelled", recipient=taker)
    assert "2 dates" in message_kind(row.kind).render([row])[row.pk].subject


def test_whose_dates_were_over_long_ago_hears_nothing_of_the_end(booking, taker):
    accept_hand_on(offer(booking, taker, count=1), by=taker)
    Occurrence.objects.filter(guest=taker).update(period=hours(-48, -47))

    cancel_booking(booking, by=booking.office.hosts.get())

    assert ("booking_cancelled", "Gia Giver") in told()
    assert ("booking_cancelled", "Tom Taker") not in told()


def test_offers_lapse_when_the_first_date_begins_or_nothing_is_left(booking, taker):
    begun, gone, open_ = (
        offer_dates(booking, occurrences=[date.pk], to=taker, by=booking.guest)
        for date in list(booking.occurrences.all())[:3]
    )
    begun.occurrences.update(period=hours(-48, -47))
    gone.occurrences.update(state="skipped")

    assert lapse_hand_ons() == 2

    statuses = [HandOn.objects.get(pk=x.pk).status for x in (begun, gone, open_)]
    assert statuses == ["lapsed", "lapsed", "offered"]
    assert [row for row in told() if row[0] == "hand_on_lapsed"] == [
        ("hand_on_lapsed", "Gia Giver"),
        ("hand_on_lapsed", "Gia Giver"),
        ("hand_on_lapsed", "Tom Taker"),
        ("hand_on_lapsed", "Tom Taker"),
    ]
    assert lapse_hand_ons(timezone.now() + timedelta(days=90)) == 1


@pytest.mark.parametrize(
    ("kind", "end", "reader", "words"),
    [
        (
            "hand_on_declined",
            lambda x: decline_hand_on(x, by=x.taker),
            "giver",
            "Tom Taker does not take on",
        ),
        (
            "hand_on_withdrawn",
            lambda x: withdraw_hand_on(x, by=x.giver),
            "taker",
            "Gia Giver keeps",
        ),
        (
            "hand_on_lapsed",
            lambda x: lapse_hand_ons(timezone.now() + timedelta(days=90)),
            "taker",
            "An offer has lapsed",
        ),
    ],
)
def test_each_end_of_an_offer_is_told_in_words(
    booking, taker, kind, end, reader, words
):
    hand_on = offer(booking, taker)
    waiting = Delivery.objects.get(kind="hand_on_offered")

    end(hand_on)

    row = Delivery.objects.get(kind=kind, recipient=getattr(hand_on, reader))
    mail = message_kind(kind).render([row])[row.pk]
    assert mail.subject.startswith(words)
    assert "2 dates" in mail.text
    assert "2 dates" in mail.html
    late = message_kind("hand_on_offered").render([waiting])[waiting.pk]
    assert late == Skip("answered meanwhile")


def test_the_mails_say_what_is_offered_and_keep_the_address(booking, taker):
    booking.office.building.name = "Lantern House"
    hand_on = offer(booking, taker, message="While I am away.")

    def mail(kind):
        row = Delivery.objects.get(kind=kind, recipient=taker)
        return message_kind(kind).render([row])[row.pk]

    offered = mail("hand_on_offered")
    assert offered.subject.startswith("Gia Giver offers you ")
    for part in (offered.text, offered.html):
        assert "While I am away." in part
        assert f"/spaces/hand-ons/{hand_on.pk}/" in part
        assert booking.office.building.street not in part
    accept_hand_on(hand_on, by=taker)
    accepted = mail("hand_on_accepted")
    assert accepted.subject.startswith("Yours now: The garden room")
    assert accepted.attachments
