"""The bad day: reported, confirmed, moved, over, or a false alarm.

What follows from each is ``spaces.domain.displacement``. Locks: the incident, then its offices by id, then the rest.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.errors import NotAllowedError
from directory.models import Therapist
from spaces import hours
from spaces.domain.borrowed.asking import ask_everybody, ask_of_borrowed
from spaces.domain.displacement import (
    close_needs,
    move_needs,
    settle_incident,
    tell_displaced,
    tell_of_incident,
)
from spaces.domain.thanks import thank_helpers
from spaces.enums import (
    IncidentKind,
    IncidentStatus,
    Party,
)
from spaces.errors import HoursError
from spaces.models import (
    Building,
    Incident,
    IncidentScope,
    IncidentUpdate,
    IncidentWord,
    Office,
)
from spaces.models.incident import IN_FORCE, PROVISIONAL_FOR
from spaces.ties import is_tied, people_tied_to

S = IncidentStatus
TRANSITIONS: dict[tuple[IncidentStatus, IncidentStatus], set[Party]] = {
    (S.REPORTED, S.PROVISIONAL): {Party.TIED},
    (S.REPORTED, S.CONFIRMED): {Party.TIED, Party.HOST, Party.MODERATOR},
    (S.REPORTED, S.DISMISSED): {Party.MODERATOR},
    (S.PROVISIONAL, S.REPORTED): {Party.CLOCK},
    (S.PROVISIONAL, S.CONFIRMED): {Party.TIED, Party.MODERATOR},
    (S.PROVISIONAL, S.DISMISSED): {Party.MODERATOR},
    (S.CONFIRMED, S.DISMISSED): {Party.MODERATOR},
    (S.CONFIRMED, S.OVER): {Party.HOST, Party.MODERATOR, Party.CLOCK},
    (S.PROVISIONAL, S.OVER): {Party.MODERATOR, Party.CLOCK},
    (S.REPORTED, S.OVER): {Party.CLOCK},
}
WITNESSES = 2  # people tied, besides the reporter, whose word confirms
CLOSED_FOR = timedelta(days=14)  # unless the reporter knows better
SAME_EVENT = timedelta(
    days=2
)  # a second report of the same kind and place is a word on the first


# --- Reporting, and saying whether it is true ----------------------------------------


@transaction.atomic
def report_incident(
    building: Building,
    *,
    by: Therapist,
    kind: IncidentKind,
    offices: Sequence[Office] = (),
    until: datetime | None = None,
    summary: str = "",
) -> Incident:
    """For all of the building, or only these of its offices. Moderators and everyone tied are asked whether it is true.

    Hosts close offices of their own alone; what somebody else reported already gets their word instead.
    """
    now = timezone.now()
    until = until or now + CLOSED_FOR
    if not is_tied(by, building):
        raise NotAllowedError(
            _("You can report what happened to buildings you have rooms or hours in.")
        )
    check_until(until, now)
    Building.objects.select_for_update(no_key=True).get(
        pk=building.pk
    )  # two reports at once become one
    if known := _known(building, kind, now):
        return (
            known
            if known.reported_by_id == by.pk
            else give_word(known, by=by, is_true=True)
        )
    incident = Incident.objects.create(
        kind=kind, summary=summary, reported_by=by, began_at=now
    )
    IncidentScope.objects.bulk_create(
        IncidentScope(incident=incident, building=building, office=office, until=until)
        for office in (*offices,) or (None,)
    )
    if _parties(incident, by) & {Party.HOST, Party.MODERATOR}:
        return confirm_incident(incident, by=by)
    others = Therapist.objects.filter(
        Q(pk__in=people_tied_to(building).values("pk"))
        | Q(pk__in=Therapist.objects.moderators().values("pk"))
    ).exclude(pk=by.pk)
    tell_of_incident("incident_reported", incident, others.with_user())
    return incident


@transaction.atomic
def give_word(incident: Incident, *, by: Therapist, is_true: bool) -> Incident:
    """A moderator's word decides. Two people tied, besides the reporter, confirm; where there are fewer, one makes it
    provisional. The same word again changes nothing.
    """
    incident = lock_incident(incident)
    if not may_speak(incident, by):
        raise NotAllowedError(_("You have no tie to this building."))
    said = incident.words.filter(therapist=by, is_true=is_true)
    is_news = not said.exists()
    IncidentWord.objects.update_or_create(
        incident=incident, therapist=by, defaults={"is_true": is_true}
    )
    if by.is_moderator:
        new = S.CONFIRMED if is_true else S.DISMISSED
        return (
            _move(incident, new, by=by, parties={Party.MODERATOR})
            if _can(incident, new)
            else incident
        )
    if not (is_true and is_news):
        return incident
    witnesses, others = _witnesses(incident)
    if witnesses >= WITNESSES and _can(incident, S.CONFIRMED):
        return _move(incident, S.CONFIRMED, by=by, parties={Party.TIED})
    if others < WITNESSES and _can(incident, S.PROVISIONAL):
        return _move(incident, S.PROVISIONAL, by=by, parties={Party.TIED})
    return incident


def may_speak(incident: Incident, therapist: Therapist) -> bool:
    return therapist.is_moderator or any(
        is_tied(therapist, scope.building)
        for scope in incident.scopes.select_related("building")
    )


@transaction.atomic
def confirm_incident(incident: Incident, *, by: Therapist) -> Incident:
    """Closes the places, displaces what is booked there, drafts a need for everyone concerned and tells each once."""
    incident = lock_incident(incident)
    return _move(incident, S.CONFIRMED, by=by, parties=_parties(incident, by))


@transaction.atomic
def dismiss_incident(incident: Incident, *, by: Therapist) -> Incident:
    """A false alarm: everything is as if it had not been reported."""
    incident = lock_incident(incident)
    return _move(incident, S.DISMISSED, by=by, parties=_parties(incident, by))


@transaction.atomic
def end_incident(incident: Incident, *, by: Therapist | None) -> Incident:
    """Everything is open again from now on; displaced dates still to come are restored."""
    incident = lock_incident(incident)
    now = timezone.now()
    incident.scopes.filter(until__gt=now).update(until=now)
    return _move(incident, S.OVER, by=by, parties=_parties(incident, by))


@transaction.atomic
def move_reopening(scope: IncidentScope, *, by: Therapist, until: datetime) -> None:
    """Another expected reopening of a building or office: closures, displaced dates and needs follow."""
    incident = lock_incident(scope.incident)
    not_decided_otherwise(incident)
    known = incident.scopes.select_related("building").filter(pk=scope.pk).first()
    if known is None or not may_change(known, by):
        raise NotAllowedError(_("The hosts there and the moderators can change this."))
    scope, old, until = known, known.until, _not_before_now(until)
    if until == old:
        return
    scope.until = until
    scope.save(update_fields=["until"])
    settle_incident(incident)
    ask_of_borrowed(incident)
    move_needs(incident, scope, old, until)
    if incident.status in IN_FORCE:
        tell_displaced(
            "incident_moved",
            incident,
            cause=f"incident:{incident.pk}:until:{scope.pk}:{timezone.now().isoformat()}",
        )


@transaction.atomic
def reopen_office(
    incident: Incident, office: Office, *, by: Therapist, until: datetime | None = None
) -> None:
    """One suite of a closed building opens before, or after, the others: the building's line becomes one per office."""
    incident = lock_incident(incident)
    not_decided_otherwise(incident)
    until = _not_before_now(until or timezone.now())
    whole = incident.scopes.filter(building=office.building_id, office=None).first()
    if whole:
        IncidentScope.objects.bulk_create(
            (
                IncidentScope(
                    incident=incident,
                    building=whole.building,
                    office=room,
                    until=whole.until,
                )
                for room in Office.objects.filter(building=whole.building_id)
            ),
            ignore_conflicts=True,
        )
        whole.delete()
    scope = incident.scopes.filter(office=office).first()
    if scope is None or not may_change(scope, by):
        raise NotAllowedError(
            _("The hosts of this office and the moderators can change this.")
        )
    old, scope.until = scope.until, until
    scope.save(update_fields=["until"])
    restored = settle_incident(incident)
    ask_of_borrowed(incident)
    move_needs(incident, scope, old, until)
    if incident.status in IN_FORCE:
        people = {date.guest_id for date in restored}
        people |= set(office.hosts.values_list("pk", flat=True))
        tell_of_incident(
            "incident_moved",
            incident,
            Therapist.objects.filter(pk__in=people - {by.pk}).with_user(),
            cause=f"incident:{incident.pk}:until:{scope.pk}:{timezone.now().isoformat()}",
        )


