"""Who belongs here: the machine of standings, and the verbs that move it.

A declined applicant's standing is *left*: they see nothing, their history stays, and they may apply again.
"""

from datetime import date
from enum import Enum, auto

from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.licence import check_all
from directory.domain.outbox import enqueue, enqueue_all
from directory.enums import Standing
from directory.errors import (
    AlreadyAppliedError,
    DomainError,
    NotAllowedError,
    UnknownPlaceError,
)
from directory.geo import place_of_zip, snap
from directory.models import Licence, StandingEvent, Supervision, Term, Therapist, User
from directory.models.therapist import TherapistQuerySet
from directory.queries import moderators_on_duty
from directory.text import ways_to_write


class Party(Enum):
    PERSON = auto()
    MODERATOR = auto()
    OUTSIDER = auto()
    CLOCK = auto()


S = Standing
TRANSITIONS: dict[tuple[Standing, Standing], set[Party]] = {
    (S.INVITED, S.APPLICANT): {Party.PERSON},
    (S.INVITED, S.LEFT): {Party.PERSON},
    (S.APPLICANT, S.MEMBER): {Party.MODERATOR},
    (S.APPLICANT, S.LEFT): {Party.PERSON, Party.MODERATOR},
    (S.MEMBER, S.SUSPENDED): {Party.MODERATOR},
    (S.MEMBER, S.LEFT): {Party.PERSON},
    (S.SUSPENDED, S.MEMBER): {Party.MODERATOR},
    (S.SUSPENDED, S.LEFT): {Party.PERSON},
    (S.LEFT, S.APPLICANT): {Party.PERSON},
    (S.LEFT, S.MEMBER): {Party.PERSON},  # taken back in time
    (S.LEFT, S.SUSPENDED): {Party.PERSON},
}
WERE_IN = [S.MEMBER, S.SUSPENDED]
# Credentials that are practised under someone else's licence.
SUPERVISED = {
    "amft",
    "acsw",
    "apcc",
    "casac-t",
    "lamft",
    "lapc",
    "lgsw",
    "llp",
    "plmhp",
    "plpc",
    "psychological-associate",
    "tllp",
    "trainee",
}


def next_standings(therapist: Therapist, by: Therapist) -> list[Standing]:
    """Where ``by`` may take ``therapist`` from here: the buttons to show."""
    party = _party(therapist, by)
    return [
        new
        for (old, new), parties in TRANSITIONS.items()
        if old == therapist.standing and party in parties
    ]


@transaction.atomic
def apply_to_join(
    user: User,
    *,
    name: str,
    credentials: str,
    licence_kind: Term,
    licence_number: str,
    jurisdiction: str,
    expires_on: date | None,
    zip_code: str,
    neighbourhood: str = "",
    supervisor_name: str = "",
) -> Therapist:
    """Tell who one is, agree to the rules, and wait for a moderator.

    Whoever was invited at this (confirmed) address takes over what is kept under it. Whoever left may ask again.
    """
    if licence_kind.slug in SUPERVISED and not supervisor_name:
        raise DomainError(
            _("Whose licence do you work under? Give your supervisor's name.")
        )
    User.objects.select_for_update().get(
        pk=user.pk
    )  # one application of a sign-in at a time
    therapist = _claimed_by(user)
    old = Standing(therapist.standing) if therapist.pk else None
    therapist.name, therapist.credentials, therapist.neighbourhood = (
        name,
        credentials,
        neighbourhood,
    )
    locate(therapist, zip_code=zip_code)
    therapist.agreed_at = timezone.now()
    therapist.save()
    Licence.objects.get_or_create(
        therapist=therapist,
        kind=licence_kind,
        number=licence_number,
        jurisdiction=jurisdiction,
        defaults={"expires_on": expires_on},
    )
    if supervisor_name:
        Supervision.objects.create(trainee=therapist, supervisor_name=supervisor_name)
    event = _record(therapist, old, S.APPLICANT, by=therapist)
    payload = {"applicant": therapist.pk}
    enqueue_all(
        "application_received",
        [
            {"to": moderator, "cause": f"application:{event.pk}", "payload": payload}
            for moderator in moderators_on_duty(but=therapist)
        ],
    )
    return therapist


@transaction.atomic
def approve_applicant(
    therapist: Therapist, *, by: Therapist, reason: str = ""
) -> Therapist:
    """Let somebody in; whoever does answers for having checked the licences they gave."""
    therapist = _decide(
        therapist,
        S.APPLICANT,
        S.MEMBER,
        by=by,
        reason=reason,
        mail="application_approved",
    )
    check_all(therapist, by=by)
    return therapist


