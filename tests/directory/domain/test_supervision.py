from contextlib import nullcontext
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from directory.domain.supervision import (
    accept_supervision,
    booking_party_for,
    end_supervision,
    name_supervisor,
    rule_for,
)
from directory.enums import Standing
from directory.errors import DomainError, NoSupervisorError, NotAllowedError
from directory.models import Delivery, SupervisionRule, Term
from tests.factories.directory import (
    BlockFactory,
    LicenceFactory,
    SupervisionFactory,
    TherapistFactory,
)

pytestmark = pytest.mark.django_db

YESTERDAY = timezone.localdate() - timedelta(days=1)


def licensed(slug, therapist=None, **fields):
    """Somebody with this licence."""
    licence = LicenceFactory(
        therapist=therapist or TherapistFactory(),
        kind=Term.objects.get(kind="credential", slug=slug),
        **fields,
    )
    return licence.therapist


def mailed(kind):
    rows = Delivery.objects.filter(kind=kind)
    return [row.recipient for row in rows.select_related("recipient").order_by("pk")]


def test_the_seed_says_what_california_says_and_leaves_what_moderators_changed():
    assert set(
        SupervisionRule.objects.values_list("jurisdiction", "kind__slug", "party")
    ) == {
        ("California", slug, "supervisor")
        for slug in ("amft", "acsw", "apcc", "trainee")
    }
    SupervisionRule.objects.filter(kind__slug="amft").update(says="Changed")

    import_module("directory.migrations.0005_seed_supervision_rules").seed(apps, None)

    assert SupervisionRule.objects.count() == 4
    rule = SupervisionRule.objects.get(kind__slug="amft")
    assert rule.says == "Changed"
    for rule in SupervisionRule.objects.exclude(kind__slug="amft"):
        assert "not legal advice" in rule.says
        assert "not verified" in rule.source


@pytest.mark.parametrize(
    ("licences", "bound"),
    [
        ([("lmft", {})], False),
        ([("amft", {})], True),
        ([("amft", {"jurisdiction": " CALIFORNIA "})], True),
        ([("amft", {"jurisdiction": "ca"})], True),
        ([("amft", {"jurisdiction": "C.A."})], True),
        ([("amft", {"jurisdiction": "State of  California"})], True),
        ([("amft", {"jurisdiction": "CO"})], False),
        ([("amft", {}), ("lmft", {"jurisdiction": "Calif."})], False),
        ([("amft", {"jurisdiction": "Oregon"})], False),
        ([("psychological-associate", {})], False),
        ([("amft", {}), ("lmft", {})], False),  # licensed since
        ([("lmft", {"expires_on": YESTERDAY}), ("amft", {})], True),
        ([("amft", {}), ("lmft", {"jurisdiction": "Oregon"})], True),
        ([("amft", {}), ("trainee", {})], True),
        ([("amft", {"expires_on": YESTERDAY})], True),  # nothing else to go by
        ([], False),
    ],
)
def test_a_rule_binds_whoever_has_no_licence_of_their_own(licences, bound):
    person = TherapistFactory()
    for slug, fields in licences:
        licensed(slug, person, **fields)

    assert (rule_for(person) is not None) == bound


def test_states_written_otherwise_before_get_their_one_name():
    """What is the same then stays once: the licence that was checked, the rule that was looked up last."""
    person = licensed("amft", number="77", checked_at=timezone.now())
    licensed("amft", person, number="77", jurisdiction="Oregon")
    licensed("lmft", person, jurisdiction="Norway ")
    bypass = "UPDATE directory_licence SET jurisdiction = %s WHERE jurisdiction = %s"
    with connection.cursor() as cursor:  # as they were written before
        cursor.execute(bypass, ["CA", "Oregon"])
        cursor.execute(bypass, [" norway", "Norway"])
        cursor.execute(
            "UPDATE directory_supervisionrule SET jurisdiction = 'ca' WHERE kind_id = %s",
            [Term.objects.get(slug="amft").pk],
        )
    migration = import_module("directory.migrations.0008_jurisdictions_by_one_name")

    for _time in range(2):
        migration.name_by_one_name(apps, None)

    names = person.licences.order_by("pk").values_list("jurisdiction", flat=True)
    assert list(names) == ["California", "norway"]
    assert person.licences.get(number="77").checked_at
    assert set(SupervisionRule.objects.values_list("jurisdiction", flat=True)) == {
        "California"
    }
    assert SupervisionRule.objects.filter(jurisdiction="CA").count() == 4  # asked so
    assert rule_for(person).jurisdiction == "California"


def test_the_supervisor_who_accepted_books_in_their_absence_the_stand_in():
    trainee = licensed("acsw")
    with pytest.raises(NoSupervisorError, match="Name your supervisor in Settings"):
        booking_party_for(trainee)
    link = SupervisionFactory(trainee=trainee, stand_in=TherapistFactory())
    SupervisionFactory(trainee=trainee, accepted_at=None)
    assert booking_party_for(trainee) == link.supervisor

    link.supervisor.standing = Standing.SUSPENDED
    link.supervisor.save()
    assert booking_party_for(trainee) == link.stand_in

    link.stand_in.standing = Standing.LEFT
    link.stand_in.save()
    with pytest.raises(NoSupervisorError):
        booking_party_for(trainee)
    assert booking_party_for(licensed("lmft")) is None


def test_naming_asks_accepting_tells_ending_tells_the_other():
    trainee, supervisor, other = TherapistFactory.create_batch(3)
    SupervisionFactory(
        trainee=trainee, supervisor=None, supervisor_name="Somebody", accepted_at=None
    )  # from joining

    link = name_supervisor(trainee, supervisor=other, by=trainee, employer="Linden")
    assert name_supervisor(trainee, supervisor=supervisor, by=trainee) == link
    assert mailed("supervision_asked") == [other, supervisor]
    with pytest.raises(NotAllowedError):
        accept_supervision(link, by=other)
    accept_supervision(link, by=supervisor)
    assert mailed("supervision_accepted") == [trainee]
    with pytest.raises(NotAllowedError):
        accept_supervision(link, by=supervisor)
    with pytest.raises(NotAllowedError):
        end_supervision(link, by=other)
    end_supervision(link, by=trainee)

    assert mailed("supervision_ended") == [supervisor]
    link.refresh_from_db()
    assert (link.supervisor, link.accepted_at) == (None, None)
    assert link.supervisor_name == supervisor.name


def test_a_supervisor_declines_and_the_trainee_hears_it():
    link = SupervisionFactory(accepted_at=None)

    end_supervision(link, by=link.supervisor)

    assert mailed("supervision_ended") == [link.trainee]


@pytest.mark.parametrize("who", ["self", "blocked", "applicant", "stand-in", "member"])
def test_who_can_be_named(who):
    trainee = TherapistFactory()
    named = TherapistFactory()
    stand_in = named if who == "stand-in" else None
    if who == "self":
        named = trainee
    if who == "blocked":
        BlockFactory(blocker=named, blocked=trainee)
    if who == "applicant":
        named = TherapistFactory(standing=Standing.APPLICANT)

    with nullcontext() if who == "member" else pytest.raises(DomainError):
        name_supervisor(trainee, supervisor=named, stand_in=stand_in, by=trainee)
