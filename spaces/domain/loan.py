"""Things lent, given and looked for while an incident lasts: claimed, picked up, brought back."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import DomainError, NotAllowedError
from directory.models import Therapist
from spaces.enums import LoanKind, LoanStatus, Party
from spaces.models import Incident, Loan, LoanEvent
from spaces.models.incident import IN_FORCE
from spaces.models.loan import UNDER_WAY

S = LoanStatus
TRANSITIONS: dict[tuple[LoanStatus, LoanStatus], set[Party]] = {
    (S.OPEN, S.CLAIMED): {Party.MEMBER},
    (S.OPEN, S.WITHDRAWN): {Party.AUTHOR, Party.MODERATOR},
    (S.OPEN, S.EXPIRED): {Party.CLOCK},
    (S.CLAIMED, S.OPEN): {Party.AUTHOR, Party.PARTNER},
    (S.CLAIMED, S.PICKED_UP): {Party.AUTHOR, Party.PARTNER},
    (S.CLAIMED, S.WITHDRAWN): {Party.AUTHOR},
    (S.PICKED_UP, S.RETURNED): {Party.AUTHOR, Party.PARTNER},
}


def post_loan(
    incident: Incident,
    *,
    by: Therapist,
    kind: str,
    thing: str,
    until: date,
    note: str = "",
) -> Loan:
    """Offer or look for a thing, while the incident is in force. Nobody is mailed: it stands on the incident's page."""
    if incident.status not in IN_FORCE:
        raise DomainError(_("This incident is over, or not confirmed yet."))
    if until < timezone.localdate():
        raise DomainError(_("That date is past. Choose today or a later one."))
    with transaction.atomic():
        loan = Loan.objects.create(
            incident=incident,
            author=by,
            kind=kind,
            thing=thing,
            until=until,
            note=note,
        )
        LoanEvent.objects.create(loan=loan, actor=by, new_status=S.OPEN)
    return loan


@transaction.atomic
def claim_loan(loan: Loan, *, by: Therapist, note: str = "") -> Loan:
    """ "I would like it", or of a thing looked for "I have it": first come. The author is told."""
    return _move(loan, S.CLAIMED, by=by, note=note)


def let_go(loan: Loan, *, by: Therapist, note: str = "") -> Loan:
    """The claim is off, the thing is there for others again."""
    return _move(loan, S.OPEN, by=by, note=note)


def pick_up(loan: Loan, *, by: Therapist, note: str = "") -> Loan:
    return _move(loan, S.PICKED_UP, by=by, note=note)


def bring_back(loan: Loan, *, by: Therapist, note: str = "") -> Loan:
    return _move(loan, S.RETURNED, by=by, note=note)


def withdraw_loan(loan: Loan, *, by: Therapist, note: str = "") -> Loan:
    return _move(loan, S.WITHDRAWN, by=by, note=note)


@transaction.atomic
def write_about(loan: Loan, *, by: Therapist, text: str) -> None:
    """A word to the other one: when to come, which door."""
    loan = Loan.objects.select_for_update(of=("self",)).with_people().get(pk=loan.pk)
    if loan.partner is None or by not in (loan.author, loan.partner):
        raise NotAllowedError(_("There is nobody to write to about this."))
    event = LoanEvent.objects.create(
        loan=loan, actor=by, old_status=loan.status, new_status=loan.status, note=text
    )
    _tell(loan, event, by=by)


def settle_loans(today: date | None = None) -> int:
    """What nobody answered in time is past; who borrowed is reminded on the last day. Returns how many are past."""
    today = today or timezone.localdate()
    due = Loan.objects.filter(status=S.PICKED_UP, until__lte=today).exclude(
        kind=LoanKind.GIVES
    )
    for loan in due.with_people():
        for person in (loan.author, loan.partner):
            enqueue(
                "loan_due",
                to=person,
                cause=f"loan:{loan.pk}:due",
                payload={"loan": loan.pk},
            )
    past = 0
    for loan in Loan.objects.open().filter(until__lt=today):
        try:
            _move(loan, S.EXPIRED, by=None)
        except NotAllowedError:
            continue  # answered meanwhile
        past += 1
    return past


def next_statuses(loan: Loan, therapist: Therapist) -> list[LoanStatus]:
    """Where ``therapist`` may take ``loan`` from here: the buttons to show."""
    parties = _parties(loan, therapist)
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == loan.status and parties & who and _makes_sense(loan, new)
    ]


def _makes_sense(loan: Loan, new: LoanStatus) -> bool:
    return new != S.RETURNED or loan.comes_back


def _parties(loan: Loan, therapist: Therapist | None) -> set[Party]:
    if therapist is None:
        return {Party.CLOCK}
    parties = {Party.MODERATOR} if therapist.is_moderator else set()
    if therapist.pk == loan.author_id:
        return parties | {Party.AUTHOR}
    if therapist.pk == loan.partner_id:
        return parties | {Party.PARTNER}
    if therapist.is_member and Loan.objects.visible_to(therapist).filter(pk=loan.pk):
        parties.add(Party.MEMBER)
    return parties


@transaction.atomic
def _move(
    loan: Loan,
    new: LoanStatus,
    *,
    by: Therapist | None,
    at: datetime | None = None,
    note: str = "",
) -> Loan:
    """The one change of status: lock, look again, check the table, save, record, tell the other one."""
    loan = Loan.objects.select_for_update(of=("self",)).with_people().get(pk=loan.pk)
    old = LoanStatus(loan.status)
    listed = _parties(loan, by) & TRANSITIONS.get((old, new), set())
    if not listed or not _makes_sense(loan, new):
        raise NotAllowedError(
            _("This is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    event = LoanEvent.objects.create(
        loan=loan, actor=by, old_status=old, new_status=new, note=note
    )
    if new == S.CLAIMED:
        loan.partner = by
    if new != S.EXPIRED:
        _tell(loan, event, by=by)
    if new not in (*UNDER_WAY, S.RETURNED):
        loan.partner = None
    loan.status = new
    loan.save(update_fields=["status", "partner"])
    return loan


def _tell(loan: Loan, event: LoanEvent, *, by: Therapist | None) -> None:
    for person in {loan.author, loan.partner} - {by, None}:
        enqueue(
            "loan_changed",
            to=person,
            cause=f"loan:{loan.pk}:event:{event.pk}",
            payload={"loan": loan.pk, "event": event.pk},
        )