def decline_applicant(therapist: Therapist, *, by: Therapist, reason: str) -> Therapist:
    _need_reason(reason)
    return _decide(
        therapist,
        S.APPLICANT,
        S.LEFT,
        by=by,
        reason=reason,
        mail="application_declined",
    )


def suspend_member(
    therapist: Therapist, *, by: Therapist, reason: str, is_unsafe: bool = False
) -> Therapist:
    """What is booked runs out through its notice; ``is_unsafe``, which is for safety alone, ends it at once."""
    _need_reason(reason)
    return _decide(
        therapist,
        S.MEMBER,
        S.SUSPENDED,
        by=by,
        reason=reason,
        mail="membership_suspended",
        is_unsafe=is_unsafe,
    )


def reinstate_member(
    therapist: Therapist, *, by: Therapist, reason: str = ""
) -> Therapist:
    return _decide(
        therapist,
        S.SUSPENDED,
        S.MEMBER,
        by=by,
        reason=reason,
        mail="membership_reinstated",
    )


@transaction.atomic
def ask_again(therapist: Therapist, *, by: Therapist) -> Therapist:
    """Whoever was declined is an applicant again, with what they told before."""
    therapist, _event = _move(
        therapist, S.APPLICANT, by=by, acting=Party.PERSON, reason="", only_from=S.LEFT
    )
    return therapist


@transaction.atomic
def leave(therapist: Therapist, *, by: Therapist, reason: str = "") -> Therapist:
    """The person goes, or takes an application back; what is booked runs out (``domain/departure.py``)."""
    therapist, event = _move(
        therapist, S.LEFT, by=by, acting=Party.PERSON, reason=reason
    )
    if event.old in WERE_IN:
        cause, payload = f"standing:{event.pk}", {"event": event.pk}
        enqueue("membership_left", to=therapist, cause=cause, payload=payload)
    return therapist


def leave_to_undo(therapist: Therapist) -> StandingEvent | None:
    """The leaving that can still be taken back by whoever left."""
    event = therapist.standing_events.last()
    can = (
        event is not None
        and event.new == S.LEFT
        and event.old in WERE_IN
        and event.undo_until > timezone.now()
    )
    return event if can else None


@transaction.atomic
def take_back_leaving(therapist: Therapist, *, by: Therapist) -> Therapist:
    """Within 14 days: as it was before, but for what ran out meanwhile."""
    event = leave_to_undo(therapist)
    if event is None:
        raise NotAllowedError(
            _("That can no longer be taken back. You can ask to join.")
        )
    therapist, _event = _move(
        therapist,
        Standing(event.old),
        by=by,
        acting=Party.PERSON,
        reason="",
        only_from=S.LEFT,
    )
    return therapist


@transaction.atomic
def take_off(therapist: Therapist, *, by: Therapist) -> Therapist:
    """Somebody invited says that this is not them, or that they do not want to be here: their name is forgotten.

    The address alone is kept, so that nobody can enter it again; signing up with it themselves they may still join.
    """
    therapist, _event = _move(
        therapist, S.LEFT, by=by, acting=Party.PERSON, reason="", only_from=S.INVITED
    )
    therapist.name, therapist.invited_by = _("A former guest"), None
    therapist.save(update_fields=["name", "invited_by"])
    return therapist


def locate(therapist: Therapist, *, zip_code: str) -> None:
    """Place ``therapist`` at the snapped centre of a ZIP code; the caller saves."""
    place = place_of_zip(zip_code)
    if place is None:
        raise UnknownPlaceError(
            _("We know no ZIP code “%(zip)s”. It has five digits.") % {"zip": zip_code}
        )
    therapist.zip_code = place.zip
    therapist.latitude, therapist.longitude = snap(place.latitude, place.longitude)


def _claimed_by(user: User) -> Therapist:
    """The row an application is written into: one's own from before, an invitation's, or a new one."""
    own = Therapist.objects.select_for_update(of=("self",)).filter(user=user).first()
    if own is not None:
        if (Standing(own.standing), S.APPLICANT) not in TRANSITIONS:
            raise AlreadyAppliedError(_("You have told us who you are already."))
        return own
    invited = (
        Therapist.objects.select_for_update(of=("self",))
        .annotate(invited_at=Lower("email"))
        .filter(user=None, invited_at__in=ways_to_write(user.email))
        .first()
    )
    therapist = invited or Therapist()
    therapist.user, therapist.email = user, ""
    return therapist


