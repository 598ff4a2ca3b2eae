import pytest
from django.urls import reverse

from tests.factories.directory import ModeratorFactory, UserFactory
from tests.factories.spaces import (
    IncidentFactory,
    NeedFactory,
    OfferFactory,
    WaveFactory,
    WaveRecipientFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    """Signed in with every right at the moderation desk."""
    moderator = ModeratorFactory()
    moderator.user.is_superuser = True
    moderator.user.save()
    client.force_login(moderator.user)
    return moderator


def act(client, model, action, row):
    url = reverse(f"admin:spaces_{model}_changelist")
    data = {"action": action, "_selected_action": [row.pk]}
    response = client.post(url, data, follow=True)
    row.refresh_from_db()
    return response.content.decode()


@pytest.mark.parametrize(
    ("action", "status"),
    [("confirm", "confirmed"), ("dismiss", "dismissed")],
)
def test_moderators_decide_incidents_at_the_desk(client, desk, action, status):
    incident = IncidentFactory()

    page = act(client, "incident", action, incident)

    assert (incident.status, incident.decided_by) == (status, desk)
    assert "1 done." in page


def test_what_the_table_does_not_list_is_said(client, desk):
    incident = IncidentFactory(status="dismissed")

    page = act(client, "incident", "confirm", incident)

    assert incident.status == "dismissed"
    assert "it cannot become" in page


@pytest.mark.parametrize(
    ("action", "state"),
    [("pause", "paused"), ("stop", "stopped")],
)
def test_moderators_pause_and_stop_waves(client, desk, action, state):
    wave = WaveFactory()

    act(client, "wave", action, wave)
    assert wave.state == state

    act(client, "wave", "resume", wave)
    assert wave.state == "running"


def test_a_superuser_without_a_profile_is_told_to_say_who_they_are(client):
    user = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(user)
    incident = IncidentFactory()

    page = act(client, "incident", "confirm", incident)

    assert incident.status == "reported"
    assert "Tell who you are first" in page


@pytest.mark.parametrize(
    ("factory", "model"),
    [
        (IncidentFactory, "incident"),
        (NeedFactory, "need"),
        (OfferFactory, "offer"),
        (WaveFactory, "wave"),
    ],
)
def test_every_row_can_be_looked_at_and_not_written(client, desk, factory, model):
    row = factory()
    if model == "wave":
        WaveRecipientFactory(wave=row, reason="meets Wed 17:00–19:00")

    page = client.get(reverse(f"admin:spaces_{model}_change", args=[row.pk]))

    assert client.get(reverse(f"admin:spaces_{model}_changelist")).status_code == 200
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    if model == "wave":
        assert "meets Wed 17:00–19:00" in page.content.decode()
