from contextlib import nullcontext
from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from directory.errors import DomainError, NotAllowedError
from directory.models import Delivery
from spaces.domain.loan import (
    bring_back,
    claim_loan,
    let_go,
    pick_up,
    post_loan,
    settle_loans,
    withdraw_loan,
    write_about,
)
from spaces.enums import IncidentStatus, LoanKind, LoanStatus
from spaces.models import Loan
from tests.factories.directory import BlockFactory, ModeratorFactory, TherapistFactory
from tests.factories.spaces import IncidentFactory, LoanFactory

pytestmark = pytest.mark.django_db

VERBS = {
    "claim": claim_loan,
    "let go": let_go,
    "pick up": pick_up,
    "bring back": bring_back,
    "withdraw": withdraw_loan,
}
ALLOWED = {
    ("open", "claim", "member"): "claimed",
    ("open", "withdraw", "author"): "withdrawn",
    ("open", "withdraw", "moderator"): "withdrawn",
    ("open", "claim", "moderator"): "claimed",
    ("claimed", "let go", "author"): "open",
    ("claimed", "let go", "partner"): "open",
    ("claimed", "pick up", "author"): "picked_up",
    ("claimed", "pick up", "partner"): "picked_up",
    ("claimed", "withdraw", "author"): "withdrawn",
    ("picked_up", "bring back", "author"): "returned",
    ("picked_up", "bring back", "partner"): "returned",
}
ROLES = ["author", "partner", "member", "moderator"]


@pytest.mark.parametrize("status", LoanStatus.values)
def test_loan_moves_only_as_allowed(status):
    has_partner = status in ("claimed", "picked_up", "returned")
    partner = TherapistFactory() if has_partner else None
    first = LoanFactory(status=status, partner=partner)
    people = {
        "author": first.author,
        "partner": partner or TherapistFactory(standing="suspended"),
        "member": TherapistFactory(),
        "moderator": ModeratorFactory(),
    }
    for verb, role in product(VERBS, ROLES):
        person = people[role]
        loan = LoanFactory(
            incident=first.incident, author=first.author, status=status, partner=partner
        )
        expected = ALLOWED.get((status, verb, role), status)

        with nullcontext() if expected != status else pytest.raises(NotAllowedError):
            VERBS[verb](loan, by=person)

        loan.refresh_from_db()
        assert (loan.status, verb, role) == (expected, verb, role)


def test_what_is_given_away_does_not_come_back():
    loan = LoanFactory(
        kind=LoanKind.GIVES, status="picked_up", partner=TherapistFactory()
    )

    with pytest.raises(NotAllowedError):
        bring_back(loan, by=loan.author)


def test_the_other_one_is_told_once_of_each_step():
    loan = LoanFactory()
    taker = TherapistFactory()

    claim_loan(loan, by=taker)
    write_about(loan, by=loan.author, text="Thursday at five, the side door.")
    let_go(loan, by=taker)

    told = Delivery.objects.filter(kind="loan_changed").order_by("pk")
    assert [row.recipient for row in told] == [loan.author, taker, loan.author]
    loan.refresh_from_db()
    assert loan.partner is None


def test_nobody_claims_across_a_block():
    loan = LoanFactory()
    block = BlockFactory(blocker=loan.author)

    with pytest.raises(NotAllowedError):
        claim_loan(loan, by=block.blocked)


def test_only_the_two_write():
    loan = LoanFactory(status="claimed", partner=TherapistFactory())

    with pytest.raises(NotAllowedError):
        write_about(loan, by=TherapistFactory(), text="Hello")


@pytest.mark.parametrize("status", ["reported", "over", "dismissed"])
def test_things_are_put_up_while_an_incident_is_in_force(status):
    incident = IncidentFactory(status=status)

    with pytest.raises(DomainError):
        post_loan(
            incident,
            by=TherapistFactory(),
            kind=LoanKind.LENDS,
            thing="Lamp",
            until=timezone.localdate(),
        )

    assert not Loan.objects.exists()


def test_what_nobody_answered_is_past_and_what_is_due_is_said():
    yesterday = timezone.localdate() - timedelta(days=1)
    unanswered = LoanFactory(until=yesterday)
    lent = LoanFactory(until=yesterday, status="picked_up", partner=TherapistFactory())
    given = LoanFactory(
        kind="gives", until=yesterday, status="picked_up", partner=TherapistFactory()
    )
    still = LoanFactory(incident=IncidentFactory(status=IncidentStatus.CONFIRMED))

    assert settle_loans() == 1
    settle_loans()  # again says nothing twice

    for loan, status in [
        (unanswered, "expired"),
        (lent, "picked_up"),
        (given, "picked_up"),
        (still, "open"),
    ]:
        loan.refresh_from_db()
        assert loan.status == status
    due = Delivery.objects.filter(kind="loan_due")
    assert {row.recipient for row in due} == {lent.author, lent.partner}
    assert due.count() == 2