@transaction.atomic
def _decide(
    therapist: Therapist,
    old: Standing,
    new: Standing,
    *,
    by: Therapist,
    reason: str,
    mail: str,
    is_unsafe: bool = False,
) -> Therapist:
    """A moderator's move, told to the person."""
    if by.pk == therapist.pk:
        raise NotAllowedError(_("This is about you: another moderator decides it."))
    _only_another_look(therapist, by)
    if old == S.APPLICANT and by.is_moderator:
        _only_without_a_part(therapist, by)
    therapist, event = _move(
        therapist,
        new,
        by=by,
        acting=Party.MODERATOR,
        reason=reason,
        only_from=old,
        is_unsafe=is_unsafe,
    )
    enqueue(
        mail, to=therapist, cause=f"standing:{event.pk}", payload={"event": event.pk}
    )
    return therapist


@transaction.atomic
def _move(
    therapist: Therapist,
    new: Standing,
    *,
    by: Therapist | None,
    acting: Party,
    reason: str,
    only_from: Standing | None = None,
    is_unsafe: bool = False,
) -> tuple[Therapist, StandingEvent]:
    """Check against ``TRANSITIONS``, save, record. ``acting`` is whose verb it is, which ``by`` must be."""
    therapist = (
        Therapist.objects.select_for_update(of=("self",))
        .with_user()
        .get(pk=therapist.pk)
    )
    old = Standing(therapist.standing)
    is_listed = acting in TRANSITIONS.get((old, new), set()) and only_from in {
        None,
        old,
    }
    if not is_listed or _party(therapist, by) != acting:
        raise NotAllowedError(
            _("%(name)s is %(old)s; you cannot change that to %(new)s.")
            % {"name": therapist.name, "old": old.label, "new": new.label}
        )
    return therapist, _record(
        therapist, old, new, by=by, reason=reason, is_unsafe=is_unsafe
    )


def _record(
    therapist: Therapist,
    old: Standing | None,
    new: Standing,
    *,
    by: Therapist | None,
    reason: str = "",
    is_unsafe: bool = False,
) -> StandingEvent:
    therapist.standing = new
    if new == S.MEMBER and therapist.joined_at is None:
        therapist.joined_at = timezone.now()
    therapist.save(update_fields=["standing", "joined_at"])
    return StandingEvent.objects.create(
        therapist=therapist,
        actor=by,
        old=old or "",
        new=new,
        reason=reason,
        is_unsafe=is_unsafe,
    )


def _party(therapist: Therapist, by: Therapist | None) -> Party:
    if by is None:
        return Party.CLOCK
    if by.pk == therapist.pk:
        return (
            Party.PERSON
        )  # a moderator, too, is only a person where they themselves are concerned
    return Party.MODERATOR if by.is_moderator and by.is_member else Party.OUTSIDER


def _only_another_look(therapist: Therapist, by: Therapist) -> None:
    """Who said no does not read the appeal, where there is anybody else."""
    appeal = therapist.application_messages.filter(is_appeal=True).last()
    if appeal is None:
        return
    decided = therapist.standing_events.filter(created_at__lt=appeal.created_at)
    said_no = decided.exclude(actor=therapist).filter(actor__isnull=False).last()
    is_decided = therapist.standing_events.filter(
        created_at__gt=appeal.created_at, actor__isnull=False
    ).exclude(actor=therapist)
    if (
        said_no
        and said_no.actor_id == by.pk
        and not is_decided.exists()
        and _other_moderators(therapist, by).exists()
    ):
        raise NotAllowedError(
            _("You decided before; an appeal is read by another moderator.")
        )


def _only_without_a_part(applicant: Therapist, by: Therapist) -> None:
    """Who asked somebody to come, or gave their word for them, leaves it to the others, where there are any."""
    own_part = (
        applicant.vouches_received.filter(by=by).exists()
        or applicant.standing_events.filter(
            new=S.INVITED,
            actor=by,
            reason="",  # an imported list says so
        ).exists()
    )
    if own_part and _other_moderators(applicant, by).exists():
        raise NotAllowedError(
            _(
                "You invited %(name)s or vouched for them. That helps; another moderator decides."
            )
            % {"name": applicant}
        )


def _other_moderators(therapist: Therapist, by: Therapist) -> TherapistQuerySet:
    return Therapist.objects.moderators().exclude(pk__in=[by.pk, therapist.pk])


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise DomainError(_("Give a reason: the person is told it."))
