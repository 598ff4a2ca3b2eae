from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.enums import DeliveryState, Priority, Standing
from directory.models import Delivery, Licence, Report, StandingEvent, Therapist
from directory.registry import Queue


def queues_of_people() -> list[Queue]:
    """What waits for a moderator on the desk's front page."""
    return [
        Queue(
            _("People who ask to join"),
            _applicants,
            lambda: f"{_list('therapist')}?standing={Standing.APPLICANT}",
        ),
        Queue(
            _("Renewed licences to check"),
            lambda: Licence.objects.to_check().annotate(since=F("renewal_sent_at")),
            lambda: _list("licence"),
        ),
        Queue(
            _("Members whose licence lapsed"),
            lambda: (
                Therapist.objects.members()
                .filter(lapsed_on__isnull=False)
                .annotate(since=F("lapsed_on"))
            ),
            lambda: f"{_list('therapist')}?standing={Standing.MEMBER}&lapsed=yes",
        ),
        Queue(
            _("Members reported"),
            lambda: Report.objects.undecided().annotate(since=F("created_at")),
            lambda: f"{_list('report')}?decided=no",
        ),
        Queue(
            _("Essential mails that failed"),
            lambda: _mails(DeliveryState.FAILED).filter(
                priority__lte=Priority.ESSENTIAL
            ),
            lambda: f"{_list('delivery')}?state__exact={DeliveryState.FAILED}",
        ),
        Queue(
            _("Mails whose fate is unknown"),
            lambda: _mails(DeliveryState.UNCERTAIN).filter(next_attempt_at=None),
            lambda: f"{_list('delivery')}?state__exact={DeliveryState.UNCERTAIN}",
        ),
    ]


def _list(model: str) -> str:
    return reverse(f"admin:directory_{model}_changelist")


def _applicants() -> QuerySet[Therapist]:
    asked = StandingEvent.objects.filter(
        therapist=OuterRef("pk"), new=Standing.APPLICANT
    ).order_by("-created_at")
    return Therapist.objects.applicants().annotate(
        since=Subquery(asked.values("created_at")[:1])
    )


def _mails(state: DeliveryState) -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=state).annotate(since=F("created_at"))
