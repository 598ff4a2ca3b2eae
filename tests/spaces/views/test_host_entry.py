"""A host enters hours for somebody: a colleague found by name, or a person who is no member, by name and email."""

import re
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory.domain.membership import approve_applicant
from directory.domain.outbox import enqueue
from directory.enums import Standing, TermKind
from directory.models import Delivery, Term, Therapist
from directory.tasks import send_due_deliveries
from spaces.domain.changes import skip_dates
from spaces.domain.host_entry import INVITED_A_DAY, NOT_AGREED_FOR, enter_for
from spaces.enums import BookingSource, BookingStatus, OccurrenceState
from spaces.hours import Span, local_period
from spaces.models import Booking, Occurrence
from spaces.notifications.entry import LINK_LIFE
from tests.factories.directory import (
    BlockFactory,
    EmailAddressFactory,
    InvitedFactory,
    LicenceFactory,
    ModeratorFactory,
    SupervisionFactory,
    TherapistFactory,
    UserFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    ClosureFactory,
    OccurrenceFactory,
    OfficeFactory,
)
from tests.periods import changes_of_clocks
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


def test_one_invitation_however_often_somebody_is_entered(client, enter, office, post):
    """The second time the same person, typed differently, gets the new hours; a third host's room is no second invitation."""
    enter(name="Noor Haddad", email="noor@bücher.example")
    enter(
        name="N. H.",
        email="NOOR@Bücher.example",
        hours="1-540-660",
        button="another",
    )

    guest = Therapist.objects.get(standing=Standing.INVITED)
    assert (guest.name, guest.email) == ("Noor Haddad", "noor@xn--bcher-kva.example")
    invitation, entered = mails_to(guest.email)
    assert "Tue 09:00–11:00" not in invitation.body
    assert "Tue 09:00–11:00" in entered.body
    assert client.get(link_in(entered)).status_code == 200

    other = TherapistFactory()
    client.force_login(other.user)
    room = OfficeFactory(hosts=[other])
    looked = post(desk(room), "look", **typed(name="Noor", email="Noor@BÜCHER.example"))
    assert "no second invitation" in looked.content.decode()
    assert not post(desk(room), "look", **typed(name="Noor")).context["dates"]


def test_hours_entered_before_the_invitation_left_are_all_in_it(
    enter, office, therapist
):
    guest = InvitedFactory(invited_by=therapist)
    for day in (1, 2):
        enter_for(
            office,
            guest=guest,
            dates=[(thursday() + timedelta(days=day), Span((3 + day) % 7, 540, 600))],
            price_cents=0,
            by=therapist,
        )

    send_due_deliveries()

    [invitation] = mails_to(guest.email)
    assert "Fri 09:00–10:00" not in invitation.subject
    assert invitation.body.count("09:00–10:00") >= 4


@pytest.mark.parametrize("way", ["sign-in", "further address"])
def test_an_address_of_a_member_becomes_that_member(enter, way):
    member = TherapistFactory(name="Mara Ellison")
    address = member.user.email
    if way == "further address":
        address = "mara.work@example.org"
        EmailAddressFactory(user=member.user, email=address, primary=False)

    enter(name="Somebody Else", email=address.upper())

    assert Booking.objects.get().guest == member
    assert not Therapist.objects.filter(standing=Standing.INVITED).exists()


def test_nobody_mails_the_world_from_here(enter, therapist):
    InvitedFactory.create_batch(INVITED_A_DAY - 1, invited_by=therapist)

    enter(name="Noor", email="noor@example.org")
    response = enter(name="Ada", email="ada@example.org", hours="1-540-660")

    assert "many people today" in response.content.decode()
    assert not Therapist.objects.filter(email="ada@example.org").exists()


def test_a_plus_in_an_address_is_another_address(enter):
    InvitedFactory(email="noor@example.org")

    enter(name="Noor", email="noor+rooms@example.org")

    assert Booking.objects.get().guest.email == "noor+rooms@example.org"


