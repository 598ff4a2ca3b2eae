"""Members tell the moderators of somebody; one of them decides, with a reason."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.membership import suspend_member
from directory.domain.outbox import Letter, enqueue, enqueue_all
from directory.enums import ReportOutcome
from directory.errors import DomainError, NotAllowedError
from directory.models import Conversation, Report, Therapist
from directory.queries import moderators_on_duty

MOST_A_DAY = 10  # of one person


@transaction.atomic
def report_member(
    person: Therapist,
    *,
    by: Therapist | None,
    text: str,
    conversation: Conversation | None = None,
) -> Report:
    """One open report of the same two at a time: what is added later is written below. ``by=None`` is the clock."""
    text = text.replace("\x00", "").strip()
    if not text:
        raise DomainError(_("Say in a sentence or two what happened."))
    if by is not None and by.pk == person.pk:
        raise NotAllowedError(_("This is you."))
    Therapist.objects.select_for_update(no_key=True).get(pk=person.pk)
    known = Report.objects.undecided().filter(about=person, reporter=by).first()
    if known:
        if by is not None and text not in known.text:
            known.text = f"{known.text}\n\n{text}"[:4000]
            known.conversation = known.conversation or conversation
            known.save(update_fields=["text", "conversation"])
        return known
    yesterday = timezone.now() - timedelta(days=1)
    mine = Report.objects.filter(reporter=by, created_at__gt=yesterday)
    if by is not None and mine.count() >= MOST_A_DAY:
        raise DomainError(
            _("You reported many people today. Write to a moderator, please.")
        )
    report = Report.objects.create(
        about=person, reporter=by, text=text[:4000], conversation=conversation
    )
    moderators = moderators_on_duty(but=person)
    enqueue_all(
        "report_received",
        [
            Letter(
                to=moderator, cause=f"report:{report.pk}", payload={"report": report.pk}
            )
            for moderator in moderators
        ],
    )
    return report


@transaction.atomic
def decide_report(
    report: Report, *, by: Therapist, outcome: ReportOutcome, reason: str
) -> Report:
    """The person reported reads the reason when something follows from it; who reported, that it was decided."""
    report = (
        Report.objects.select_for_update(of=("self",))
        .select_related("about", "reporter")
        .get(pk=report.pk)
    )
    if not by.is_moderator or by.pk in {report.about_id, report.reporter_id}:
        raise NotAllowedError(
            _("A moderator decides who is not themself part of the matter.")
        )
    if report.outcome:
        raise NotAllowedError(_("Someone decided already."))
    if not reason.strip():
        raise DomainError(_("Give a reason: the person is told it."))
    if outcome == ReportOutcome.SUSPENDED:
        suspend_member(report.about, by=by, reason=reason)
    report.outcome, report.reason = outcome, reason
    report.decided_by, report.decided_at = by, timezone.now()
    report.save(update_fields=["outcome", "reason", "decided_by", "decided_at"])
    told = [report.reporter] if report.reporter else []
    if outcome == ReportOutcome.SPOKEN:
        told.append(report.about)
    for person in told:
        enqueue(
            "report_decided",
            to=person,
            cause=f"report:{report.pk}",
            payload={"report": report.pk},
        )
    return report
