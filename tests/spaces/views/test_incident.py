from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.links import sign
from directory.models import Delivery
from directory.registry import emergency_open, message_kind
from spaces.domain.incident import confirm_incident, report_incident
from spaces.enums import IncidentKind
from spaces.models import Incident, IncidentWord
from spaces.notifications.links import LINK_DAYS
from tests.factories.directory import (
    BlockFactory,
    InvitedFactory,
    ModeratorFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    BuildingFactory,
    IncidentFactory,
    IncidentScopeFactory,
    NeedFactory,
    OccurrenceFactory,
    OfficeFactory,
    UsualHoursFactory,
    WaveFactory,
)

pytestmark = pytest.mark.django_db

REPORT = "spaces:incident_report"


@pytest.fixture
def office(therapist):
    """A room of the one who is signed in."""
    return OfficeFactory(hosts=[therapist])


def incident_at(building, **fields):
    incident = IncidentFactory(scope=None, **fields)
    IncidentScopeFactory(incident=incident, building=building)
    return incident


def word_url(incident, person):
    token = sign("word", incident=incident.pk, to=person.pk)
    return reverse("spaces:incident_word", args=[token])


# --- Reporting -------------------------------------------------------------------------


def test_reporting_takes_three_taps(client, office):
    page = client.get(reverse(REPORT))
    assert page.context["form"].initial["building"] == office.building.pk

    response = client.post(
        reverse(REPORT), {"building": office.building.pk, "kind": "fire"}
    )

    incident = Incident.objects.get()
    assert response.url == incident.get_absolute_url()
    assert (incident.kind, incident.status) == ("fire", "reported")
    days = (incident.scopes.get().until - timezone.now()).days
    assert days in (13, 14)
    assert client.get(response.url).status_code == 200


def test_reporting_some_rooms_for_a_week(client, office):
    form = {
        "building": office.building.pk,
        "kind": "flood",
        "offices": [office.pk],
        "closed_for": "7",
        "summary": "Water from the ceiling",
    }

    client.post(reverse(REPORT), form)

    incident = Incident.objects.get()
    assert (incident.status, incident.scopes.get().office) == ("confirmed", office)


def test_reporting_needs_a_tie(client, therapist):
    assert client.get(reverse(REPORT)).status_code == 404


def test_other_buildings_are_no_choice(client, office):
    other = BuildingFactory()

    response = client.post(reverse(REPORT), {"building": other.pk, "kind": "fire"})

    assert response.status_code == 200
    assert response.context["form"].errors["building"]
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    "bad",
    [{"kind": "aliens"}, {"building": "7'"}, {"closed_for": "-3"}, {"offices": "x"}],
)
def test_what_cannot_be_read_reports_nothing(client, office, bad):
    form = {"building": office.building.pk, "kind": "fire"} | bad

    response = client.post(reverse(REPORT), form)

    assert response.context["form"].errors
    assert not Incident.objects.exists()


def test_rooms_of_another_building_are_refused(client, therapist, office):
    other = OfficeFactory(hosts=[therapist])

    response = client.post(
        reverse(REPORT),
        {"building": office.building.pk, "kind": "fire", "offices": [other.pk]},
    )

    assert response.context["form"].errors["offices"]


@pytest.mark.parametrize("name", ["emergency", "incident_report", "need_new"])
def test_strangers_sign_in(client, name):
    response = client.get(reverse(f"spaces:{name}"))

    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


@pytest.mark.parametrize("standing", ["applicant", "suspended", "left"])
def test_whoever_is_no_member_gets_nowhere(client, therapist, standing):
    therapist.standing = standing
    therapist.save()

    for name in ("emergency", "incident_report", "need_new"):
        response = client.get(reverse(f"spaces:{name}"))
        assert response.status_code in (302, 404)


# --- True or not true --------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_says_nothing(client, method):
    office = OfficeFactory()
    incident = incident_at(office.building)

    response = getattr(client, method)(word_url(incident, office.hosts.get()))

    assert response.status_code == 200
    assert not IncidentWord.objects.exists()