@pytest.mark.parametrize("by_guest", [True, False])
def test_nobody_is_found_across_a_block(post, office, therapist, by_guest):
    """With the one who enters, or with another host of the office; both ways."""
    guest = TherapistFactory(name="Joel Okafor")
    other = TherapistFactory()
    office.hosts.add(other)
    if by_guest:
        BlockFactory(blocker=guest, blocked=other)
    else:
        BlockFactory(blocker=therapist, blocked=guest)

    by_name = post(desk(office), "look", **typed(name="Okafor"))
    by_address = post(desk(office), "look", **typed(name="X", email=guest.user.email))
    chosen = post(desk(office), "enter", **typed(name="Okafor", guest=guest.pk))

    unknown = post(desk(office), "look", **typed(name="Zzyzx Qqq"))
    assert by_name.context["form"].errors == unknown.context["form"].errors
    assert "found nobody" in str(by_address.context["form"].errors["email"])
    assert chosen.status_code == 200
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    "standing", [Standing.APPLICANT, Standing.SUSPENDED, Standing.LEFT]
)
def test_only_members_and_invited_people_can_be_entered(post, office, standing):
    person = TherapistFactory(name="Joel Okafor", standing=standing)

    by_name = post(desk(office), "look", **typed(name="Okafor"))
    by_address = post(desk(office), "look", **typed(name="X", email=person.user.email))

    assert not by_name.context["dates"]
    assert list(by_address.context["form"].errors) == ["email"]


def test_a_host_is_not_their_own_guest(post, office, therapist):
    response = post(
        desk(office), "look", **typed(name="Me", email=therapist.user.email)
    )

    assert "host of this office" in str(response.context["form"].errors["email"])


def test_every_date_says_what_stands_in_its_way_and_can_be_left_out(
    enter, post, office
):
    taken = BookingFactory(
        office=office, guest=TherapistFactory(name="Ada Li"), status="confirmed"
    )
    days = [thursday() + timedelta(weeks=week) for week in range(4)]
    zone = office.building.zone
    OccurrenceFactory(booking=taken, period=local_period(days[0], 1140, 1260, zone))
    ClosureFactory(office=office, period=local_period(days[1], 0, 1440, zone))
    asker = BookingFactory(office=office)
    OccurrenceFactory(booking=asker, period=local_period(days[3], 1080, 1140, zone))
    guest = TherapistFactory(name="Joel Okafor")
    last = {"last_date": days[3].isoformat()}

    looked = post(desk(office), "look", **typed(name="Joel", **last))
    assert [date.note for date in looked.context["dates"]] == [
        "Taken: Ada Li, 19:00–21:00",
        "Closed: Holiday",
        "",
        "",
    ]
    assert looked.context["rivals"] == 1
    enter(name="Joel", without=[looked.context["dates"][2].value], **last)

    booking = Booking.objects.get(guest=guest)
    assert [o.day(zone) for o in booking.occurrences.all()] == [days[3]]
    assert asker.occurrences.get().state == OccurrenceState.LOST


def test_what_is_taken_meanwhile_is_shown_and_the_rest_stays_ticked(post, office):
    TherapistFactory(name="Joel Okafor")
    looked = post(desk(office), "look", **typed(name="Joel"))
    dates = [date.value for date in looked.context["dates"]]
    quicker = BookingFactory(office=office, status="confirmed")
    OccurrenceFactory(
        booking=quicker,
        period=local_period(thursday(), 1080, 1140, office.building.zone),
    )

    response = post(
        desk(office),
        "enter",
        **typed(name="Joel"),
        dates=dates,
        seen=looked.context["seen"],
    )

    assert [d.is_open for d in response.context["dates"]] == [False, True, True]
    assert [d.is_ticked for d in response.context["dates"]] == [False, True, True]
    assert "Taken meanwhile" in response.content.decode()
    assert not Booking.objects.filter(source=BookingSource.HOST).exists()


