"""Reads of people that span models."""

from django.db.models import Value
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

from directory.enums import DeliveryState, Priority
from directory.models import Delivery, Licence, Report, Therapist, TherapistQuerySet
from directory.models.therapist import Plain
from directory.registry import Queue


def members_named(text: str, *, by: Therapist) -> TherapistQuerySet:
    """Members of exactly this name, as ``by`` may see them; case and accents are forgiven."""
    people = Therapist.objects.visible_to(by).exclude(pk=by.pk)
    return people.annotate(plain_name=Plain("name")).filter(
        plain_name=Plain(Value(text))
    )


def queues_of_people() -> list[Queue]:
    """What waits for a moderator on the desk's front page."""
    applicants = reverse_lazy("admin:directory_therapist_changelist")
    deliveries = reverse_lazy("admin:directory_delivery_changelist")
    reports = reverse_lazy("admin:directory_report_changelist")
    unsent = Delivery.objects.filter(priority__lte=Priority.ESSENTIAL)
    return [
        Queue(
            _("People who ask to join"),
            Therapist.objects.applicants().count,
            lambda: str(applicants),
        ),
        Queue(
            _("Renewed licences to check"),
            Licence.objects.to_check().count,
            lambda: reverse("admin:directory_licence_changelist"),
        ),
        Queue(
            _("Members whose licence lapsed"),
            Therapist.objects.members().filter(lapsed_on__isnull=False).count,
            lambda: f"{applicants}?standing=member&lapsed=yes",
        ),
        Queue(
            _("Members reported"),
            Report.objects.undecided().count,
            lambda: f"{reports}?decided=no",
        ),
        Queue(
            _("Essential mails that failed"),
            unsent.filter(state=DeliveryState.FAILED).count,
            lambda: f"{deliveries}?state__exact={DeliveryState.FAILED}",
        ),
        Queue(
            _("Mails whose fate is unknown"),
            Delivery.objects.filter(
                state=DeliveryState.UNCERTAIN, next_attempt_at=None
            ).count,
            lambda: f"{deliveries}?state__exact={DeliveryState.UNCERTAIN}",
        ),
    ]
