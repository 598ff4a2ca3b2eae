"""Who answers for somebody who practises under another's licence: the jurisdiction's rule, and the link to a supervisor.

A link counts from its acceptance. Ended or declined, the supervisor's name stays in the row and the link is taken apart;
bookings keep the party they were made with.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.membership import SUPERVISED
from directory.domain.outbox import enqueue
from directory.enums import BookingParty
from directory.errors import DomainError, NoSupervisorError, NotAllowedError
from directory.jurisdictions import jurisdiction_named
from directory.models import Block, Licence, Supervision, SupervisionRule, Therapist

# --- Who answers for a booking --------------------------------------------------


def booking_party_for(guest: Therapist) -> Therapist | None:
    """Who approves and owes what ``guest`` books, where a rule says that it is not the guest; else None.

    Raises ``NoSupervisorError`` where a rule applies and nobody accepted, or whoever did is no member now.
    """
    rule = rule_for(guest)
    if rule is None:
        return None
    party = accepted_party(guest)
    if party is None:
        raise NoSupervisorError(
            _(
                "As %(licence)s in %(state)s you book through your supervisor, and nobody here has accepted that yet. "
                "Name your supervisor in Settings under “Supervision”; once they accept, send this again."
            )
            % {"licence": rule.kind.label, "state": rule.jurisdiction}
        )
    return party


def accepted_party(trainee: Therapist) -> Therapist | None:
    """The supervisor who accepted last and is a member; in their absence the stand-in."""
    links = (
        Supervision.objects.filter(trainee=trainee, accepted_at__isnull=False)
        .select_related("supervisor__user", "stand_in__user")
        .order_by("-accepted_at", "-pk")
    )
    people = [person for link in links for person in (link.supervisor, link.stand_in)]
    present = (p for p in people if p and p.is_member and p.pk != trainee.pk)
    return next(present, None)


def rule_for(therapist: Therapist) -> SupervisionRule | None:
    """What makes a supervisor answer for them: of a licence that is valid, where no licence of their own frees them.

    Where everything has run out, what ran out last counts.
    """
    held = list(therapist.licences.select_related("kind").order_by("pk"))
    today = timezone.localdate()
    valid = [x for x in held if x.expires_on is None or x.expires_on >= today]
    rules = {
        (rule.jurisdiction.casefold(), rule.kind_id): rule
        for rule in SupervisionRule.objects.select_related("kind").filter(
            party=BookingParty.SUPERVISOR, kind__in={x.kind_id for x in held}
        )
    }
    for licence in reversed(valid or held[-1:]):
        rule = rules.get(_key(licence))
        if rule and not any(_frees(other, licence) for other in valid):
            return rule
    return None


def is_supervised(therapist: Therapist) -> bool:
    """Whether they hold what is practised under another's licence, wherever that is."""
    return therapist.licences.filter(kind__slug__in=SUPERVISED).exists()


def _key(licence: Licence) -> tuple[str, int]:
    return jurisdiction_named(licence.jurisdiction).casefold(), licence.kind_id


def _frees(other: Licence, licence: Licence) -> bool:
    return other.kind.slug not in SUPERVISED and _key(other)[0] == _key(licence)[0]


# --- The link -------------------------------------------------------------------


@transaction.atomic
def name_supervisor(
    trainee: Therapist,
    *,
    supervisor: Therapist,
    by: Therapist,
    employer: str = "",
    stand_in: Therapist | None = None,
) -> Supervision:
    """Ask ``supervisor`` to accept. One question at a time: it takes the place of one that is not answered yet."""
    if by.pk != trainee.pk:
        raise NotAllowedError(_("Only they themselves can name their supervisor."))
    if supervisor.pk == trainee.pk or (stand_in and stand_in.pk == trainee.pk):
        raise DomainError(_("Nobody supervises themself."))
    if stand_in and stand_in.pk == supervisor.pk:
        raise DomainError(
            _("The stand-in answers while the supervisor is away: somebody else.")
        )
    for person in filter(None, [supervisor, stand_in]):
        if not person.is_member or _are_blocked(trainee, person):
            raise DomainError(_("They cannot be named here."))
    Therapist.objects.select_for_update(of=("self",)).get(pk=trainee.pk)
    links = Supervision.objects.filter(trainee=trainee)
    if links.filter(supervisor=supervisor, accepted_at__isnull=False).exists():
        raise DomainError(_("%(name)s has accepted already.") % {"name": supervisor})
    link = links.filter(accepted_at=None).first() or Supervision(trainee=trainee)
    link.supervisor, link.supervisor_name = supervisor, supervisor.name
    link.employer, link.stand_in = employer, stand_in
    link.created_at = timezone.now()
    link.save()
    _tell("supervision_asked", link, to=supervisor)
    return link


@transaction.atomic
def accept_supervision(link: Supervision, *, by: Therapist) -> Supervision:
    """From now on ``by`` answers for what the trainee books."""
    link = _locked(link)
    if link.supervisor_id != by.pk or link.accepted_at is not None or not by.is_member:
        raise NotAllowedError(_("There is nothing to accept any more."))
    link.accepted_at = timezone.now()
    link.save(update_fields=["accepted_at"])
    _tell("supervision_accepted", link, to=link.trainee)
    return link


@transaction.atomic
def end_supervision(link: Supervision, *, by: Therapist) -> Supervision:
    """Declined before it was accepted, ended after: by either side. What is booked runs on."""
    link = _locked(link)
    if link.supervisor is None or by.pk not in {link.supervisor_id, link.trainee_id}:
        raise NotAllowedError(_("This is not yours to end, or has ended already."))
    other = link.trainee if by.pk == link.supervisor_id else link.supervisor
    was_accepted = link.accepted_at is not None
    link.supervisor = link.stand_in = link.accepted_at = None
    link.save(update_fields=["supervisor", "stand_in", "accepted_at"])
    if was_accepted or other.pk == link.trainee_id:
        _tell("supervision_ended", link, to=other, by=by.pk, accepted=was_accepted)
    return link


def _locked(link: Supervision) -> Supervision:
    return (
        Supervision.objects.select_for_update(of=("self",))
        .select_related("trainee__user", "supervisor__user", "stand_in")
        .get(pk=link.pk)
    )


def _are_blocked(one: Therapist, other: Therapist) -> bool:
    pair = [one.pk, other.pk]
    return Block.objects.filter(blocker__in=pair, blocked__in=pair).exists()


def _tell(kind: str, link: Supervision, *, to: Therapist, **more: object) -> None:
    moment = timezone.now().isoformat()
    enqueue(
        kind,
        to=to,
        cause=f"supervision:{link.pk}:{moment}",
        payload={"supervision": link.pk, **more},
    )