def test_the_word_counts_signed_in_or_not_and_once(client):
    office = OfficeFactory()
    incident = incident_at(office.building)
    url = word_url(incident, office.hosts.get())

    for _each in range(2):
        response = client.post(url, {"word": "true"}, follow=True)

    assert "You said that it is true" in response.content.decode()
    assert IncidentWord.objects.get().is_true


def test_a_moderators_word_decides(client):
    incident = incident_at(OfficeFactory().building)

    client.post(word_url(incident, ModeratorFactory()), {"word": "true"})

    incident.refresh_from_db()
    assert incident.status == "confirmed"


def test_altered_and_old_links_are_said_kindly(client, monkeypatch):
    office = OfficeFactory()
    incident = incident_at(office.building)
    url = word_url(incident, office.hosts.get())

    assert client.get(url[:-4] + "xxx/").status_code == 404
    other = sign("help", incident=incident.pk, to=office.hosts.get().pk)
    assert client.get(reverse("spaces:incident_word", args=[other])).status_code == 404
    monkeypatch.setitem(LINK_DAYS, "word", timedelta(0))
    response = client.post(url, {"word": "true"})
    assert response.status_code == 410
    assert not IncidentWord.objects.exists()


@pytest.mark.parametrize("standing", ["suspended", "left"])
def test_a_moderator_who_is_no_member_has_no_word(client, standing):
    incident = incident_at(BuildingFactory())
    person = ModeratorFactory(standing=standing)

    client.post(word_url(incident, person), {"word": "true"})

    incident.refresh_from_db()
    assert incident.status == "reported"


def test_the_word_of_someone_without_a_tie_is_refused(client):
    incident = incident_at(BuildingFactory())

    response = client.post(
        word_url(incident, TherapistFactory()), {"word": "true"}, follow=True
    )

    assert response.status_code == 404
    assert incident.scopes.get().building.street not in response.content.decode()
    assert not IncidentWord.objects.exists()


# --- The page ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        ("reported", 404),
        ("provisional", 200),
        ("confirmed", 200),
        ("over", 200),
        ("dismissed", 404),
    ],
)
def test_members_see_what_is_confirmed(client, therapist, status, seen):
    incident = incident_at(BuildingFactory(), status=status)

    assert client.get(incident.get_absolute_url()).status_code == seen


def test_people_tied_see_what_is_reported_and_give_their_word(client, office):
    incident = incident_at(office.building)
    assert client.get(incident.get_absolute_url()).context["asks_word"]

    client.post(reverse("spaces:incident_speak", args=[incident.pk]), {"word": "false"})

    assert not IncidentWord.objects.get().is_true


def test_moderators_decide_on_the_page(client, moderator):
    incident = incident_at(OfficeFactory().building)
    page = client.get(incident.get_absolute_url())
    assert page.context["statuses"] == ["confirmed", "dismissed"]

    for status in ("confirmed", "over"):
        url = reverse("spaces:incident_answer", args=[incident.pk, status])
        client.post(url)
        incident.refresh_from_db()
        assert incident.status == status
    assert client.post(url).status_code == 302
    assert client.get(incident.get_absolute_url()).status_code == 200


def test_others_decide_nothing(client, therapist):
    incident = incident_at(BuildingFactory(), status="confirmed")

    client.post(reverse("spaces:incident_answer", args=[incident.pk, "dismissed"]))

    incident.refresh_from_db()
    assert incident.status == "confirmed"


def test_news_and_the_reopening(client, office):
    incident = incident_at(office.building, status="confirmed")
    scope = incident.scopes.get()
    day = (timezone.now() + timedelta(days=28)).date()

    client.post(
        reverse("spaces:incident_update", args=[incident.pk]),
        {"text": "Power is out for a week."},
    )
    client.post(
        reverse("spaces:incident_reopening", args=[incident.pk, scope.pk]),
        {f"scope{scope.pk}-until": day.isoformat()},
    )

    scope.refresh_from_db()
    assert scope.until.astimezone(office.building.zone).date() == day
    page = client.get(incident.get_absolute_url()).content.decode()
    assert "Power is out for a week." in page


