"""Each promise of the database, broken once."""

from datetime import date

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from directory.models import (
    ColleagueSearch,
    Conversation,
    LicenceCheck,
    Report,
    SupervisionRule,
    Vouch,
)
from tests.factories.directory import (
    AbsenceFactory,
    BlockFactory,
    CommunityFactory,
    DeliveryFactory,
    InvitedFactory,
    LicenceFactory,
    PreferenceFactory,
    SupervisionFactory,
    TermFactory,
    TherapistFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def two(factory, **same):
    factory(**same)
    factory(**same)


def again(row):
    """The same row once more."""
    row.pk = None
    row._state.adding = True  # noqa: SLF001 -- the documented way to copy a row
    row.save()


BROKEN = {
    "directory_absence_forward": lambda: AbsenceFactory(last_date=date(2020, 1, 1)),
    "directory_absence_another_stands_in": lambda: _own_stand_in(TherapistFactory()),
    "directory_user_email_unique": lambda: [
        UserFactory(email="a@example.org"),
        UserFactory(email="A@example.org"),
    ],
    "directory_community_single": lambda: two(CommunityFactory),
    "directory_community_distance_unit_known": lambda: CommunityFactory(
        distance_unit="ly"
    ),
    "directory_term_slug_unique": lambda: two(TermFactory, slug="x"),
    "directory_term_kind_known": lambda: TermFactory(kind="colour"),
    "directory_therapist_one_invitation": lambda: [
        InvitedFactory(email="a@example.org"),
        InvitedFactory(email="A@example.org"),
    ],
    "directory_therapist_standing_known": lambda: TherapistFactory(standing="boss"),
    "directory_therapist_quiet_in_day": lambda: TherapistFactory(
        quiet_from_minute=1441
    ),
    "directory_therapist_point_whole": lambda: TherapistFactory(latitude=None),
    "directory_licence_once": lambda: again(LicenceFactory()),
    "directory_vouch_once": lambda: _vouch_twice(TherapistFactory()),
    "directory_vouch_for_another": lambda: _own_vouch(TherapistFactory()),
    "directory_licencecheck_verdict_known": lambda: LicenceCheck.objects.create(
        licence=LicenceFactory(), verdict="perhaps"
    ),
    "directory_supervision_of_another": lambda: _own_supervisor(TherapistFactory()),
    "directory_supervision_accepted_by_someone": lambda: SupervisionFactory(
        supervisor=None, supervisor_name="X", accepted_at=timezone.now()
    ),
    "directory_supervisionrule_party_known": lambda: SupervisionRule.objects.create(
        jurisdiction="Nevada",
        kind=TermFactory(kind="credential"),
        party="nobody",
        looked_up_on=timezone.localdate(),
    ),
    "directory_term_replaced_is_retired": lambda: TermFactory(
        replaced_by=TermFactory()
    ),
    "directory_term_group_known": lambda: TermFactory(group="colours"),
    "directory_block_once": lambda: again(BlockFactory()),
    "directory_block_of_another": lambda: _own_block(TherapistFactory()),
    "directory_preference_once": lambda: again(PreferenceFactory(topic="hours")),
    "directory_preference_known": lambda: PreferenceFactory(topic="weather"),
    "directory_report_outcome_known": lambda: _report(
        outcome="shrug", decided_at=timezone.now()
    ),
    "directory_report_decided_whole": lambda: _report(outcome="nothing"),
    "directory_report_of_another": lambda: _own_report(TherapistFactory()),
    "directory_conversation_ordered": lambda: _conversation(
        *reversed(TherapistFactory.create_batch(2))
    ),
    "directory_conversation_once": lambda: again(
        _conversation(*TherapistFactory.create_batch(2))
    ),
    "directory_colleaguesearch_once": lambda: again(_search()),
    "directory_colleaguesearch_frequency_known": lambda: _search(frequency="hourly"),
    "directory_delivery_once": lambda: again(DeliveryFactory()),
    "directory_delivery_once_to_address": lambda: again(
        DeliveryFactory(recipient=None, address="a@example.org")
    ),
    "directory_delivery_state_known": lambda: DeliveryFactory(state="flying"),
    "directory_delivery_fate_known": lambda: DeliveryFactory(fate="eaten"),
    "directory_delivery_goes_somewhere": lambda: DeliveryFactory(recipient=None),
    "directory_delivery_drain_when_under_way": lambda: DeliveryFactory(state="claimed"),
}


def _report(**fields):
    return Report.objects.create(about=TherapistFactory(), text="x", **fields)


def _own_report(person):
    return Report.objects.create(about=person, reporter=person, text="x")


def _conversation(first, second):
    return Conversation.objects.create(first=first, second=second, begun_by=first)


def _search(**fields):
    return ColleagueSearch.objects.create(therapist=TherapistFactory(), **fields)


def _own_supervisor(person):
    SupervisionFactory(trainee=person, supervisor=person)


def _own_stand_in(person):
    AbsenceFactory(moderator=person, stand_in=person)


def _own_block(person):
    BlockFactory(blocker=person, blocked=person)


def _own_vouch(person):
    Vouch.objects.create(applicant=person, by=person)


def _vouch_twice(person):
    again(Vouch.objects.create(applicant=TherapistFactory(), by=person))


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses(name):
    with pytest.raises(IntegrityError) as refused:
        BROKEN[name]()

    assert refused.value.__cause__.diag.constraint_name == name


def test_every_constraint_is_tested():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conname LIKE 'directory_%' AND contype = 'c' "
            "AND pg_get_constraintdef(oid) NOT LIKE 'CHECK ((%% >= 0))'"
        )
        names = {name for (name,) in cursor.fetchall()}

    assert {name for name in names if not name.endswith("_check")} <= set(BROKEN)
