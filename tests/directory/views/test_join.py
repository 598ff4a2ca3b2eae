from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.enums import Standing, TermKind
from directory.models import Term, Therapist
from tests.factories.directory import TherapistFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = reverse("directory:join")


@pytest.fixture
def newcomer(client):
    user = UserFactory()
    client.force_login(user)
    return user


def answers(**changed):
    lmft = Term.objects.get(kind=TermKind.CREDENTIAL, slug="lmft")
    return {
        "name": "Noor Haddad",
        "credentials": "LMFT",
        "licence_kind": lmft.pk,
        "licence_number": "98213",
        "jurisdiction": "California",
        "expires_on": timezone.localdate() + timedelta(days=400),
        "zip_code": "94618",
        "agreement": "on",
    } | changed


def test_join_begins_with_an_address(client):
    assert client.get(URL).url == f"{reverse('account_signup')}?next={URL}"


def test_join_makes_an_applicant_who_waits(client, newcomer):
    response = client.post(URL, answers(), follow=True)

    assert Therapist.objects.get().standing == Standing.APPLICANT
    assert response.redirect_chain == [(reverse("home"), 302)]


@pytest.mark.parametrize(
    ("typed", "kept"), [("ca", "California"), (" n.y. ", "New York"), ("Norway",) * 2]
)
def test_join_knows_a_state_by_its_letters(client, newcomer, typed, kept):
    """So that the state's rules for people under supervision are found."""
    client.post(URL, answers(jurisdiction=typed))

    licence = Therapist.objects.get().licences.get()
    assert licence.jurisdiction == kept


@pytest.mark.parametrize(
    "name",
    [
        "Zoë 🌱 O’Rourke-Nuñez",
        "نور حداد",
        "李小龍",
        "Benedikt Aurelio Featherstonehaugh-Montgomery de la Torre y Villanueva",
    ],
)
def test_join_takes_names_as_they_are(client, newcomer, name):
    client.post(URL, answers(name=name))

    assert Therapist.objects.get().name == name


def test_join_takes_control_characters_out_of_names(client, newcomer):
    client.post(URL, answers(name="Noor\r\nBcc: all@example.org \u202eHaddad"))

    assert Therapist.objects.get().name == "Noor Bcc: all@example.org Haddad"


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"name": "N" * 500}, "name", "at most 200 characters"),
        ({"name": " \u202e "}, "name", "cannot stay empty"),
        ({"zip_code": "00000"}, "zip_code", "no such ZIP code"),
        ({"zip_code": "94618; '"}, "zip_code", "no such ZIP code"),
        ({"zip_code": "٩٤٦١٨"}, "zip_code", "no such ZIP code"),
        ({"expires_on": "2020-01-01"}, "expires_on", "This day is past"),
        ({"expires_on": "31 Dec"}, "expires_on", "valid date"),
        ({"agreement": ""}, "agreement", "Without agreeing"),
        ({"licence_kind": "0"}, "licence_kind", "valid choice"),
    ],
)
def test_join_says_what_is_wrong_and_keeps_what_was_typed(
    client, newcomer, changed, field, words
):
    response = client.post(URL, answers(**changed))

    assert words in str(response.context["form"].errors[field])
    assert response.context["form"]["licence_number"].value() == "98213"
    assert not Therapist.objects.exists()


def test_join_asks_associates_for_their_supervisor(client, newcomer):
    amft = Term.objects.get(kind=TermKind.CREDENTIAL, slug="amft")

    response = client.post(URL, answers(licence_kind=amft.pk))

    assert list(response.context["form"].errors) == ["supervisor_name"]


@pytest.mark.parametrize(
    "standing", [Standing.APPLICANT, Standing.MEMBER, Standing.SUSPENDED]
)
def test_join_is_over_for_those_who_are_known(client, standing):
    client.force_login(TherapistFactory(standing=standing).user)

    assert client.get(URL).url == reverse("home")


def test_join_is_open_again_for_those_who_left(client):
    client.force_login(TherapistFactory(standing=Standing.LEFT, name="Tess").user)

    assert client.get(URL).context["form"]["name"].value() == "Tess"


@pytest.mark.parametrize(
    "standing", [Standing.APPLICANT, Standing.SUSPENDED, Standing.LEFT]
)
@pytest.mark.parametrize("name", ["therapist_list", "profile_edit", "settings"])
def test_nobody_but_members_sees_members(client, standing, name):
    client.force_login(TherapistFactory(standing=standing).user)

    response = client.get(reverse(f"directory:{name}"))

    if (standing, name) == (Standing.APPLICANT, "profile_edit"):
        assert response.status_code == 200  # a draft, for later
    elif standing == Standing.LEFT:
        assert response.status_code == 404
    else:
        assert response.url == reverse("home")


def test_strangers_are_asked_to_sign_in(client):
    url = reverse("directory:therapist_list")

    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