@pytest.mark.parametrize(
    "changed",
    [{"price": "1"}, {"hours": "3-1080-1260"}, {"name": "Ada"}, {"last_date": ""}],
)
def test_what_was_not_looked_at_is_not_entered(post, office, changed):
    for name in ("Joel Okafor", "Ada Li"):
        TherapistFactory(name=name)
    looked = post(desk(office), "look", **typed(name="Joel"))
    dates = [date.value for date in looked.context["dates"]]

    response = post(
        desk(office),
        "enter",
        **typed(**{"name": "Joel", **changed}),
        dates=dates,
        seen=looked.context["seen"],
    )

    assert "look through the dates again" in response.content.decode()
    assert not Booking.objects.exists()


def test_of_several_found_one_has_to_be_chosen(post, enter, office):
    TherapistFactory(name="Joel Okafor")
    two = TherapistFactory(name="Joel Ober")

    assert "Choose who of these it is" in enter(name="Joel").content.decode()
    enter(name="Joel", guest=two.pk)

    assert Booking.objects.get().guest == two


def test_enter_another_keeps_the_office_the_dates_and_the_price(client, enter, office):
    TherapistFactory(name="Joel Okafor")

    response = client.get(enter(name="Joel", button="another").url)

    form = response.context["form"]
    assert [form[name].value() for name in ("first_date", "last_date", "price")] == [
        thursday(),
        thursday() + timedelta(days=14),
        "18",
    ]
    assert "Entered for Joel Okafor: 3 dates" in response.content.decode()


def test_without_an_end_the_calendar_says_how_far_it_reaches(post, office):
    TherapistFactory(name="Joel Okafor")

    response = post(desk(office), "look", **typed(name="Joel", last_date=""))

    assert len(response.context["dates"]) in {53, 54}
    assert "as far as the calendar reaches" in response.content.decode()


def test_hours_that_the_clocks_skip_are_left_out_and_doubled_ones_are_the_first(
    post, enter, office
):
    TherapistFactory(name="Joel Okafor")
    skipped, doubled = (day.isoformat() for day in changes_of_clocks())

    looked = post(
        desk(office),
        "look",
        **typed(name="Joel", hours="6-120-180", first_date=skipped, last_date=skipped),
    )
    assert [date.note for date in looked.context["dates"]] == [
        "The clocks change and skip these hours"
    ]
    assert "None of these dates" in looked.content.decode()
    enter(name="Joel", hours="6-60-120", first_date=doubled, last_date=doubled)

    occurrence = Occurrence.objects.get()
    assert occurrence.minutes == 60
    assert timezone.localtime(occurrence.period.lower, office.building.zone).fold == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {
                "name": "N" * 10_000,
                "email": "noor@example.org\r\nBcc: all@example.org",
                "hours": [],
                "first_date": "2027-02-29",
                "price": "-3",
                "people": "9",
                "message": "m" * 1001,
                "guest": "1; drop",
                "dates": ["2026-13-45-1-2"],
            },
            {
                "name": "at most 200 characters",
                "email": "no address",
                "hours": "Paint at least",
                "first_date": "not a date",
                "price": "less than nothing",
                "people": "seats 8",
                "message": "1000",
                "guest": "Choose somebody",
                "dates": "not a date",
            },
        ),
        (
            {
                "name": "Joel",
                "email": "noor",
                "hours": "3-1380-60",
                "first_date": "2020-01-01",
                "price": "30 % of fees",
                "dates": [f"{n}" for n in range(400)],
            },
            {
                "email": "no address",
                "hours": "next day",
                "first_date": "in the past",
                "price": "Type a sum",
                "dates": "more than a year",
            },
        ),
        (
            {
                "name": "",
                "hours": "3-1380-1500",
                "first_date": "2099-01-01",
                "last_date": "2020-01-01",
            },
            {
                "name": "For whom?",
                "hours": "not on the grid",
                "first_date": "too far ahead",
                "last_date": "before the start",
            },
        ),
        (
            {"name": "", "email": "new@example.org", "last_date": "9999-12-31"},
            {"name": "For whom?", "last_date": "too far ahead"},
        ),
    ],
)
def test_the_desk_says_what_is_wrong_and_keeps_what_was_typed(
    post, office, changed, said
):
    response = post(desk(office), "enter", **typed(**{"message": "Hi", **changed}))

    form = response.context["form"]
    errors = {field: " ".join(found) for field, found in form.errors.items()}
    assert {
        field: said[field] in words for field, words in errors.items()
    } == dict.fromkeys(said, True)
    assert form["message"].value() in response.content.decode()
    assert not Booking.objects.exists()