def may_change(scope: IncidentScope, therapist: Therapist) -> bool:
    """Moderators, and hosts: of the office, or for a whole building of any office in it."""
    rooms = Office.objects.filter(hosts=therapist, building=scope.building_id)
    return (
        therapist.is_moderator
        or (rooms.filter(pk=scope.office_id) if scope.office_id else rooms).exists()
    )


def add_update(incident: Incident, *, by: Therapist, text: str) -> IncidentUpdate:
    if not may_speak(incident, by):
        raise NotAllowedError(
            _("People with a room or hours there, and moderators, can add news.")
        )
    return IncidentUpdate.objects.create(incident=incident, author=by, text=text)


def watch_incidents(now: datetime | None = None) -> None:
    """The clock: what stayed provisional for a day is only reported again; what is open again everywhere is over."""
    now = now or timezone.now()
    stale = Incident.objects.filter(
        status=S.PROVISIONAL, decided_at__lte=now - PROVISIONAL_FOR
    )
    for incident in stale:
        _by_the_clock(incident, S.REPORTED)
    closed = IncidentScope.objects.filter(incident=OuterRef("pk"), until__gt=now)
    for incident in Incident.objects.open().filter(~Exists(closed)):
        _by_the_clock(incident, S.OVER)
    ask_everybody(now)


