import pytest
from django.urls import reverse

from spaces.models import Drill
from tests.factories.directory import CommunityFactory
from tests.factories.spaces import OfficeFactory, UsualHoursFactory

pytestmark = pytest.mark.django_db


def test_drills_are_for_moderators(client, therapist):
    drill = Drill.objects.create(by=therapist)

    for path in (reverse("spaces:drill_list"), drill.get_absolute_url()):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code in {404, 405}


def test_a_moderator_runs_a_drill_and_reads_what_it_found(
    client, moderator, django_capture_on_commit_callbacks
):
    CommunityFactory()
    usual = UsualHoursFactory()
    building = usual.office.building
    start = reverse("spaces:drill_list")

    with django_capture_on_commit_callbacks():
        waiting = client.post(start, {"building": building.pk, "days": "14"})
    page = client.get(waiting.url, headers={"HX-Request": "true"})
    assert b"every 1s" in page.content
    with django_capture_on_commit_callbacks(execute=True):
        client.post(start, {"near": "94611", "radius": "9", "days": "7"})

    assert [drill.state for drill in Drill.objects.all()] == ["done", "done"]
    page = client.get(waiting.url)
    assert b"every 1s" not in page.content
    assert b"Tue" in page.content
    assert str(building).encode() in client.get(start).content


@pytest.mark.parametrize(
    "wrong",
    [{}, {"near": "00000"}, {"near": "94611", "radius": "900"}, {"building": "both"}],
)
def test_what_makes_no_sense_is_said(client, moderator, wrong):
    office = OfficeFactory()
    if wrong.get("building"):
        wrong = {"building": office.building_id, "near": "94611"}

    response = client.post(reverse("spaces:drill_list"), {"days": "14"} | wrong)

    assert response.context["form"].errors
    assert not Drill.objects.exists()