def test_too_many_dates_at_once_are_refused(post, office):
    TherapistFactory(name="Joel Okafor")
    hours = [f"{day}-{start}-{start + 60}" for day in range(7) for start in (540, 900)]

    response = post(
        desk(office), "look", **typed(name="Joel", hours=hours, last_date="")
    )

    assert "too many at once" in str(response.context["form"].errors["last_date"])


def test_a_name_cannot_break_a_header(enter):
    enter(name="Noor\r\nBcc: all@example.org", email="noor@example.org")

    assert Therapist.objects.get(standing=Standing.INVITED).name == (
        "Noor Bcc: all@example.org"
    )
    assert mails_to("noor@example.org")[0].recipients() == ["noor@example.org"]


def test_the_desk_is_for_hosts(client, office):
    for person, status in (
        (TherapistFactory(), 404),
        (InvitedFactory(user=UserFactory()), 302),
    ):
        client.force_login(person.user)
        assert client.get(desk(office)).status_code == status


@pytest.mark.parametrize(
    "query", ["?first_date=2027-02-29&last_date=x&hours=9-9-9&price=%00"]
)
def test_an_address_that_makes_no_sense_opens_an_empty_desk(client, office, query):
    response = client.get(desk(office) + query)

    assert response.context["form"]["first_date"].value() == timezone.localdate(
        timezone=office.building.zone
    )


# --- "This was not agreed" -------------------------------------------------------------


def refuse(post, booking):
    return post(reverse("spaces:booking_refuse", args=[booking.pk]), "go")


def test_a_member_says_that_it_was_not_agreed(client, enter, post, office, therapist):
    office.notice_days = 90
    office.save()
    guest = TherapistFactory(name="Joel Okafor")
    enter(name="Joel")
    booking = Booking.objects.get()
    assert refuse(post, booking).url == booking.get_absolute_url()
    assert (
        Booking.objects.get().status == BookingStatus.CONFIRMED
    )  # not the host's to say

    client.force_login(guest.user)
    assert (
        "This was not agreed" in client.get(booking.get_absolute_url()).content.decode()
    )
    refuse(post, booking)

    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED
    assert {(o.state, o.is_due) for o in booking.occurrences.all()} == {
        (OccurrenceState.CANCELLED, False)
    }
    assert (
        "Joel Okafor says that this was not agreed"
        in mails_to(therapist.user.email)[-1].body
    )
    client.force_login(TherapistFactory().user)
    assert refuse(post, booking).status_code == 404


def test_who_answers_for_a_guest_says_that_it_was_not_agreed(
    client, enter, post, office
):
    """What the guest gave back too late before is not due either, and they hear of it."""
    office.notice_days = 90
    office.save()
    guest = TherapistFactory(name="Joel Okafor")
    supervisor = TherapistFactory()
    enter(name="Joel")
    booking = Booking.objects.get()
    Booking.objects.update(party=supervisor)
    skip_dates(booking, booking.occurrences.all()[:1], by=guest)
    client.force_login(supervisor.user)

    refuse(post, booking)

    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED
    assert not booking.occurrences.filter(is_due=True).exists()
    assert "Cancelled" in mails_to(guest.user.email)[-1].subject


def test_after_a_week_it_counts_as_agreed(client, enter, post):
    guest = TherapistFactory(name="Joel Okafor")
    enter(name="Joel")
    Booking.objects.update(created_at=timezone.now() - NOT_AGREED_FOR)
    booking = Booking.objects.get()
    client.force_login(guest.user)

    refuse(post, booking)

    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert (
        "This was not agreed"
        not in client.get(booking.get_absolute_url()).content.decode()
    )


