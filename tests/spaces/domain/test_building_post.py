import pytest
from django.core import mail

from directory.domain.preference import set_frequency
from directory.enums import Frequency, Topic
from directory.errors import NotAllowedError
from directory.models import Delivery
from directory.tasks import send_due_deliveries
from spaces.domain.building_post import POSTS_A_DAY, post_to_building, remove_post
from spaces.errors import HoursError
from tests.factories.directory import (
    BlockFactory,
    InvitedFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.factories.spaces import BookingFactory, OccurrenceFactory, OfficeFactory

pytestmark = pytest.mark.django_db

AWAKE = {"quiet_from_minute": 0, "quiet_to_minute": 0}


@pytest.fixture
def office():
    office = OfficeFactory(hosts=[TherapistFactory(name="Ann Host", **AWAKE)])
    booking = BookingFactory(office=office, guest=InvitedFactory(), status="confirmed")
    OccurrenceFactory(booking=booking)
    return office


def neighbour(office, **fields):
    return OfficeFactory(
        building=office.building, hosts=[TherapistFactory(**AWAKE, **fields)]
    ).hosts.get()


def told():
    return set(
        Delivery.objects.filter(kind="building_post").values_list(
            "recipient", flat=True
        )
    )


def test_post_mails_everybody_tied_who_wants_it(office, settings):
    ann = office.hosts.get()
    reader, silent = neighbour(office), neighbour(office)
    BlockFactory(blocker=neighbour(office), blocked=ann)
    set_frequency(silent, topic=Topic.BUILDINGS, frequency=Frequency.OFF)

    post_to_building(office.building, by=ann, text="  The lift is stuck.  ")
    assert told() == {reader.pk, silent.pk}
    send_due_deliveries()

    [sent] = mail.outbox
    assert sent.to == [reader.address]
    assert sent.subject == f"{office.building}: The lift is stuck."
    assert "Ann" not in sent.body  # did not agree to be named
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    refused = Delivery.objects.get(recipient=silent)
    assert (refused.state, refused.reason) == (
        "skipped",
        "Does not want messages of this topic.",
    )


def test_what_is_taken_back_or_no_longer_theirs_is_not_sent(office):
    ann, reader = office.hosts.get(), neighbour(office)
    post = post_to_building(office.building, by=ann, text="The lift is stuck.")
    with pytest.raises(NotAllowedError):
        remove_post(post, by=reader)
    gone = neighbour(office)
    remove_post(post, by=ann)
    other = post_to_building(office.building, by=ann, text="Another word.")
    gone.offices.all().delete()
    send_due_deliveries()
    remove_post(other, by=ModeratorFactory())
    remove_post(other, by=ann)  # again: nothing more

    assert [sent.to for sent in mail.outbox] == [[reader.address]]
    assert "Another word." in mail.outbox[0].body
    reasons = Delivery.objects.exclude(state="sent").values_list("recipient", "reason")
    assert set(reasons) == {
        (reader.pk, "taken back"),
        (gone.pk, "no tie any more, or a block"),
    }


def test_strangers_empty_words_and_too_many_are_refused(office):
    ann = office.hosts.get()
    for person in (TherapistFactory(), InvitedFactory()):
        with pytest.raises(NotAllowedError):
            post_to_building(office.building, by=person, text="Hello")
    with pytest.raises(HoursError):
        post_to_building(office.building, by=ann, text=" \n")
    for _number in range(POSTS_A_DAY):
        post_to_building(office.building, by=ann, text="Hello")

    with pytest.raises(NotAllowedError):
        post_to_building(office.building, by=ann, text="Hello")
