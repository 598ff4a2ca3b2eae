from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.spaces import BuildingFactory, IncidentFactory, OfficeFactory

pytestmark = pytest.mark.django_db


def test_a_moderator_looks_and_adds_a_street(client, moderator):
    first = BuildingFactory(street="12 Alder Street")
    house = OfficeFactory(building__street="14 Alder Street").building
    BuildingFactory(street="1 Bay Road", latitude=38)
    incident = IncidentFactory(scope__building=first, status="confirmed")
    client.force_login(moderator.user)
    url = reverse("spaces:incident_places", args=[incident.pk])
    day = timezone.localdate() + timedelta(days=6)

    assert url in client.get(incident.get_absolute_url()).content.decode()
    page = client.get(url, {"street": "Alder Street", "around": "200"})
    assert [line.building for line, _ticked in page.context["lines"]] == [house]
    assert incident.scopes.count() == 1
    empty = client.post(url + "?street=Alder+Street", {"until": day})
    assert "Tick at least one building." in empty.content.decode()
    past = client.post(url, {"buildings": house.pk, "until": "2001-01-01"})
    assert "still to come" in past.content.decode()
    client.post(url, {"buildings": house.pk, "until": day})

    assert incident.scopes.get(building=house).until.date() >= day
    admin = client.post(
        reverse("admin:spaces_incident_changelist"),
        {"action": "add_places", "_selected_action": [incident.pk]},
    )
    assert admin.url == url


def test_others_find_no_such_page(client, therapist):
    office = OfficeFactory(hosts=[therapist])
    incident = IncidentFactory(scope__building=office.building, status="confirmed")
    BuildingFactory()
    url = reverse("spaces:incident_places", args=[incident.pk])

    assert client.get(url).status_code == 404
    incident.reported_by = therapist
    incident.save()
    assert client.get(url).status_code == 404  # no other building of theirs
    OfficeFactory(hosts=[therapist])
    assert client.get(url).status_code == 200
