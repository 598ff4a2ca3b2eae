from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from directory.domain.insurance import attest_insurance
from directory.domain.membership import approve_applicant
from directory.enums import Standing
from directory.models import Therapist
from spaces.models import Incident, IncidentScope, Need, Office, UsualHours
from spaces.queries import offices_open_to
from spaces.ties import people_tied_to
from tests.factories.directory import (
    BlockFactory,
    ModeratorFactory,
    TermFactory,
    TherapistFactory,
    UserFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    BusyCalendarFactory,
    NeedFactory,
    OccurrenceFactory,
    OfficeFactory,
    OpeningFactory,
)
from tests.periods import hours
from tests.spaces.rooms import open_office, soon

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


def test_applicants_prepare_hours_that_nobody_sees_before_they_are_in(client):
    """And choose no house of others; on the day they are let in, members find all of it."""
    applicant, seeker = TherapistFactory(standing="applicant"), TherapistFactory()
    moderator, house = ModeratorFactory(), OfficeFactory().building
    client.force_login(applicant.user)
    room = {"name": "Garden room", "capacity": 4, "change_over_minutes": 0}
    room |= {"notice_days": 7, "lease_permits": "yes", "zip_code": "94611"}
    new = reverse("spaces:office_new")

    empty = client.get(reverse("spaces:my_offices")).content.decode()
    assert "seen by nobody" in empty
    assert house.name not in client.get(new).content.decode()
    answer = client.post(new, {**room, "street": "41 Quiet Lane"})
    office = Office.objects.get(name="Garden room")
    painted = {"hours": ["3-1020-1260"], "first_date": soon().isoformat()}
    painted |= {"price": "18", "audience": "all", "shortest_minutes": "60"}
    client.post(answer.url, painted)
    shown = client.get(office.get_absolute_url())

    assert office.openings.get().free
    assert shown.status_code == 200
    assert reverse("spaces:office_calendar", args=[office.pk]) not in str(shown.content)
    for is_in in (False, True):
        client.force_login(seeker.user)
        assert offices_open_to(seeker).contains(office) == is_in
        page = client.get(office.get_absolute_url())
        assert page.status_code == (200 if is_in else 404)
        assert ("41 Quiet Lane" in client.get(new).content.decode()) == is_in
        if not is_in:
            assert not people_tied_to(office.building).exists()
            approve_applicant(applicant, by=moderator)


def test_first_steps_tick_one_by_one_until_all_are_done(client, therapist):
    def steps():
        return [step.is_done for step in home(client).context["steps"]]

    assert steps() == [False] * 6
    Therapist.objects.update(headline="Couples, gently")
    assert steps() == [True, False, False, False, False, False]
    Therapist.objects.update(photo_small="people/x.webp")
    assert steps() == [True, True, False, False, False, False]
    therapist.terms.add(TermFactory())
    assert steps() == [True, True, True, False, False, False]
    office = OfficeFactory(hosts=[therapist])
    for make in (
        lambda: OpeningFactory(office=office),
        lambda: BookingFactory(guest=therapist),
    ):
        with transaction.atomic():
            make()
            assert steps() == [True, True, True, True, False, False]
            transaction.set_rollback(True)
    OpeningFactory(office=office)
    valid_until = timezone.localdate() + timedelta(days=9)
    attest_insurance(valid_until=valid_until, by=therapist)
    assert steps() == [True, True, True, True, True, False]
    BusyCalendarFactory(therapist=therapist)
    assert "First steps" not in home(client).content.decode()
    Therapist.objects.update(
        headline="", joined_at=timezone.now() - timedelta(days=100)
    )
    assert steps() == []
    Therapist.objects.update(standing="applicant")
    assert steps() == [False, True, True, True]


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

    with django_assert_num_queries(32):
        home(client)
