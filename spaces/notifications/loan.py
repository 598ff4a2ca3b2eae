"""What mails about things lent say: who wants it, when to pick it up, that it is due back."""

from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from directory.enums import Priority
from directory.models import Community, Delivery
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.enums import LoanKind
from spaces.models import Loan, LoanEvent

KINDS = ["loan_changed", "loan_due"]


def register() -> None:
    """Called once, at start."""
    for kind in KINDS:
        register_message(MessageKind(kind, Priority.ESSENTIAL, None, renderer(kind)))


def renderer(kind: str) -> Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        loans = Loan.objects.with_people().in_bulk(
            {row.payload["loan"] for row in rows}
        )
        events = LoanEvent.objects.select_related("actor").in_bulk(
            {row.payload["event"] for row in rows if "event" in row.payload}
        )
        community = Community.objects.current()
        return {
            row.pk: _mail(
                kind,
                row,
                loans[row.payload["loan"]],
                events.get(row.payload.get("event")),
                community,
            )
            for row in rows
            if row.payload["loan"] in loans
        }

    return render


def _mail(
    kind: str,
    row: Delivery,
    loan: Loan,
    event: LoanEvent | None,
    community: Community,
) -> Mail | Skip:
    if row.recipient is None:
        return Skip("nobody to tell")
    context = {
        "loan": loan,
        "event": event,
        "recipient": row.recipient,
        "is_lender": (row.recipient_id == loan.author_id)
        != (loan.kind == LoanKind.SEEKS),
        "action_url": absolute_url(loan.get_absolute_url()),
        "reason": _("You get this because you agreed on “%(thing)s”.")
        % {"thing": loan.thing},
        "community": community,
        "timezone": community.timezone,
    }
    return mail_from_templates("spaces", kind, context)
