import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.domain.preference import set_frequency
from directory.enums import Frequency, Standing, TermKind, Topic
from directory.links import sign
from directory.models import Preference, Term
from directory.notifications.templates import unsubscribe_url
from tests.factories.directory import (
    CommunityFactory,
    TermFactory,
    TherapistFactory,
)

pytestmark = pytest.mark.django_db
PROFILE = reverse("directory:profile_edit")
SETTINGS = reverse("directory:settings")


def profile(**changed):
    return {"name": "Dana Whitlock", "zip_code": "94704"} | changed


def settings_of(**changed):
    return {
        "radius": "8",
        "quiet_from_minute": "1260",
        "quiet_to_minute": "480",
        "emergencies": "at_once",
        "hours": "at_once",
        "buildings": "at_once",
        "community": "weekly",
    } | changed


def test_profile_edit_saves_and_places(client, therapist):
    spanish = Term.objects.get(kind=TermKind.LANGUAGE, slug="es")

    response = client.post(
        PROFILE, profile(languages=[spanish.pk], consults="on", website="example.org")
    )

    assert response.url == reverse("directory:therapist_detail", args=[therapist.pk])
    therapist.refresh_from_db()
    assert (therapist.latitude, therapist.longitude) == (37.87, -122.26)
    assert (therapist.consults, therapist.website) == (True, "https://example.org")
    assert list(therapist.terms.all()) == [spanish]


def test_profile_edit_keeps_what_others_keep(client, therapist):
    """A standing or spare hours that change while the form is open stay changed."""
    therapist.has_spare_hours = True
    therapist.save()

    client.post(PROFILE, profile())

    therapist.refresh_from_db()
    assert (therapist.standing, therapist.has_spare_hours) == (Standing.MEMBER, True)


def test_profile_edit_offers_retired_terms_to_those_who_chose_them(client, therapist):
    kept, gone = TermFactory.create_batch(2, retired=True)
    therapist.terms.add(kept)

    choices = client.get(PROFILE).context["form"].fields["specialties"].queryset

    assert kept in choices
    assert gone not in choices


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "x" * 500}, "name"),
        ({"zip_code": "00000"}, "zip_code"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"contact_email": "no"}, "contact_email"),
        ({"bio": "x" * 4001}, "bio"),
    ],
)
def test_profile_edit_says_what_is_wrong(client, therapist, changed, field):
    response = client.post(PROFILE, profile(**changed))

    assert list(response.context["form"].errors) == [field]
    therapist.refresh_from_db()
    assert therapist.name == "Dana Whitlock"


def test_settings_save(client, therapist):
    client.post(
        SETTINGS,
        settings_of(
            helps_in_emergencies="on",
            radius="12",
            daily_cap="3",
            hours="weekly",
            buildings="off",
        ),
    )

    therapist.refresh_from_db()
    assert (
        therapist.helps_in_emergencies,
        therapist.emergency_radius_km,
        therapist.daily_cap,
    ) == (True, 12, 3)
    chosen = dict(therapist.preferences.values_list("topic", "frequency"))
    assert chosen == {"hours": "weekly", "buildings": "off"}
    form = client.get(SETTINGS).context["form"]
    assert [field.value() for field in form.topics] == [
        "at_once",
        "weekly",
        "off",
        "weekly",
    ]


@pytest.mark.parametrize(
    ("topic", "frequency"),
    [("emergencies", "weekly"), ("community", "at_once"), ("hours", "")],
)
def test_settings_offer_only_what_there_is(client, therapist, topic, frequency):
    response = client.post(SETTINGS, settings_of(**{topic: frequency}))

    assert list(response.context["form"].errors) == [topic]
    assert not therapist.preferences.exists()


def test_settings_are_in_the_communitys_unit(client, therapist):
    CommunityFactory(distance_unit="mi")

    client.post(SETTINGS, settings_of(radius="5"))

    therapist.refresh_from_db()
    assert therapist.emergency_radius_km == 8
    assert client.get(SETTINGS).context["form"]["radius"].value() == 5


@pytest.mark.parametrize("radius", ["0", "10000", "-1", ""])
def test_settings_refuse_a_radius_out_of_reach(client, therapist, radius):
    response = client.post(SETTINGS, settings_of(radius=radius))

    assert list(response.context["form"].errors) == ["radius"]


@pytest.mark.parametrize("item_count", [1, 3])
def test_settings_query_count_is_constant(
    client, therapist, django_assert_num_queries, item_count
):
    for person in TherapistFactory.create_batch(item_count):
        client.post(reverse("directory:therapist_block", args=[person.pk]))
    client.get(SETTINGS)  # shows the messages

    with django_assert_num_queries(7):
        client.get(SETTINGS)


def test_someone_whose_mail_came_back_is_told_and_can_say_it_works(client, therapist):
    therapist.bounced_at = timezone.now()
    therapist.save()

    page = client.get(SETTINGS).content.decode()
    client.post(reverse("directory:mail_works"))

    assert "Your mail comes back" in page
    therapist.refresh_from_db()
    assert therapist.bounced_at is None
    assert "Your mail comes back" not in client.get(SETTINGS).content.decode()


def test_leaving_needs_a_click_and_can_be_taken_back(client, therapist):
    url = reverse("directory:leave")

    client.get(url)
    therapist.refresh_from_db()
    stayed = therapist.standing
    client.post(url)
    therapist.refresh_from_db()

    assert (stayed, therapist.standing) == (Standing.MEMBER, Standing.LEFT)
    assert client.get(reverse("directory:join")).status_code == 200


# --- Unsubscribe ------------------------------------------------------------------------


@pytest.fixture
def link():
    person = TherapistFactory()
    return person, unsubscribe_url(person, Topic.HOURS).removeprefix(
        "http://localhost:8000"
    )


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_unsubscribe_link_changes_nothing(client, link, method):
    _person, url = link

    assert getattr(client, method)(url).status_code == 200
    assert not Preference.objects.exists()


def test_one_click_unsubscribes_without_cookie_or_token(link):
    person, url = link

    response = Client(enforce_csrf_checks=True).post(
        url, {"List-Unsubscribe": "One-Click"}
    )

    assert response.status_code == 200
    assert Preference.objects.get().frequency == Frequency.OFF
    assert Preference.objects.get().therapist == person


def test_unsubscribing_twice_or_back_again(client, link):
    person, url = link

    set_frequency(person, topic=Topic.HOURS, frequency=Frequency.DAILY)

    client.post(url)
    assert person.preferences.get().frequency == "off"
    before = client.post(url).context["before"]
    undone = client.post(url, {"undo": "daily"})

    assert before == "at_once"  # what it was when it stopped is on the page before
    assert undone.context["is_off"] is False
    assert list(person.preferences.values_list("topic", "frequency")) == [
        ("hours", "daily")
    ]


@pytest.mark.parametrize("token", ["nonsense", "a:b:c"])
def test_an_altered_unsubscribe_link_is_kindly_refused(client, token):
    response = client.get(reverse("directory:unsubscribe", args=[token]))

    assert response.status_code == 410
    assert "not whole" in response.content.decode()


def test_a_link_for_another_purpose_does_not_unsubscribe(client):
    person = TherapistFactory()
    token = sign("offer", therapist=person.pk, topic=Topic.HOURS)

    assert (
        client.post(reverse("directory:unsubscribe", args=[token])).status_code == 410
    )
