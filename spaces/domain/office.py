"""A room and its hosts: who lets it, what its house changes, whether members see it."""

from collections.abc import Iterable
from typing import cast

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import enqueue
from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces.domain.availability import keep_facets, lock_offices, refresh_free
from spaces.errors import HostError
from spaces.models import Building, Office, UsualHours


def only_hosts(office: Office, therapist: Therapist) -> None:
    """Raises ``NotAllowedError`` for everybody else."""
    if not office.hosts.filter(pk=therapist.pk).exists():
        raise NotAllowedError(_("Only the hosts of this office can do that."))


@transaction.atomic
def set_hidden(offices: Iterable[Office], *, is_hidden: bool) -> int:
    """Take offices out of sight of members, or back; for moderators. What is booked there stays booked."""
    locked = lock_offices(office.pk for office in offices)
    ids = [office.pk for office in locked]
    Office.objects.filter(pk__in=ids).update(is_hidden=is_hidden)
    keep_facets(Therapist.objects.filter(offices__in=ids).values_list("pk", flat=True))
    return len(ids)


@transaction.atomic
def keep_local_hours(building: Building) -> list[Office]:
    """After its time zone changed: openings mean the same hours by the clock on the wall; booked dates stay the
    moments they were."""
    offices = lock_offices(building.offices.order_by("pk").values_list("pk", flat=True))
    refresh_free(office.pk for office in offices)
    return offices


# --- Several hosts -------------------------------------------------------------


@transaction.atomic
def add_host(office: Office, *, new: Therapist, by: Therapist) -> None:
    """Another member lets the room too, with every right the first has. They are told, and can leave again."""
    only_hosts(office, by)
    if not Therapist.objects.visible_to(by).filter(pk=new.pk).exists():
        raise NotAllowedError(_("Only members can let rooms here."))
    lock_offices([office.pk])
    if office.hosts.filter(pk=new.pk).exists():
        raise HostError(_("%(name)s is a host of this room already.") % {"name": new})
    office.hosts.add(new)
    keep_facets([new.pk])
    entry = _remember(office, by, f"Host added: {new} ({new.pk}).")
    _tell(office, "cohost_added", new, by, entry, to=[new])


@transaction.atomic
def leave_office(office: Office, *, by: Therapist) -> None:
    """Host it no longer. The last host stays: somebody answers for what is booked there."""
    only_hosts(office, by)
    lock_offices([office.pk])
    if office.hosts.count() == 1:
        raise HostError(
            _(
                "You are its only host. Add somebody else first, or offer its hours no longer."
            )
        )
    office.hosts.remove(by)
    UsualHours.objects.filter(office=office, therapist=by).delete()
    keep_facets([by.pk])
    entry = _remember(office, by, f"Host left: {by} ({by.pk}).")
    _tell(office, "cohost_left", by, by, entry, to=office.hosts.all())


def _remember(office: Office, by: Therapist, words: str) -> LogEntry:
    """The admin shows it in the office's history."""
    entry: LogEntry = LogEntry.objects.create(
        user_id=cast("int", by.user_id),  # hosts who act are signed in, or were
        content_type=ContentType.objects.get_for_model(Office),
        object_id=str(office.pk),
        object_repr=str(office)[:200],
        action_flag=CHANGE,
        change_message=words,
        action_time=timezone.now(),
    )
    return entry


def _tell(
    office: Office,
    kind: str,
    about: Therapist,
    by: Therapist,
    entry: LogEntry,
    *,
    to: Iterable[Therapist],
) -> None:
    for person in to:
        enqueue(
            kind,
            to=person,
            cause=f"office:{office.pk}:hosts:{entry.pk}",
            payload={"office": office.pk, "about": about.pk, "by": by.pk},
        )
