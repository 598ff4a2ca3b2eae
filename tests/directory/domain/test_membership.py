"""Who belongs here: every standing, every verb, every role."""

from contextlib import nullcontext
from datetime import timedelta
from itertools import product

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from directory.domain.invitation import invite_person
from directory.domain.membership import (
    apply_to_join,
    approve_applicant,
    decline_applicant,
    leave,
    next_standings,
    reinstate_member,
    suspend_member,
)
from directory.enums import Standing, TermKind
from directory.errors import (
    AlreadyAppliedError,
    DomainError,
    NotAllowedError,
    UnknownPlaceError,
)
from directory.models import (
    Delivery,
    Licence,
    StandingEvent,
    Supervision,
    Term,
    Therapist,
)
from tests.factories.directory import (
    InvitedFactory,
    LicenceFactory,
    ModeratorFactory,
    TherapistFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

VERBS = {
    "approve": approve_applicant,
    "decline": decline_applicant,
    "suspend": suspend_member,
    "reinstate": reinstate_member,
    "leave": leave,
}
ALLOWED = {
    ("applicant", "approve", "moderator"): "member",
    ("applicant", "decline", "moderator"): "left",
    ("member", "suspend", "moderator"): "suspended",
    ("suspended", "reinstate", "moderator"): "member",
    ("invited", "leave", "person"): "left",
    ("applicant", "leave", "person"): "left",
    ("member", "leave", "person"): "left",
    ("suspended", "leave", "person"): "left",
}
ROLES = ["person", "moderator", "colleague", "suspended_moderator"]


def acting(role, person):
    return {
        "person": lambda: person,
        "moderator": ModeratorFactory,
        "colleague": TherapistFactory,
        "suspended_moderator": lambda: ModeratorFactory(standing=Standing.SUSPENDED),
    }[role]()


@pytest.mark.parametrize("standing", Standing.values)
def test_standing_moves_only_as_allowed(standing, subtests):
    first = TherapistFactory(standing=standing)
    for verb, role in product(VERBS, ROLES):
        person = Therapist.objects.get(pk=first.pk)
        expected = ALLOWED.get((standing, verb, role), standing)
        refused = pytest.raises(NotAllowedError)
        with subtests.test(f"{verb} by {role}"), transaction.atomic():
            with nullcontext() if expected != standing else refused:
                VERBS[verb](person, by=acting(role, person), reason="Because.")

            person.refresh_from_db()
            assert person.standing == expected
            transaction.set_rollback(True)


@pytest.mark.parametrize("verb", ["approve", "reinstate"])
def test_nobody_lets_themself_in(verb):
    person = ModeratorFactory(
        standing=Standing.APPLICANT if verb == "approve" else Standing.SUSPENDED
    )

    with pytest.raises(NotAllowedError):
        VERBS[verb](person, by=person)


@pytest.mark.parametrize(
    ("standing", "buttons"),
    [
        ("applicant", ["member", "left"]),
        ("member", ["suspended"]),
        ("suspended", ["member"]),
        ("left", []),
    ],
)
def test_next_standings_are_the_moderators_buttons(standing, buttons):
    assert (
        next_standings(TherapistFactory(standing=standing), ModeratorFactory())
        == buttons
    )


def test_approve_applicant_keeps_who_and_when_and_checks_the_licence():
    moderator = ModeratorFactory()
    applicant = TherapistFactory(standing=Standing.APPLICANT, joined_at=None)
    licence = LicenceFactory(therapist=applicant)

    approve_applicant(applicant, by=moderator, reason="Licence seen.")

    applicant.refresh_from_db()
    licence.refresh_from_db()
    event = StandingEvent.objects.get()
    assert (event.old, event.new, event.actor, event.reason) == (
        "applicant",
        "member",
        moderator,
        "Licence seen.",
    )
    assert applicant.joined_at is not None
    assert licence.checked_by == moderator


@pytest.mark.parametrize(
    ("verb", "standing", "said"),
    [
        ("approve", "applicant", "Welcome to Therapists"),
        ("decline", "applicant", "About your application to Therapists"),
        ("suspend", "member", "Your membership of Therapists is suspended"),
        ("reinstate", "suspended", "You are a member of Therapists again"),
    ],
)
def test_every_decision_is_mailed_with_its_reason(
    verb, standing, said, django_capture_on_commit_callbacks
):
    person = TherapistFactory(standing=standing, name="Zoë O’Rourke")

    with django_capture_on_commit_callbacks(execute=True):
        VERBS[verb](
            person, by=ModeratorFactory(), reason="The licence & the name differ."
        )

    [message] = mail.outbox
    assert (message.subject, message.to) == (said, [person.user.email])
    assert "The licence & the name differ." in message.body
    assert "The licence &amp; the name differ." in message.alternatives[0][0]


@pytest.mark.parametrize("verb", ["decline", "suspend"])
def test_a_no_needs_its_reason(verb):
    person = TherapistFactory(standing="applicant" if verb == "decline" else "member")

    with pytest.raises(DomainError):
        VERBS[verb](person, by=ModeratorFactory(), reason=" ")


# --- Joining ---------------------------------------------------------------------


def answers(**changed):
    return {
        "name": "Noor Haddad",
        "credentials": "LMFT",
        "licence_kind": Term.objects.get(kind=TermKind.CREDENTIAL, slug="lmft"),
        "licence_number": "98213",
        "jurisdiction": "California",
        "expires_on": timezone.localdate() + timedelta(days=400),
        "zip_code": "94618",
        "neighbourhood": "Rockridge",
    } | changed


def test_apply_to_join_makes_a_waiting_applicant():
    user = UserFactory()

    therapist = apply_to_join(user, **answers())

    therapist.refresh_from_db()
    assert (therapist.standing, therapist.user, therapist.joined_at) == (
        Standing.APPLICANT,
        user,
        None,
    )
    assert (therapist.latitude, therapist.longitude) == (37.84, -122.24)
    assert therapist.agreed_at is not None
    assert list(Licence.objects.values_list("therapist", "number")) == [
        (therapist.pk, "98213")
    ]
    assert list(StandingEvent.objects.values_list("old", "new", "actor")) == [
        ("", "applicant", therapist.pk)
    ]


def test_apply_to_join_tells_every_moderator_once(django_capture_on_commit_callbacks):
    moderators = ModeratorFactory.create_batch(2)

    with django_capture_on_commit_callbacks(execute=True):
        apply_to_join(UserFactory(), **answers())

    assert sorted(message.to[0] for message in mail.outbox) == sorted(
        m.user.email for m in moderators
    )
    assert mail.outbox[0].subject == "Noor Haddad asks to join"


def test_moderators_are_not_told_of_what_was_decided_meanwhile():
    ModeratorFactory()
    applicant = apply_to_join(UserFactory(), **answers())
    approve_applicant(applicant, by=ModeratorFactory())

    assert Delivery.objects.filter(kind="application_received").count() == 1


def test_associates_name_their_supervisor():
    associate = answers(
        licence_kind=Term.objects.get(kind=TermKind.CREDENTIAL, slug="amft")
    )

    with pytest.raises(DomainError):
        apply_to_join(UserFactory(), **associate)
    therapist = apply_to_join(
        UserFactory(), **associate, supervisor_name="Benedikt Featherstonehaugh"
    )

    assert list(
        Supervision.objects.values_list("trainee", "supervisor_name", "accepted_at")
    ) == [(therapist.pk, "Benedikt Featherstonehaugh", None)]


def test_an_invited_person_claims_what_is_theirs():
    invited = InvitedFactory(email="Sub@example.org", name="Sub")

    therapist = apply_to_join(UserFactory(email="sub@example.org"), **answers())

    assert therapist.pk == invited.pk
    assert (therapist.standing, therapist.email, therapist.name) == (
        Standing.APPLICANT,
        "",
        "Noor Haddad",
    )
    assert StandingEvent.objects.get().old == Standing.INVITED


def test_an_unknown_zip_joins_nobody():
    with pytest.raises(UnknownPlaceError):
        apply_to_join(UserFactory(), **answers(zip_code="00000"))

    assert not Therapist.objects.exists()


def test_nobody_applies_twice():
    user = UserFactory()
    apply_to_join(user, **answers())

    with pytest.raises(AlreadyAppliedError):
        apply_to_join(user, **answers())


def test_the_declined_may_ask_again():
    user = UserFactory()
    applicant = apply_to_join(user, **answers())
    decline_applicant(applicant, by=ModeratorFactory(), reason="No such number.")

    again = apply_to_join(user, **answers(licence_number="98214"))

    assert (again.pk, again.standing) == (applicant.pk, Standing.APPLICANT)
    assert list(again.standing_events.values_list("new", flat=True)) == [
        "applicant",
        "left",
        "applicant",
    ]


def test_invite_person_twice_is_one_person():
    host = TherapistFactory()

    first = invite_person(name="Sub", email="sub@example.org", by=host)
    second = invite_person(
        name="Sub Letter", email="SUB@example.org", by=TherapistFactory()
    )

    assert (first.pk, first.standing, first.invited_by) == (
        second.pk,
        Standing.INVITED,
        host,
    )


def test_invite_person_finds_a_member_by_their_address():
    member = TherapistFactory()

    assert (
        invite_person(name="X", email=member.user.email.upper(), by=TherapistFactory())
        == member
    )
