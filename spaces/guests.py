"""Whom hosts may enter for hours of their office: members, and people they know already by name and address."""

from collections.abc import Sequence

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Q

from directory.enums import Standing
from directory.models import Block, Therapist, TherapistQuerySet
from spaces.models import Booking, Occurrence, Office

FOUND = 8  # of a name typed, so many are shown


def may_be_guests_of(office: Office) -> TherapistQuerySet:
    """Members and invited people; never one of its hosts, never across a block with any of them."""
    hosts = list(office.hosts.values_list("pk", flat=True))
    blocks = Block.objects.filter(
        Q(blocker__in=hosts, blocked=OuterRef("pk"))
        | Q(blocked__in=hosts, blocker=OuterRef("pk"))
    )
    return Therapist.objects.filter(
        ~Exists(blocks), standing__in=[Standing.MEMBER, Standing.INVITED]
    ).exclude(pk__in=hosts)


def choosable_for(office: Office) -> TherapistQuerySet:
    """Those a host may find by name: of the invited only whom its hosts entered or invited themselves."""
    hosts = list(office.hosts.values_list("pk", flat=True))
    entered = Booking.objects.filter(guest=OuterRef("pk"), office__hosts__in=hosts)
    known = Q(invited_by__in=hosts) | Exists(entered)
    return may_be_guests_of(office).filter(Q(standing=Standing.MEMBER) | known)


def found_for(office: Office, name: str) -> list[Therapist]:
    """Whose name is like what was typed, the likest first."""
    return list(choosable_for(office).called(name).with_user()[:FOUND])


def rivals_for(office: Office, periods: Sequence[DateTimeTZRange]) -> int:
    """How many people asked for some of these hours, and would hear that they went."""
    overlap = Q(pk__in=[])
    for period in periods:
        overlap |= Q(period__overlap=period)
    asked = Occurrence.objects.asked().filter(overlap, office=office)
    return asked.order_by().values("guest").distinct().count()