def test_somebody_invited_refuses_one_or_is_taken_off_altogether(
    client, enter, post, office, therapist
):
    enter(name="Noor Haddad", email="noor@example.org")
    enter(name="Noor", email="noor@example.org", hours="1-540-660")
    guest = Therapist.objects.get(standing=Standing.INVITED)
    link = link_in(mails_to("noor@example.org")[0])
    first, second = Booking.objects.order_by("pk")
    client.logout()

    client.get(link)
    assert Booking.objects.filter(status=BookingStatus.CONFIRMED).count() == 2
    for nonsense in ("0", "x", "9" * 30, "²"):
        assert client.post(link, {"refuse": nonsense}).status_code == 404
    client.post(link, {"refuse": first.pk})
    first.refresh_from_db()
    assert first.status == BookingStatus.CANCELLED
    page = post(link, "off")

    assert "You are taken off" in page.content.decode()
    guest.refresh_from_db()
    second.refresh_from_db()
    assert (guest.standing, guest.name, guest.email) == (
        Standing.LEFT,
        "A former guest",
        "noor@example.org",
    )
    assert second.status == BookingStatus.CANCELLED
    assert "asked to be taken off" in mails_to(therapist.user.email)[-1].body
    assert client.get(link).url == reverse("home")
    client.force_login(therapist.user)
    again = post(desk(office), "look", **typed(name="Noor", email="noor@example.org"))
    assert list(again.context["form"].errors) == ["email"]


def test_until_they_join_invited_people_hear_of_cancellations_and_nothing_else(
    client, enter, post, office
):
    enter(name="Noor Haddad", email="noor@example.org")
    guest = Therapist.objects.get(standing=Standing.INVITED)
    booking = Booking.objects.get()
    enqueue("wave", to=guest, cause="test", payload={})
    send_due_deliveries()
    assert Delivery.objects.get(kind="wave").reason == "No member."

    post(reverse("spaces:booking_answer", args=[booking.pk, "cancelled"]), "go")

    cancelled = mails_to("noor@example.org")[-1]
    assert cancelled.subject.startswith("Cancelled: The garden room")
    client.logout()
    assert client.get(link_in(cancelled)).context["lines"] == []


@pytest.mark.parametrize(("cut", "status"), [(-4, 404), (0, 410)])
def test_a_link_that_is_cut_or_too_old_says_so(client, enter, monkeypatch, cut, status):
    enter(name="Noor Haddad", email="noor@example.org")
    link = link_in(mails_to("noor@example.org")[0])
    client.logout()
    if cut:
        link = f"{link[:cut]}x/"
    else:
        later = time.time() + LINK_LIFE.total_seconds() + 60
        monkeypatch.setattr("django.core.signing.time.time", lambda: later)

    assert client.get(link).status_code == status


def test_of_an_associate_nothing_is_due_and_their_supervisor_hears(enter, office):
    associate = TherapistFactory(name="Sam Reyes")
    amft = Term.objects.get(kind=TermKind.CREDENTIAL, slug="amft")
    LicenceFactory(therapist=associate, kind=amft)

    assert "nothing can be due" in enter(name="Sam").content.decode()
    supervision = SupervisionFactory(trainee=associate)
    enter(name="Sam")

    assert Booking.objects.get().party == supervision.supervisor
    [told] = mails_to(supervision.supervisor.user.email)
    assert "for Sam Reyes, for whom you answer" in told.body


def test_the_desk_asks_the_same_however_many_are_booked(client, office):
    TherapistFactory(name="Joel Okafor")
    counts = []
    for weeks in (0, 1, 3):
        for week in range(weeks):
            period = local_period(
                thursday() + timedelta(weeks=weeks + week),
                1080,
                1140,
                office.building.zone,
            )
            booking = BookingFactory(office=office, status="confirmed")
            OccurrenceFactory(booking=booking, period=period)
        with CaptureQueriesContext(connection) as queries:
            client.post(desk(office), typed(name="Joel", last_date="") | {"look": "1"})
        counts.append(len(queries))

    assert counts[1] == counts[2]