def test_a_host_opens_their_own_room_early(client, office):
    other = OfficeFactory(building=office.building)
    incident = incident_at(office.building)
    confirm_incident(incident, by=ModeratorFactory())
    url = reverse("spaces:incident_room", args=[incident.pk])
    assert client.get(incident.get_absolute_url()).context["room_form"]

    client.post(url, {"room-office": other.pk})
    assert incident.scopes.get().office is None
    client.post(url, {"room-office": office.pk})

    closed = {
        scope.office for scope in incident.scopes.filter(until__gt=timezone.now())
    }
    assert closed == {other}


@pytest.mark.parametrize("count", [1, 3])
def test_incident_detail_query_count_is_constant(
    client, therapist, django_assert_num_queries, count
):
    incident = incident_at(BuildingFactory(), status="confirmed")
    for _each in range(count):
        NeedFactory(incident=incident)
        incident.updates.create(author=TherapistFactory(), text="News")

    with django_assert_num_queries(24):
        client.get(incident.get_absolute_url())


# --- The emergency page ----------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_emergency_query_count_is_constant(
    client, therapist, django_assert_num_queries, count
):
    for _each in range(count):
        incident = incident_at(BuildingFactory(), status="confirmed")
        NeedFactory(incident=incident)
        NeedFactory(therapist=therapist, incident=incident, status="covered")

    with django_assert_num_queries(21):
        client.get(reverse("spaces:emergency"))


def test_emergency_names_only_those_who_agreed(client, therapist):
    incident = incident_at(BuildingFactory(), status="confirmed")
    NeedFactory(incident=incident, therapist__name="Quiet Person")
    NeedFactory(
        incident=incident,
        therapist__name="Open Person",
        therapist__agrees_to_be_named=True,
    )
    blocked = NeedFactory(
        incident=incident,
        therapist__name="Blocked Person",
        therapist__agrees_to_be_named=True,
    )
    BlockFactory(blocker=blocked.therapist, blocked=therapist)
    WaveFactory(incident=incident, need=None)

    page = client.get(reverse("spaces:emergency"))

    [line] = page.context["incidents"]
    assert (line["names"], line["people"]) == (["Open"], 3)
    detail = client.get(reverse("spaces:incident_detail", args=[incident.pk]))
    assert detail.context["names"] == ["Open"]
    assert "Quiet" not in page.content.decode()
    assert line["help_url"]


def test_an_incident_in_force_lights_the_menu():
    assert not emergency_open()


def test_an_incident_in_force_is_an_emergency():
    IncidentFactory(status="confirmed")

    assert emergency_open()


# --- What the mails say ------------------------------------------------------------------------


def rendered(kind):
    rows = list(Delivery.objects.filter(kind=kind).select_related("recipient__user"))
    mails = message_kind(kind).render(rows)
    return {row.recipient: mails[row.pk] for row in rows if row.pk in mails}


def test_the_report_asks_with_a_link_of_ones_own(client):
    office = OfficeFactory()
    guest = OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed")
    ).guest
    report_incident(
        office.building,
        by=office.hosts.get(),
        kind=IncidentKind.FIRE,
        summary="Smoke <everywhere>",
    )

    mail = rendered("incident_reported")[guest]

    assert str(office.building) in mail.subject
    assert "Smoke <everywhere>" in mail.text
    assert "Smoke &lt;everywhere&gt;" in mail.html
    link = next(word for word in mail.text.split() if "/incidents/word/" in word)
    assert client.get(link.removeprefix("http://localhost:8000")).status_code == 200


def test_displaced_mail_holds_each_ones_own_hours(client):
    office = OfficeFactory()
    host = office.hosts.get()
    UsualHoursFactory(office=office)
    invited = InvitedFactory()
    OccurrenceFactory(
        booking=BookingFactory(office=office, status="confirmed", guest=invited)
    )
    confirm_incident(incident_at(office.building), by=ModeratorFactory())

    mails = rendered("displaced")

    assert "Tue 09:00–13:00" in mails[host].text
    assert "/spaces/needs/link/" not in mails[host].text
    assert "/spaces/needs/link/" in mails[invited].text
    assert "Tue 09:00–13:00" not in mails[invited].text
