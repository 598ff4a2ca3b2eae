"""Until somebody is in: what is asked and answered, who vouches, how long it takes, how a decision is looked at again."""

from datetime import date, timedelta
from math import ceil
from statistics import median

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.domain.invitation import invite_person
from directory.domain.membership import ask_again
from directory.domain.outbox import Letter, enqueue, enqueue_all
from directory.enums import Standing
from directory.errors import DomainError, NotAllowedError
from directory.models import (
    ApplicationMessage,
    Block,
    Community,
    StandingEvent,
    Therapist,
    Vouch,
)
from directory.queries import moderators_on_duty
from directory.registry import emergency_open

S = Standing
LOOKED_BACK = timedelta(days=90)
MONTH = timedelta(days=30)
MOST_LOOKED_AT = 200
VOUCHES = 2
FAST_LANE = timedelta(days=14)


# --- The conversation -------------------------------------------------------------


@transaction.atomic
def write_message(applicant: Therapist, *, by: Therapist, text: str) -> None:
    """From the applicant to the moderators, or from one of them to the applicant."""
    if applicant.standing != S.APPLICANT:
        raise NotAllowedError(_("This application has been decided."))
    if by.pk != applicant.pk and not by.is_moderator:
        raise NotAllowedError(_("Only moderators talk with applicants here."))
    message = _keep(applicant, by, text)
    _tell_other_side(message)


@transaction.atomic
def answer_questions(applicant: Therapist, answers: dict[str, str]) -> None:
    """Question by question, as they were asked that day."""
    ApplicationMessage.objects.bulk_create(
        ApplicationMessage(
            applicant=applicant, author=applicant, text=f"{question}\n{answer}"
        )
        for question, answer in answers.items()
    )


@transaction.atomic
def appeal(therapist: Therapist, *, by: Therapist, text: str) -> None:
    """Whoever was declined or suspended asks once for another look; the declined are applicants again."""
    if by.pk != therapist.pk:
        raise NotAllowedError(_("Only they themselves can ask for that."))
    Therapist.objects.select_for_update(of=("self",)).get(pk=by.pk)
    decision = decision_to_appeal(therapist)
    if decision is None:
        raise NotAllowedError(_("There is nothing to look at again."))
    if decision.new == S.LEFT:
        ask_again(therapist, by=by)
    message = _keep(therapist, by, text, is_appeal=True)
    _tell_other_side(message)


def decision_to_appeal(therapist: Therapist) -> StandingEvent | None:
    """The moderators' last word, where it was no and nobody asked to look again."""
    last = therapist.standing_events.order_by("-created_at", "-pk").first()
    if (
        last is None
        or last.actor_id in {None, therapist.pk}
        or last.new not in {S.LEFT, S.SUSPENDED}
    ):
        return None
    asked = therapist.application_messages.filter(
        is_appeal=True, created_at__gt=last.created_at
    )
    return None if asked.exists() else last


def _keep(
    applicant: Therapist, by: Therapist, text: str, *, is_appeal: bool = False
) -> ApplicationMessage:
    if not text.strip():
        raise DomainError(_("Write a few words."))
    return ApplicationMessage.objects.create(
        applicant=applicant, author=by, text=text.strip(), is_appeal=is_appeal
    )


def _tell_other_side(message: ApplicationMessage) -> None:
    if message.author_id != message.applicant_id:
        people = [message.applicant]
    else:
        people = list(moderators_on_duty(but=message.author))
    enqueue_all(
        "application_message",
        [
            Letter(
                to=person,
                cause=f"message:{message.pk}",
                payload={"message": message.pk},
            )
            for person in people
        ],
    )


# --- How long it takes --------------------------------------------------------------


def usual_wait() -> timedelta | None:
    """The middle one of what applicants waited for a moderator in the last 90 days."""
    asked = StandingEvent.objects.filter(
        therapist=OuterRef("therapist"),
        new=S.APPLICANT,
        created_at__lte=OuterRef("created_at"),
    ).order_by("-created_at")
    waits = (
        StandingEvent.objects.filter(
            old=S.APPLICANT,
            new__in=[S.MEMBER, S.LEFT],
            created_at__gte=timezone.now() - LOOKED_BACK,
        )
        .exclude(actor=F("therapist"))
        .annotate(asked_at=Subquery(asked.values("created_at")[:1]))
        .order_by("-created_at")
        .values_list("created_at", "asked_at")[:MOST_LOOKED_AT]
    )
    seconds = [(decided - since).total_seconds() for decided, since in waits if since]
    return timedelta(seconds=median(seconds)) if seconds else None


def say_usual_wait() -> str:
    wait = usual_wait()
    if wait is None:
        return ""
    hours = ceil(wait / timedelta(hours=1))
    if hours <= 36:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    days = ceil(hours / 24)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


# --- Invitations ----------------------------------------------------------------------


@transaction.atomic
def invite_colleague(*, name: str, email: str, by: Therapist) -> None:
    """One mail to whoever does not belong yet. Of who does nobody learns anything: for them it changes nothing."""
    if not by.is_member:
        raise NotAllowedError(_("Only members invite."))
    by = Therapist.objects.select_for_update(of=("self",)).get(pk=by.pk)
    if invitations_left(by) < 1:
        raise DomainError(
            _("You have invited as many as you can in a month. Thank you; go on later.")
        )
    left = invitations_left(by)
    person = invite_person(name=name, email=email, by=by)
    if invitations_left(by) == left:
        _count_too(by)
    if person.standing == S.INVITED:
        enqueue(
            "invitation",
            to=person,
            cause=f"invitation:{person.pk}",
            payload={"by": by.pk},
        )


def invitations_left(by: Therapist) -> int:
    """Of this month. Those of people who are here already count as well: the number tells nothing of anybody."""
    made = StandingEvent.objects.filter(
        actor=by,
        new=S.INVITED,
        reason="",  # an imported list says so
        created_at__gte=timezone.now() - MONTH,
    ).count()
    known = Therapist.objects.values_list("invited_known_on", flat=True).get(pk=by.pk)
    counted = made + len(_of_this_month(known))
    return max(0, Community.objects.current().invitations_a_month - counted)


def _count_too(by: Therapist) -> None:
    by.invited_known_on = [*_of_this_month(by.invited_known_on), timezone.localdate()]
    by.save(update_fields=["invited_known_on"])


def _of_this_month(days: list[date]) -> list[date]:
    return [day for day in days if day > timezone.localdate() - MONTH]


# --- Vouches, and the fast lane while something is wrong ---------------------------------


@transaction.atomic
def vouch_for(applicant: Therapist, *, by: Therapist) -> None:
    """``by`` knows the applicant. While an incident is open, two of these let them ask for help for 14 days."""
    applicant = Therapist.objects.select_for_update(of=("self",)).get(pk=applicant.pk)
    blocks = Block.objects.filter(
        blocker__in=[applicant, by], blocked__in=[applicant, by]
    )
    if not by.is_member or applicant.standing != S.APPLICANT or blocks.exists():
        raise NotAllowedError(_("Nobody waits for your word here any more."))
    Vouch.objects.get_or_create(applicant=applicant, by=by)
    vouches = Vouch.objects.filter(
        applicant=applicant, by__standing=S.MEMBER, by__user__is_active=True
    )
    if (
        vouches.count() >= VOUCHES
        and emergency_open()
        and applicant.fast_lane_until is None
    ):
        applicant.fast_lane_until = timezone.now() + FAST_LANE
        applicant.save(update_fields=["fast_lane_until"])
        enqueue("fast_lane", to=applicant, cause=f"fast-lane:{applicant.pk}")
