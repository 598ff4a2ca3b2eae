import pytest
from django.urls import reverse

from directory.models import Delivery, Supervision, Term
from directory.registry import message_kind
from tests.factories.directory import (
    BlockFactory,
    LicenceFactory,
    SupervisionFactory,
    TherapistFactory,
)

pytestmark = pytest.mark.django_db

PAGE = "directory:supervision"


@pytest.fixture
def associate(therapist):
    LicenceFactory(therapist=therapist, kind=Term.objects.get(slug="amft"))
    return therapist


def test_an_associate_names_a_supervisor_who_is_a_member(client, associate):
    TherapistFactory(name="Élodie Marchetti")
    stand_in = TherapistFactory(name="Stan Inman")
    page = client.get(reverse(PAGE)).content.decode()
    assert "does not lease or rent space" in page
    assert "not legal advice" in page

    answer = client.post(
        reverse(PAGE),
        {
            "supervisor": "elodie marchetti",
            "employer": "Linden",
            "stand_in": "Stan Inman",
        },
    )

    assert answer.url == reverse(PAGE)
    link = Supervision.objects.get()
    assert (link.supervisor.name, link.employer, link.stand_in, link.accepted_at) == (
        "Élodie Marchetti",
        "Linden",
        stand_in,
        None,
    )
    assert "Asked, no answer yet." in client.get(reverse(PAGE)).content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "This cannot stay empty."),
        ("Elodie Marchety", "Do you mean “Élodie Marchetti”?"),
        ("Dana Whitlock", "No member has this name."),  # oneself
        ("Twin Twinson", "Two members have this name."),
        ("Bloch Ade", "No member has this name."),
        ("<script>", "No member has this name."),
    ],
)
def test_a_name_that_does_not_do_is_answered_kindly_and_kept(
    client, associate, typed, words
):
    TherapistFactory(name="Élodie Marchetti")
    TherapistFactory.create_batch(2, name="Twin Twinson")
    BlockFactory(blocker=TherapistFactory(name="Bloch Ade"), blocked=associate)

    answer = client.post(reverse(PAGE), {"supervisor": typed})

    assert words in " ".join(answer.context["form"].errors["supervisor"])
    assert answer.context["form"]["supervisor"].value() == typed
    assert "<script>" not in answer.content.decode().replace("<script type", "")
    assert not Supervision.objects.exists()


def test_a_supervisor_accepts_then_ends_it_with_one_tap_each(client, therapist):
    link = SupervisionFactory(supervisor=therapist, accepted_at=None)
    home = client.get(reverse("home")).content.decode()
    assert f"{link.trainee} names you as supervisor" in home

    for verb in ("accept", "end"):
        address = reverse(f"directory:supervision_{verb}", args=[link.pk])
        assert client.get(address).status_code == 405
        client.post(address)
        link.refresh_from_db()
        assert (link.accepted_at is not None) == (verb == "accept")


def test_a_supervision_of_others_is_nobodys_business(client, therapist):
    link = SupervisionFactory(accepted_at=None)

    address = reverse("directory:supervision_accept", args=[link.pk])
    assert client.post(address).status_code == 404
    assert link.trainee.name not in client.get(reverse(PAGE)).content.decode()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("supervision_asked", "names you as supervisor"),
        ("supervision_accepted", "is your supervisor here now"),
        ("supervision_ended", "did not accept"),
    ],
)
def test_mails_say_who_and_lead_to_the_page(kind, words):
    link = SupervisionFactory(supervisor_name="Ann O’Hara & Co", employer="Linden")
    row = Delivery.objects.create(
        kind=kind,
        recipient=link.supervisor,
        cause="x",
        priority=1,
        payload={"supervision": link.pk},
    )

    mail = message_kind(kind).render([row])[row.pk]

    assert words in mail.subject
    assert link.trainee.name in mail.text or "Ann O’Hara & Co" in mail.text
    assert "http" in mail.text