def next_statuses(incident: Incident, therapist: Therapist) -> list[IncidentStatus]:
    parties = _parties(incident, therapist)
    return [
        new
        for (old, new), who in TRANSITIONS.items()
        if old == incident.status and parties & who
    ]


# --- The one move ----------------------------------------------------------------------


def lock_incident(incident: Incident) -> Incident:
    return Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)


def _parties(incident: Incident, therapist: Therapist | None) -> set[Party]:
    """TIED is not among them: one person tied decides nothing, ``give_word`` counts them."""
    if therapist is None:
        return {Party.CLOCK}
    parties = {Party.MODERATOR} if therapist.is_moderator else set()
    own = Office.objects.filter(hosts=therapist).values("pk")
    if not incident.scopes.exclude(office__in=own).exists():
        parties.add(Party.HOST)
    return parties


def _can(incident: Incident, new: IncidentStatus) -> bool:
    return (IncidentStatus(incident.status), new) in TRANSITIONS


def _move(
    incident: Incident,
    new: IncidentStatus,
    *,
    by: Therapist | None,
    parties: set[Party],
) -> Incident:
    old = IncidentStatus(incident.status)
    if not parties & TRANSITIONS.get((old, new), set()):
        raise NotAllowedError(
            _("This incident is “%(old)s” now; it cannot become “%(new)s”.")
            % {"old": old.label, "new": new.label}
        )
    incident.status, incident.decided_by, incident.decided_at = new, by, timezone.now()
    incident.save(update_fields=["status", "decided_by", "decided_at"])
    settle_incident(incident)
    ask_of_borrowed(incident)
    if new in {S.DISMISSED, S.OVER}:
        tell_displaced(
            f"incident_{new}", incident, cause=f"incident:{incident.pk}:{new}"
        )
        close_needs(incident)
    if new == S.OVER:
        thank_helpers(incident)
    return incident


def _by_the_clock(incident: Incident, new: IncidentStatus) -> None:
    with transaction.atomic():
        incident = lock_incident(incident)
        if _can(incident, new):
            _move(incident, new, by=None, parties={Party.CLOCK})


def check_until(until: datetime, now: datetime) -> None:
    if not now < until <= now + hours.HORIZON:
        raise HoursError(
            _("The reopening must be still to come, at most 53 weeks from now.")
        )


def not_decided_otherwise(incident: Incident) -> None:
    if incident.status in {S.OVER, S.DISMISSED}:
        raise NotAllowedError(
            _("This incident is “%(status)s” now; its rooms are open.")
            % {"status": IncidentStatus(incident.status).label}
        )


def _not_before_now(until: datetime) -> datetime:
    """ "Open again today", said at noon, means from now on."""
    now = timezone.now()
    if now - timedelta(days=1) < until <= now:
        return now
    check_until(until, now)
    return until


def _known(building: Building, kind: IncidentKind, now: datetime) -> Incident | None:
    same = Incident.objects.open().filter(
        scopes__building=building, scopes__office=None, kind=kind
    )
    return same.filter(created_at__gt=now - SAME_EVENT).first()


def _witnesses(incident: Incident) -> tuple[int, int]:
    """How many people tied, besides the reporter, said that it is true; and how many such people there are."""
    others: set[int] = set()
    for scope in incident.scopes.select_related("building"):
        others.update(
            people_tied_to(scope.building)
            .exclude(pk=incident.reported_by_id)
            .values_list("pk", flat=True)
        )
    said = incident.words.filter(is_true=True, therapist__in=others).count()
    return said, len(others)
