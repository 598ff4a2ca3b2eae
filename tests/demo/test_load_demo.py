from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from directory.enums import DeliveryState, Standing
from directory.models import (
    Community,
    Delivery,
    Licence,
    Supervision,
    Therapist,
    User,
)
from spaces.closing import closing_of
from spaces.demo.load import load_demo
from spaces.domain.availability import verify_free
from spaces.enums import (
    Audience,
    BookingSource,
    BookingStatus,
    NeedStatus,
    OfferStatus,
    WaveState,
)
from spaces.models import (
    Booking,
    BookingEvent,
    BorrowedRoom,
    Building,
    BuildingPost,
    HandOn,
    Incident,
    Need,
    Occurrence,
    Offer,
    Office,
    Opening,
    Pledge,
    WaitlistEntry,
    Wave,
)
from spaces.ties import people_tied_to

# Without it this module alone would look at the real database.
pytestmark = pytest.mark.django_db
DEMO_PEOPLE = ["displaced", "host", "moderator", "newcomer"]


def told():
    """What a visitor sees of the community, without what is secret or counted up."""
    rows = {
        Therapist: ["name", "neighbourhood", "headline"],
        Licence: ["number"],
        Office: ["name", "building__street", "capacity"],
        Opening: ["office__name", "weekday", "start", "end", "price_cents"],
        Occurrence: ["guest__name", "period", "state"],
        Offer: ["helper__name", "status", "price_cents"],
        Incident: ["kind", "status"],
    }
    return {
        model: list(model.objects.order_by("pk").values_list(*columns))
        for model, columns in rows.items()
    }


def loaded(**how):
    """Loaded, looked at and undone."""
    with transaction.atomic():
        load_demo(**{"therapists": 70, "offices": 40} | how)
        seen = told()
        transaction.set_rollback(True)
    return seen


@pytest.fixture(scope="module", autouse=True)
def demo(django_db_setup, django_db_blocker):
    """Loaded once for all these tests, which only look; what was told by others loaded before it."""
    with django_db_blocker.unblock(), transaction.atomic():
        others = {
            "again": loaded(seed=7),
            "calm": loaded(therapists=60, offices=30, seed=8, is_calm=True),
        }
        load_demo(therapists=70, offices=40, seed=7)
        yield others
        transaction.set_rollback(True)


def test_load_demo_is_the_same_for_the_same_seed(demo):
    assert told() == demo["again"]
    assert all(demo["again"].values())


def test_load_demo_is_another_for_another_seed(demo):
    assert told()[Therapist] != demo["calm"][Therapist]


def test_load_demo_calm_has_no_incident(demo):
    assert demo["calm"][Occurrence]
    assert not demo["calm"][Incident]


def test_load_demo_makes_as_many_as_asked_for():
    assert Therapist.objects.count() == 70
    assert Office.objects.count() == 40
    assert Community.objects.get().name == "East Bay Therapists"


def test_load_demo_makes_everyone_one_can_be():
    addresses = [f"{name}@demo.example.org" for name in DEMO_PEOPLE]
    users = User.objects.filter(email__in=addresses).order_by("email")

    assert [user.email for user in users] == addresses
    assert [user.therapist.standing for user in users] == [
        Standing.MEMBER,
        Standing.MEMBER,
        Standing.MEMBER,
        Standing.APPLICANT,
    ]
    assert [user.is_staff and user.is_superuser for user in users] == [
        False,
        False,
        True,
        False,
    ]
    assert not any(user.has_usable_password() for user in users)


def test_load_demo_confirms_every_address():
    confirmed = EmailAddress.objects.filter(verified=True, primary=True)

    assert confirmed.count() == User.objects.count()
    assert all(
        address.endswith("@demo.example.org")
        for address in confirmed.values_list("email", flat=True)
    )


def test_load_demo_ties_twelve_five_and_three_to_seven_suites():
    building = Building.objects.get(name="Alder Court")
    hosts = Therapist.objects.filter(offices__building=building).distinct()
    trainees = Supervision.objects.filter(
        supervisor__in=hosts, accepted_at__isnull=False
    )
    guests = Therapist.objects.filter(occurrences__office__building=building).distinct()
    subletters = guests.exclude(pk__in=trainees.values("trainee"))

    assert building.offices.count() == 7
    assert (hosts.count(), subletters.count(), trainees.count()) == (12, 5, 3)
    assert subletters.filter(user=None, standing=Standing.INVITED).count() == 2
    assert people_tied_to(building).count() == 20


def test_load_demo_gives_two_people_an_institute_of_nine_rooms():
    building = Building.objects.get(name="Linden Institute")

    assert building.offices.count() == 9
    assert {office.hosts.count() for office in building.offices.all()} == {2}


def test_load_demo_has_few_evenings_and_many_mornings():
    openings = Opening.objects.filter(weekday__lte=4)
    evenings, mornings = openings.filter(end__gt=1080), openings.filter(end__lte=780)

    assert 0 < evenings.count() * 4 < mornings.count()
    assert Opening.objects.filter(audience=Audience.EMERGENCIES).exists()
    assert not Opening.objects.filter(price_cents__gt=3000).exists()


def test_load_demo_keeps_free_time_true():
    assert verify_free(list(Office.objects.values_list("pk", flat=True))) == []


