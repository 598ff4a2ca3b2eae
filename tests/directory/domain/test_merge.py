"""Somebody who is here twice becomes one person, and nothing is lost."""

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from directory.domain.merge import merge, preview_merge, references
from directory.domain.message import write_to
from directory.enums import Standing
from directory.errors import NotAllowedError
from directory.models import (
    Conversation,
    Delivery,
    LicenceCheck,
    Message,
    Preference,
    StandingEvent,
    Therapist,
)
from tests.access.world import build
from tests.factories.directory import (
    InvitedFactory,
    LicenceFactory,
    ModeratorFactory,
    PreferenceFactory,
    TherapistFactory,
)
from tests.factories.spaces import (
    BookingFactory,
    IncidentFactory,
    NeedFactory,
    OfficeFactory,
)

pytestmark = pytest.mark.django_db


def hanging_on(person):
    return {
        (model.__name__, field): count
        for model, field in references()
        if (count := model._base_manager.filter(**{field: person}).count())  # noqa: SLF001
    }


def test_whatever_hangs_on_the_one_goes_over():
    """Every reference there is, asked of the models: what a new model adds is moved, too."""
    world = build()
    twin = TherapistFactory(name="Dana Again", bio="")
    before = hanging_on(world.owner)
    moderator = ModeratorFactory()

    preview = preview_merge(world.owner, into=twin, by=moderator)
    merge(world.owner, into=twin, by=moderator, reason="Signed up twice.")

    assert len(before) > 15
    assert not preview.clashes
    assert sum(count for _label, count in preview.moves) == sum(before.values())
    assert "Offices" in dict(preview.moves)
    assert hanging_on(world.owner) == {}
    after = hanging_on(twin)
    assert {key: after[key] >= count for key, count in before.items()} == dict.fromkeys(
        before, True
    )
    left = Therapist.objects.get(pk=world.owner.pk)
    assert (left.standing, left.user, left.name) == ("left", None, twin.name)
    assert left.erased_at
    assert Delivery.objects.get(kind="profiles_merged").recipient == twin


def test_what_both_have_is_there_once_and_both_addresses_sign_in():
    one, two, friend = TherapistFactory.create_batch(3, user__is_confirmed=True)
    address = two.user.email
    same = LicenceFactory(therapist=one, number="1")
    twice = LicenceFactory(
        therapist=two, number="1", kind=same.kind, jurisdiction=same.jurisdiction
    )
    LicenceCheck.objects.create(licence=twice, verdict="checked")
    for person in (one, two):
        PreferenceFactory(therapist=person, topic="community")
        write_to(friend, text=f"Hello from {person.pk}", by=person)

    merge(two, into=one, by=ModeratorFactory(), reason="The same.")

    assert same.checks.count() == one.licences.count() == 1
    assert Preference.objects.filter(topic="community").count() == 1
    assert Conversation.objects.count() == 1
    assert set(Message.objects.values_list("author", flat=True)) == {one.pk}
    assert EmailAddress.objects.get(email=address).user == one.user
    assert StandingEvent.objects.filter(therapist=one, reason="The same.").exists()


def _host_and_guest(one, two):
    BookingFactory(office=OfficeFactory(hosts=[one]), guest=two)


def _two_needs(one, two):
    incident = IncidentFactory()
    for person in (one, two):
        NeedFactory(therapist=person, incident=incident)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda one, two: None, ""),
        (_host_and_guest, "has hours with"),
        (_two_needs, "close one need"),
    ],
)
def test_what_cannot_be_one_yet_is_said(prepare, said):
    one, two = TherapistFactory.create_batch(2)
    prepare(one, two)
    if said:
        with pytest.raises(NotAllowedError, match=said):
            merge(two, into=one, by=ModeratorFactory(), reason="The same.")
        assert Therapist.objects.filter(standing=Standing.LEFT).count() == 0
    else:
        merge(two, into=one, by=ModeratorFactory(), reason="The same.")


def test_nobody_merges_themselves_nor_the_wrong_way_round(client, moderator):
    member, invited = TherapistFactory(), InvitedFactory()
    suspended = TherapistFactory(standing=Standing.SUSPENDED)
    for duplicate, into, said in [
        (member, moderator, "Somebody else decides"),
        (moderator, member, "Somebody else decides"),
        (member, invited, "the other way round"),
        (suspended, member, "Settle that first"),
        (ModeratorFactory(), member, "moderates"),
        (member, member, "two people"),
    ]:
        url = reverse("admin:directory_therapist_merge", args=[into.pk])
        data = {"duplicate": duplicate.pk, "reason": "The same."}
        page = client.post(url, data).content.decode()
        assert said in page
        client.post(url, {**data, "confirm": "1"})
    assert not Therapist.objects.filter(standing=Standing.LEFT).exists()

    url = reverse("admin:directory_therapist_merge", args=[member.pk])
    client.post(url, {"duplicate": invited.pk, "reason": "The same.", "confirm": "1"})
    assert Therapist.objects.get(standing=Standing.LEFT).pk == invited.pk
