"""Somebody else's thing, reached by way of one's own: under one's own booking, need, house, or by a number in a form."""

import pytest
from django.apps import apps
from django.urls import reverse

from directory.domain.message import write_to
from directory.models import Conversation, Report
from spaces.models import IncidentScope
from tests.access.test_access import ask, browser_of
from tests.access.world import build
from tests.factories.directory import TherapistFactory
from tests.factories.spaces import (
    BookingFactory,
    IncidentFactory,
    NeedFactory,
    OccurrenceFactory,
    OfferFactory,
    OfficeFactory,
)
from tests.periods import hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """Otto has one of everything, too."""
    world = build()
    otto = world.other
    room = world.room = OfficeFactory(hosts=[otto])
    world.house = room.building
    world.my_booking = BookingFactory(guest=otto, status="confirmed")
    OccurrenceFactory(booking=world.my_booking, period=hours(9, 10, day=40))
    world.my_let = BookingFactory(office=room, status="confirmed")
    OccurrenceFactory(booking=world.my_let, period=hours(9, 10, day=41))
    world.my_need = NeedFactory(therapist=otto)
    OfferFactory(need=world.my_need)
    world.my_fire = IncidentFactory(status="confirmed", reported_by=otto, scope=None)
    IncidentScope.objects.create(
        incident=world.my_fire, building=world.house, until=world.scope.until
    )
    return world


ADDRESSES = [  # under what is one's own, what is not
    ("spaces:offer_accept", ["my_need", "offer"]),
    ("spaces:offer_decline", ["my_need", "offer"]),
    ("spaces:wave_answer", ["my_need", "wave", "paused"]),
    ("spaces:post_report", ["house", "post"]),
    ("spaces:post_remove", ["house", "post"]),
    ("spaces:date_move", ["my_booking", "confirmed_date"]),
    ("spaces:proposal_new", ["my_let", "let_date"]),
    ("spaces:incident_reopening", ["my_fire", "scope"]),
]
FORMS = [  # of one's own, with the number of what is not
    ("spaces:dates_skip", ["my_booking"], {"dates": "confirmed_date"}),
    ("spaces:dates_readd", ["my_booking"], {"dates": "confirmed_date"}),
    ("spaces:dates_leave_out", ["my_booking"], {"dates": "confirmed_date"}),
    ("spaces:hand_on_new", ["my_booking"], {"dates": "confirmed_date", "to": "owner"}),
    (
        "spaces:booking_move",
        ["my_booking"],
        {"dates": "confirmed_date", "room": "room"},
    ),
    ("spaces:offer_accept_plan", ["my_need"], {"offer": "offer"}),
    ("spaces:opening_copy", ["room"], {"office": "office", "to": "office"}),
    ("spaces:incident_room", ["my_fire"], {"room-office": "office"}),
    ("spaces:office_leave", ["office"], {}),
    ("spaces:office_hosts", ["office"], {"therapist": "other"}),
    ("spaces:statement_due", ["let_date"], {"due": "yes"}),
]
OWNERS = {  # what must be as it was, and how to find whose it is
    "Booking": {"guest", "office__hosts"},
    "Occurrence": {"guest", "office__hosts"},
    "Offer": {"helper", "need__therapist"},
    "Opening": {"office__hosts"},
    "Closure": {"office__hosts"},
    "BuildingPost": {"author"},
    "HandOn": {"giver"},
    "MoveProposal": {"by"},
}


def of(world, names):
    return [getattr(world, name).pk if hasattr(world, name) else name for name in names]


def kept_of(owner):
    found = {}
    for name, columns in OWNERS.items():
        rows = apps.get_model("spaces", name).objects.order_by("pk")
        for column in columns:
            found[name, column] = list(rows.filter(**{column: owner}).values())
    return found


def test_nothing_of_others_is_reached_by_way_of_ones_own(world, subtests):
    browser = browser_of(world.other)
    for name, args in ADDRESSES:
        with subtests.test(name):
            url = reverse(name, args=of(world, args))
            for method in ("get", "post"):
                answer = ask(browser, url, method=method)
                assert answer.letter in {"n", "405"}, answer.response
                assert not answer.changed_something


def test_a_number_in_a_form_reaches_nothing_of_others(world, subtests):
    browser, before = browser_of(world.other), kept_of(world.owner)
    for name, args, said in FORMS:
        with subtests.test(name):
            data = dict(zip(said, of(world, said.values()), strict=True))
            browser.post(reverse(name, args=of(world, args)), {**data, "note": "x"})
            assert kept_of(world.owner) == before
            assert not world.office.hosts.filter(pk=world.other.pk).exists()


def test_what_two_write_to_each_other_is_theirs(world):
    """A third finds it neither by either one's page nor with a report; a moderator not before it is reported."""
    third, secret = world.other, "Between the two of us"
    peer = TherapistFactory()
    write_to(peer, by=world.owner, text=secret)
    between = Conversation.objects.between(world.owner, peer).get()
    for person in (third, world.moderator):
        browser = browser_of(person)
        for other in (world.owner, peer):
            page = browser.get(reverse("directory:conversation", args=[other.pk]))
            assert secret not in page.text
        assert secret not in browser.get(reverse("directory:conversation_list")).text
    browser_of(third).post(
        reverse("directory:therapist_report", args=[peer.pk]),
        {"text": "Look at this.", "with_messages": "on", "conversation": between.pk},
    )
    assert Report.objects.get(reporter=third).conversation is None
