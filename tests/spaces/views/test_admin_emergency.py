import pytest
from django.urls import reverse

from spaces.models import Answer
from tests.factories.directory import (
    DeliveryFactory,
    ModeratorFactory,
    TherapistFactory,
    UserFactory,
)
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


# --- One wave's page -----------------------------------------------------------------------


def page_of(wave):
    return reverse("admin:spaces_wave_change", args=[wave.pk])


def mailed(wave, state, reason="", **fields):
    row = WaveRecipientFactory(wave=wave, recipient__name=f"{state} Person", **fields)
    return DeliveryFactory(
        kind="wave",
        recipient=row.recipient,
        cause=f"wave:{wave.pk}",
        state=state,
        reason=reason,
        drain=1 if state == "claimed" else None,
    )


def test_a_waves_page_shows_everyone_with_reason_mail_and_why_not(client, desk):
    wave = WaveFactory()
    mails = [
        mailed(wave, "sent", reason=""),
        mailed(wave, "pending", reason="Quiet hours."),
        mailed(wave, "claimed"),
        mailed(wave, "skipped", reason="opted out"),
        mailed(wave, "failed", reason="550 no such mailbox"),
    ]
    Answer.objects.create(wave=wave, recipient=mails[0].recipient, choice="not_now")
    mailed(WaveFactory(), "sent")

    page = client.get(page_of(wave))

    told, text = page.context["told"], " ".join(page.content.decode().split())
    counts = {part.state: part.number for part in told.bar}
    assert counts == {"sent": 1, "pending": 2, "skipped": 1, "failed": 1}
    assert sum(part.width for part in told.bar) == pytest.approx(100)
    assert (told.total, told.offered, told.refused) == (5, 0, 1)
    for words in (
        "1–2 km, meets Wed 17:00–19:00",
        "Quiet hours.",
        "opted out",
        "550 no such mailbox",
        "5 people were chosen.",
        "0 offered hours, 1 said not this time",
        'hx-trigger="every 5s"',
    ):
        assert words in text
    for mail in mails:
        assert reverse("admin:directory_delivery_change", args=[mail.pk]) in text
    assert "not_now" not in text, "who said what is nobody's business"


def test_a_waves_buttons_pause_resume_and_stop_it(client, desk):
    wave = WaveFactory()
    url = reverse("admin:spaces_wave_move", args=[wave.pk])

    for state, left in [
        ("paused", {"running", "stopped"}),
        ("running", {"paused", "stopped"}),
        ("stopped", {"running"}),
    ]:
        page = client.post(url, {"to": state}, follow=True)
        wave.refresh_from_db()
        assert wave.state == state
        assert {move["to"] for move in page.context["moves"]} == left
    assert (
        "it cannot become"
        in client.post(url, {"to": "paused"}, follow=True).content.decode()
    )
    client.post(url, {"to": "nonsense"})
    assert client.get(url).status_code == 405
    wave.refresh_from_db()
    assert wave.state == "stopped"
    assert "every 5s" not in client.get(page_of(wave)).content.decode()


def test_a_waves_page_and_buttons_are_for_moderators(client):
    wave = WaveFactory()
    suspended = ModeratorFactory(standing="suspended")
    for user in (TherapistFactory().user, suspended.user):
        client.force_login(user)
        assert client.get(page_of(wave)).status_code in {302, 403}
        url = reverse("admin:spaces_wave_move", args=[wave.pk])
        assert client.post(url, {"to": "stopped"}).status_code in {302, 403}
    wave.refresh_from_db()
    assert wave.state == "running"


@pytest.mark.parametrize("count", [1, 4])
def test_a_waves_page_asks_as_often_for_one_as_for_many(
    client, desk, django_assert_num_queries, count
):
    wave = WaveFactory()
    for _each in range(count):
        mailed(wave, "sent")
    client.get(page_of(wave))  # what a process asks once is known

    with django_assert_num_queries(18):
        client.get(page_of(wave))
