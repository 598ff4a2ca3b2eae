"""Who is tied to a building: hosts there, people with usual hours there, guests of a date within 90 days, their trainees."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from directory.enums import Standing
from directory.models import Supervision, Therapist, TherapistQuerySet
from spaces.models import Building, Incident, Occurrence, Office, UsualHours
from spaces.models.booking import OccurrenceQuerySet

REACH = timedelta(days=90)  # a date further away ties nobody
COUNTED = [Standing.MEMBER, Standing.INVITED]


def people_tied_to(building: Building) -> TherapistQuerySet:
    """Members and invited people who may report an incident here, or say whether one is true."""
    direct = Therapist.objects.filter(
        Exists(Office.objects.filter(building=building, hosts=OuterRef("pk")))
        | Exists(
            UsualHours.objects.filter(
                office__building=building, therapist=OuterRef("pk")
            )
        )
        | Exists(_recent().filter(office__building=building, guest=OuterRef("pk")))
    )
    trainees = Supervision.objects.filter(
        accepted_at__isnull=False, supervisor__in=direct.values("pk")
    )
    return Therapist.objects.filter(
        Q(pk__in=direct.values("pk")) | Q(pk__in=trainees.values("trainee")),
        standing__in=COUNTED,
    )


def buildings_tied_to(therapist: Therapist) -> QuerySet[Building]:
    supervisors = Supervision.objects.filter(
        accepted_at__isnull=False, trainee=therapist
    )
    people = [therapist.pk, *supervisors.values_list("supervisor", flat=True)]
    return Building.objects.filter(
        Exists(Office.objects.filter(building=OuterRef("pk"), hosts__in=people))
        | Exists(
            UsualHours.objects.filter(
                office__building=OuterRef("pk"), therapist__in=people
            )
        )
        | Exists(_recent().filter(office__building=OuterRef("pk"), guest__in=people))
    )


def is_tied(therapist: Therapist, building: Building) -> bool:
    return (
        therapist.standing in COUNTED
        and buildings_tied_to(therapist).filter(pk=building.pk).exists()
    )


def _recent() -> OccurrenceQuerySet:
    """Dates that were agreed; asking for hours ties nobody."""
    now = timezone.now()
    return Occurrence.objects.taking().overlapping(now - REACH, now + REACH)


def offices_of(incident: Incident) -> list[int]:
    """All that it closes or closed, whatever its status."""
    scopes = incident.scopes.values_list("building", "office")
    closures = incident.closures.values_list("building", "office")
    buildings = {
        building for building, office in [*scopes, *closures] if building and not office
    }
    rooms = {office for _building, office in [*scopes, *closures] if office}
    return list(
        Office.objects.filter(Q(building__in=buildings) | Q(pk__in=rooms)).values_list(
            "pk", flat=True
        )
    )
