from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.enums import Standing
from spaces.models import Incident, IncidentScope, Need, UsualHours
from tests.factories.directory import BlockFactory, TherapistFactory, UserFactory
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    NeedFactory,
    OccurrenceFactory,
    OfficeFactory,
)
from tests.periods import hours
from tests.spaces.rooms import open_office

pytestmark = pytest.mark.django_db


def home(client):
    return client.get(reverse("home"))


def titles(response):
    return [task.title for task in response.context["tasks"]]


def burn(building, reporter, status="confirmed"):
    now = timezone.now()
    incident = Incident.objects.create(
        kind="fire",
        status=status,
        summary="Fire on the third floor",
        reported_by=reporter,
        began_at=now,
    )
    IncidentScope.objects.create(
        incident=incident, building=building, until=now + timedelta(days=14)
    )
    return incident


# --- Strangers, applicants --------------------------------------------------------


def test_strangers_read_what_this_is_and_how_to_join(client):
    response = home(client)

    text = response.content.decode()
    assert "How to join" in text
    assert "An emergency is open" not in text


def test_strangers_read_the_district_of_an_incident_and_no_more(client):
    building = BuildingFactory(
        name="Alder Court", street="12 Alder Street", neighbourhood="Rockridge"
    )
    burn(building, TherapistFactory(name="Mara Ellison"))

    text = home(client).content.decode()

    assert "Colleagues lost their rooms: Rockridge" in text
    for kept in ("Alder", "third floor", "Ellison"):
        assert kept not in text


def test_a_sign_in_without_a_therapist_joins_first(client):
    client.force_login(UserFactory())

    assert home(client).url == reverse("directory:join")


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing.APPLICANT, "Your application is being looked at."),
        (Standing.SUSPENDED, "Your membership is suspended"),
        (Standing.LEFT, "You are not a member now"),
    ],
)
def test_others_read_how_things_stand(client, standing, words):
    client.force_login(TherapistFactory(standing=standing).user)
    TherapistFactory(name="Joel Okafor")

    text = home(client).content.decode()

    assert words in text
    assert "Okafor" not in text


# --- Members ----------------------------------------------------------------------


def test_nothing_waits_and_home_says_what_to_do(client, therapist):
    assert "Nothing waits for you." in home(client).content.decode()


def test_a_request_waits_for_its_host_alone(client, therapist):
    booking = BookingFactory(guest=TherapistFactory(name="Joel Okafor"))
    OccurrenceFactory(booking=booking)
    assert titles(home(client)) == []

    client.force_login(booking.office.hosts.get().user)
    assert titles(home(client)) == [f"Joel Okafor asks for {booking.office}"]


def test_a_draft_need_waits(client, therapist):
    today = timezone.localdate()
    Need.objects.create(
        therapist=therapist,
        author=therapist,
        first_date=today,
        last_date=today,
        timezone="America/Los_Angeles",
        latitude=37.8,
        longitude=-122.2,
    )

    assert titles(home(client)) == ["Your hours are ready to be asked for"]


def test_a_report_waits_for_those_with_a_tie_who_said_nothing_yet(client, therapist):
    office = OfficeFactory()
    incident = burn(office.building, therapist, status="reported")
    assert titles(home(client)) == []

    host = office.hosts.get()
    client.force_login(host.user)
    assert titles(home(client)) == ["Is it true? Fire on the third floor"]

    incident.words.create(therapist=host, is_true=True)
    assert titles(home(client)) == []


def test_hours_unconfirmed_for_long_are_asked_after(client, therapist):
    open_office(
        hosts=[therapist],
        name="The loft",
        opening={"confirmed_at": timezone.now() - timedelta(days=55)},
    )

    response = home(client)
    assert titles(response) == ["Are the hours of The loft still free?"]

    [task] = response.context["tasks"]
    client.post(task.confirm_url, {"next": "home"})
    assert titles(home(client)) == []


def test_applications_wait_for_moderators(client, moderator):
    TherapistFactory.create_batch(2, standing=Standing.APPLICANT)

    assert titles(home(client)) == ["2 people ask to join"]


def test_my_week_has_booked_offered_and_own_hours(client, therapist):
    office = open_office(
        hosts=[therapist], opening={"weekday": (timezone.localdate().weekday() + 2) % 7}
    )
    UsualHours.objects.create(
        office=office,
        therapist=therapist,
        weekday=(timezone.localdate().weekday() + 3) % 7,
        start=540,
        end=720,
    )
    OccurrenceFactory(
        booking=BookingFactory(guest=therapist, status="confirmed"),
        period=hours(18, 19, day=1),
    )

    entries = {
        entry.state: entry
        for day in home(client).context["days"]
        for entry in day.entries
    }

    assert set(entries) == {"free", "usual", "booked"}
    assert entries["usual"].hours == "09:00–12:00"
    assert entries["free"].hours == "17:00–21:00"
    assert entries["booked"].text == "You are a guest"


def test_an_incident_near_me_is_told(client, therapist):
    burn(BuildingFactory(neighbourhood="Rockridge"), TherapistFactory())

    assert "Fire in a building in Rockridge" in home(client).content.decode()


def test_who_asked_already_finds_the_hours_they_lost(client, therapist):
    incident = burn(BuildingFactory(), TherapistFactory())
    assert "I lost hours too" in home(client).content.decode()

    need = NeedFactory(therapist=therapist, incident=incident)

    text = home(client).content.decode()
    assert "I lost hours too" not in text
    assert f'href="{need.get_absolute_url()}">The hours I lost' in text


def test_an_incident_far_away_is_not(client, therapist):
    burn(BuildingFactory(latitude=34.05, longitude=-118.25), TherapistFactory())

    assert home(client).context["incident"] is None


def test_who_is_new_leaves_out_the_blocked_and_oneself(client, therapist):
    new = TherapistFactory()
    blocked = TherapistFactory()
    BlockFactory(blocker=therapist, blocked=blocked)
    TherapistFactory(joined_at=timezone.now() - timedelta(days=400))

    assert home(client).context["newcomers"] == [new]


@pytest.mark.parametrize("item_count", [1, 3])
def test_home_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count
):
    for number in range(item_count):
        office = open_office(
            hosts=[therapist],
            opening={"confirmed_at": timezone.now() - timedelta(days=55)},
        )
        OccurrenceFactory(
            booking=BookingFactory(office=office), period=hours(number, number + 1)
        )
        OccurrenceFactory(
            booking=BookingFactory(guest=therapist, status="confirmed"),
            period=hours(number, number + 1),
        )
        burn(office.building, TherapistFactory(), status="reported")
        burn(office.building, TherapistFactory())
    home(client)

    with django_assert_num_queries(30):
        home(client)
