from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from directory.enums import Standing
from directory.models import Community, StandingEvent, Therapist, User

pytestmark = pytest.mark.django_db

ANSWERS = {
    "name": "Harbour Therapists",
    "area": "Duluth",
    "timezone": "America/Chicago",
    "distance_unit": "mi",
    "currency": "usd",
    "jurisdiction": "Minnesota",
    "zip": "55802",
    "email": "Ruth@example.org",
    "moderator": "Ruth Aho",
}


def set_up(**changes):
    out = StringIO()
    call_command("set_up_community", interactive=False, stdout=out, **ANSWERS | changes)
    return out.getvalue()


def test_set_up_community_saves_the_row_and_its_first_moderator():
    said = set_up()

    community = Community.objects.get()
    assert (community.name, community.timezone, community.currency) == (
        "Harbour Therapists",
        "America/Chicago",
        "USD",
    )
    assert (round(community.latitude), round(community.longitude)) == (47, -92)
    therapist = Therapist.objects.get()
    assert (therapist.name, therapist.standing, therapist.is_moderator) == (
        "Ruth Aho",
        Standing.MEMBER,
        True,
    )
    assert EmailAddress.objects.get().verified
    assert "ruth@example.org" in said


def test_set_up_community_again_changes_the_row_and_makes_nobody_twice():
    set_up()
    set_up(name="Harbour", moderator="Somebody else")

    assert Community.objects.get().name == "Harbour"
    assert User.objects.get().email == "ruth@example.org"
    assert Therapist.objects.get().name == "Ruth Aho"
    assert StandingEvent.objects.count() == 1


def test_set_up_community_asks_for_what_no_option_gives(monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or "")

    call_command(
        "set_up_community",
        stdout=StringIO(),
        **ANSWERS | {"area": None, "currency": None},
    )

    assert asked == [
        "Area, such as Berkeley and Oakland: ",
        "Currency, such as USD [USD]: ",
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("timezone", "Mars/Olympus", "There is no time zone “Mars/Olympus”."),
        ("currency", "dollars", "--currency: "),
        ("zip", "00000", "There is no ZIP code “00000”."),
        ("email", "not an address", "--email: "),
        ("distance_unit", "furlongs", "--distance-unit: "),
        ("moderator", "", "--moderator: "),
    ],
)
def test_set_up_community_says_what_is_wrong_and_saves_nothing(field, value, said):
    with pytest.raises(CommandError, match=said):
        set_up(**{field: value})

    assert not Community.objects.exists()
    assert not User.objects.exists()
