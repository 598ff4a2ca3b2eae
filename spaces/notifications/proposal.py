"""What mails say of another time that a host proposes for a date."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from directory.enums import Priority, Topic
from directory.links import sign
from directory.models import Community, Delivery
from directory.notifications.templates import absolute_url, mail_from_templates
from directory.registry import Mail, MessageKind, Skip, register_message
from spaces.enums import ProposalStatus
from spaces.models import MoveProposal

ANSWERABLE_FOR = timedelta(days=380)  # until the date has begun, which the page says
WORTH_SENDING = {
    "move_proposed": ProposalStatus.OPEN,
    "move_declined": ProposalStatus.DECLINED,
    "move_lapsed": ProposalStatus.LAPSED,
}
Render = Callable[[Sequence[Delivery]], Mapping[int, Mail | Skip]]


def register() -> None:
    """Called once, at start."""
    for kind in WORTH_SENDING:
        register_message(
            MessageKind(kind, Priority.ESSENTIAL, Topic.HOURS, _render(kind))
        )


def proposal_path(proposal: MoveProposal) -> str:
    """Where the guest of its date says yes or no without signing in."""
    guest = proposal.occurrence.guest_id
    token = sign("move_proposal", proposal=proposal.pk, guest=guest)
    return reverse("spaces:proposal_link", args=[token])


def _render(kind: str) -> Render:
    def render(rows: Sequence[Delivery]) -> Mapping[int, Mail | Skip]:
        community = Community.objects.current()
        ids = [row.payload["proposal"] for row in rows]
        found = MoveProposal.objects.with_date().in_bulk(ids)
        live = set(
            MoveProposal.objects.answerable()
            .filter(pk__in=ids)
            .values_list("pk", flat=True)
        )
        return {
            row.pk: _mail(kind, found[pk], community, is_live=pk in live)
            for row in rows
            if (pk := row.payload["proposal"]) in found
        }

    return render


def _mail(
    kind: str, proposal: MoveProposal, community: Community, *, is_live: bool
) -> Mail | Skip:
    is_asked = kind == "move_proposed"
    if proposal.status != WORTH_SENDING[kind] or (is_asked and not is_live):
        return Skip("answered meanwhile")
    found = proposal.occurrence
    path = (
        proposal_path(proposal)
        if is_asked
        else reverse("spaces:booking_dates", args=[found.booking_id])
    )
    return mail_from_templates(
        "spaces",
        kind,
        {
            "proposal": proposal,
            "guest": found.guest,
            "office": found.office,
            "building": found.office.building,
            "community": community,
            "timezone": found.office.building.timezone,
            "recipient": found.guest if is_asked else proposal.by,
            "action_url": absolute_url(path),
            "reason": _(
                "You get this because you have “%(office)s” booked on that date."
            )
            % {"office": found.office}
            if is_asked
            else _("You get this because you proposed another time for a date."),
        },
    )