def test_load_demo_has_bookings_of_every_kind():
    statuses = set(Booking.objects.values_list("status", flat=True))

    assert statuses >= {
        BookingStatus.REQUESTED,
        BookingStatus.CONFIRMED,
        BookingStatus.ENDED,
        BookingStatus.CANCELLED,
    }
    assert Occurrence.objects.filter(period__endswith__lt=timezone.now()).exists()
    assert Occurrence.objects.filter(period__startswith__gt=timezone.now()).exists()


def test_load_demo_leaves_two_overlapping_requests_to_the_host():
    host = Therapist.objects.get(user__email="host@demo.example.org")
    asked = Booking.objects.hosted_by(host).undecided()
    first, second = asked.exclude(source=BookingSource.WAITLIST)

    assert Occurrence.objects.filter(
        booking=first,
        period__overlap=second.occurrences.asked().first().period,
    ).exists()
    assert host.helps_in_emergencies


def test_load_demo_holds_an_hour_for_who_waited_and_has_dates_on_offer():
    held = Booking.objects.get(source=BookingSource.WAITLIST)

    assert held.status == BookingStatus.REQUESTED
    assert [o.state for o in held.occurrences.all()] == ["held"]
    states = WaitlistEntry.objects.order_by("period").values_list("state", flat=True)
    assert list(states) == ["held", "waiting"]
    offer = HandOn.objects.get()
    assert (offer.status, offer.occurrences.count()) == ("offered", 2)
    assert offer.taker.user.email == "host@demo.example.org"


def test_load_demo_shows_the_host_a_series_whose_dates_changed():
    host = Therapist.objects.get(user__email="host@demo.example.org")
    changed = BookingEvent.objects.filter(booking__office__hosts=host).exclude(
        change=""
    )

    assert {event.change for event in changed} >= {"skipped", "readded"}


def test_load_demo_is_in_the_middle_of_wave_two():
    incident = Incident.objects.get(status="confirmed")
    waves = Wave.objects.filter(incident=incident).order_by("number")
    need = Need.objects.get(therapist__user__email="displaced@demo.example.org")

    assert [wave.state for wave in waves] == [WaveState.DONE, WaveState.RUNNING]
    assert waves[1].started_at < timezone.now() < waves[1].next_at
    assert all(wave.recipients.exists() for wave in waves)
    assert need.status == NeedStatus.OPEN
    assert need.offers.filter(status=OfferStatus.OFFERED).exists()
    assert Offer.objects.filter(status=OfferStatus.ACCEPTED).exists()
    assert not incident.scopes.filter(building__name="Alder Court").exists()


def test_load_demo_has_a_borrowed_room_that_waits_for_the_hosts_word():
    borrowed = BorrowedRoom.objects.get(
        booking__office__hosts__user__email="host@demo.example.org"
    )

    assert (borrowed.status, borrowed.kind) == ("proposed", "sublet")
    assert borrowed.booking.occurrences.filter(state="booked").count() >= 3
    assert BuildingPost.objects.count() == 2


def test_load_demo_remembers_a_bad_day_and_what_it_came_to():
    closing = closing_of(Incident.objects.get(summary="No power in the whole block"))

    assert closing.people == 3
    assert 0 < closing.uncovered < closing.covered == closing.lent
    assert len(closing.lent_by) >= 3
    assert closing.first_room_after == timedelta(minutes=52)
    assert closing.mails.in_waves == closing.waves.people
    assert closing.things_back == 1


def test_load_demo_has_pledges_one_of_which_wants_to_be_confirmed():
    own = Pledge.objects.filter(therapist__user__email="host@demo.example.org")

    assert [pledge.is_to_confirm for pledge in own] == [False, True]
    assert all(pledge.free for pledge in own)
    assert Pledge.objects.count() > 4


def test_load_demo_sends_a_dozen_mails_not_hundreds():
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING)
    recipients = {delivery.recipient.address.partition("@")[0] for delivery in waiting}

    assert 5 <= waiting.count() <= 32
    assert recipients <= set(DEMO_PEOPLE)


def test_load_demo_has_awkward_people():
    lengths = [len(name) for name in Therapist.objects.values_list("name", flat=True)]
    silas = Therapist.objects.get(name="Silas Blankenbrook")

    assert max(lengths) >= 90
    assert min(lengths) == 1
    assert (silas.headline, silas.bio, silas.terms.count()) == ("", "", 0)


def test_load_demo_has_an_associate_whose_booking_waits_for_the_moderator(demo):
    moderator = Therapist.objects.get(user__email="moderator@demo.example.org")
    booking = Booking.objects.get(status="awaiting")

    assert booking.party == moderator
    assert set(booking.occurrences.values_list("state", flat=True)) == {"held"}
    assert booking.messages.count() == 2
    assert booking.guest.licences.get().kind.slug == "amft"
    trainees = Booking.objects.exclude(party=None).filter(status="confirmed")
    assert trainees.exclude(approved_at=None).count() == trainees.count() > 0


def test_load_demo_has_somebody_invited_by_the_institute():
    invitation = Delivery.objects.get(kind="invited_guest")
    booking = Booking.objects.get(guest=invitation.recipient)

    assert (booking.guest.standing, booking.source) == (
        Standing.INVITED,
        BookingSource.HOST,
    )
    assert booking.office.hosts.filter(pk=booking.guest.invited_by_id).exists()
    assert booking.occurrences.count() == 26
