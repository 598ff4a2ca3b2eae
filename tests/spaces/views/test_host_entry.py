"""A host enters hours for somebody: a colleague found by name, or a person who is no member, by name and email."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from directory.domain.membership import approve_applicant
from directory.enums import Standing, TermKind
from directory.models import Term, Therapist
from spaces.enums import BookingSource, BookingStatus, OccurrenceState
from spaces.models import Booking, Occurrence
from tests.factories.directory import (
    ModeratorFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    OfficeFactory,
)
from tests.spaces.rooms import thursday

pytestmark = pytest.mark.django_db
EVENING = "3-1080-1200"


@pytest.fixture
def office(therapist):
    return OfficeFactory(hosts=[therapist], name="The garden room", terms="Tidy up.")


@pytest.fixture
def post(client, django_capture_on_commit_callbacks):
    """What is typed, then one of the buttons; mails go out at once."""

    def send(url, button, **data):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, {**data, button: "1"})

    return send


def desk(office):
    return reverse("spaces:office_enter", args=[office.pk])


def typed(**changed):
    return {
        "hours": EVENING,
        "first_date": thursday().isoformat(),
        "last_date": (thursday() + timedelta(days=14)).isoformat(),
        "price": "18",
        "people": "2",
    } | changed


@pytest.fixture
def enter(post, office):
    """Look at the dates, leave ``without`` out, enter the rest."""

    def go(button="enter", without=(), **data):
        looked = post(desk(office), "look", **typed(**data))
        context = looked.context
        if not context["dates"]:
            return looked
        dates = [
            d.value for d in context["dates"] if d.is_ticked and d.value not in without
        ]
        return post(
            desk(office), button, **typed(**data), dates=dates, seen=context["seen"]
        )

    return go


def join_answers():
    return {
        "name": "Noor Haddad",
        "credentials": "LMFT",
        "licence_kind": Term.objects.get(kind=TermKind.CREDENTIAL, slug="lmft").pk,
        "licence_number": "98213",
        "jurisdiction": "California",
        "expires_on": timezone.localdate() + timedelta(days=400),
        "zip_code": "94618",
        "agreement": "on",
    }


def mails_to(address):
    return [message for message in mail.outbox if message.to == [address]]


def link_in(message):
    return re.search(r"http://\S+(/spaces/guests/\S+/)", message.body).group(1)


def test_a_colleague_found_by_name_has_the_hours_at_once(client, enter, office):
    guest = TherapistFactory(name="Joel Okafor")

    response = enter(name="okafor", message="As agreed.")

    booking = Booking.objects.get()
    assert response.url == booking.get_absolute_url()
    assert (booking.guest, booking.source, booking.status) == (
        guest,
        BookingSource.HOST,
        BookingStatus.CONFIRMED,
    )
    assert [(o.state, o.price_cents) for o in booking.occurrences.all()] == [
        (OccurrenceState.BOOKED, 3600)
    ] * 3
    [told] = mails_to(guest.user.email)
    for words in ("Dana Whitlock", "As agreed.", "Tidy up.", "$36", "nothing is due"):
        assert words in told.body
    assert told.attachments or told.alternatives
    client.force_login(guest.user)
    assert client.get(booking.get_absolute_url()).status_code == 200


def test_somebody_new_is_invited_joins_and_owns_their_hours(
    client, post, enter, office, therapist, django_capture_on_commit_callbacks
):
    """Entered → mailed → signed up → applied → approved → theirs; before that only their own dates are open to them."""
    office.suite, office.entry_code = "Suite 7b", "4711#"
    office.save()
    enter(name="Noor Haddad", email="Noor@Example.org")
    guest = Therapist.objects.get(standing=Standing.INVITED)
    booking = Booking.objects.get(guest=guest)
    assert Occurrence.objects.taking().count() == 3

    [invitation] = mails_to("noor@example.org")
    for words in ("Dana Whitlock", "The garden room", "Thu 18:00–20:00", "$18 / hour"):
        assert words in invitation.body
    for kept in (office.building.street, "Suite 7b", "4711#"):
        assert kept not in invitation.body
    client.logout()
    page = client.get(link_in(invitation))
    assert [line["booking"] for line in page.context["lines"]] == [booking]
    assert office.building.street not in page.content.decode()

    response = post(reverse("account_signup"), "go", email="noor@example.org")
    code = re.search(r"\b\d{6}\b", mail.outbox[-1].body).group()
    response = post(response.url, "go", code=code)
    assert response.url == reverse("directory:join")
    client.post(response.url, join_answers())
    guest.refresh_from_db()
    assert (guest.standing, guest.user.email) == (
        Standing.APPLICANT,
        "noor@example.org",
    )
    for url in (booking.get_absolute_url(), reverse("directory:therapist_list")):
        assert client.get(url).url == reverse("home")
    assert client.get(link_in(invitation)).context["lines"][0]["booking"] == booking
    assert "Hours booked for you" in client.get(reverse("home")).content.decode()

    approve_applicant(guest, by=ModeratorFactory())
    response = client.get(booking.get_absolute_url())
    assert "Suite 7b" in response.content.decode()
    assert client.get(link_in(invitation)).status_code == 302
