import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from directory.models import Delivery
from spaces.models import UsualHours
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import UsualHoursFactory
from tests.spaces.rooms import open_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(therapist):
    return open_office(hosts=[therapist])


def hosts_url(office):
    return reverse("spaces:office_hosts", args=[office.pk])


def test_host_is_found_by_name_added_told_and_remembered(
    client, office, mailoutbox, django_capture_on_commit_callbacks
):
    joel = TherapistFactory(name="Joel Okafor")
    TherapistFactory(name="Joel Applicant", standing="applicant")

    found = client.get(hosts_url(office), {"q": "Joel Okofar"}).context["found"]
    assert found == [joel]
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(hosts_url(office), {"therapist": joel.pk}, follow=True)

    assert "Joel Okafor lets this room with you now" in response.content.decode()
    assert joel in office.hosts.all()
    joel.refresh_from_db()
    assert joel.has_spare_hours
    [mail] = mailoutbox
    assert mail.to == [joel.user.email]
    assert "made you a host" in mail.subject
    assert "leave it again" in mail.body
    assert (
        "Joel Okafor" in LogEntry.objects.get(object_id=str(office.pk)).change_message
    )
    client.force_login(joel.user)
    assert "Hours you offer" in client.get(office.get_absolute_url()).content.decode()
    assert client.get(hosts_url(office), {"q": "Joel"}).context["found"] == []


@pytest.mark.parametrize("standing", ["applicant", "suspended", "left", "blocked"])
def test_only_members_one_may_meet_become_hosts(client, office, therapist, standing):
    person = TherapistFactory(standing="member" if standing == "blocked" else standing)
    if standing == "blocked":
        BlockFactory(blocker=person, blocked=therapist)

    answer = client.post(hosts_url(office), {"therapist": person.pk})
    assert answer.status_code == 404
    assert office.hosts.count() == 1


@pytest.mark.parametrize("number", ["", "x1", "-1", "\0", "9" * 20, "9" * 5000])
def test_what_is_no_person_becomes_no_host(client, office, number):
    assert client.post(hosts_url(office), {"therapist": number}).status_code == 404
    assert office.hosts.count() == 1


def test_host_leaves_but_never_the_last(client, office, therapist):
    leave = reverse("spaces:office_leave", args=[office.pk])
    UsualHoursFactory(office=office, therapist=therapist)
    assert "You are its only host." in client.post(leave, follow=True).content.decode()

    other = TherapistFactory()
    office.hosts.add(other)
    response = client.post(leave, follow=True)

    assert list(office.hosts.all()) == [other]
    assert "no longer. The other hosts are told." in response.content.decode()
    assert not UsualHours.objects.exists()
    told = Delivery.objects.get(kind="cohost_left")
    assert told.recipient == other
    assert client.get(hosts_url(office)).status_code == 404
    client.force_login(other.user)
    assert "You are its only host." in client.post(leave, follow=True).content.decode()


def test_hosts_of_others_are_left_alone(client, therapist):
    office = open_office()

    assert (
        client.post(hosts_url(office), {"therapist": therapist.pk}).status_code == 404
    )
    assert (
        client.post(reverse("spaces:office_leave", args=[office.pk])).status_code == 404
    )
    assert office.hosts.count() == 1
