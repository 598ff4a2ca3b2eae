"""A bad day that is only tried. Everything happens that would happen, in one transaction, and is taken back; what is
left is a report. Nothing of it can be seen by anybody else meanwhile, since nothing of it is ever committed.

Waiting drills are rows, a worker takes them. What is real goes first: a drill that would wait for somebody's lock
longer than a moment, or sees that somebody waits for one of its own, gives up at once and is tried again.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue_all
from directory.errors import DomainError, NotAllowedError
from directory.models import Therapist
from spaces.domain.rehearsal import Outcome, rehearse
from spaces.enums import DrillState
from spaces.errors import HoursError
from spaces.models import Building, Drill, Office, Pledge

S = DrillState
MOST_ROOMS = 60
PATIENCE = "2s"
TRIED_FOR = timedelta(minutes=20)
GIVEN_UP_AFTER = timedelta(minutes=10)
PROGRESS_SECONDS = 600


@transaction.atomic
def start_drill(
    buildings: Iterable[Building],
    *,
    by: Therapist,
    days: int,
    mails_who_joined: bool = False,
) -> Drill:
    """Written down; a worker runs it. Mail goes to those alone who take part in drills, and only if that is asked for."""
    if not by.is_moderator:
        raise NotAllowedError(_("Moderators run drills."))
    buildings = list(buildings)
    rooms = Office.objects.listed().filter(building__in=buildings).count()
    if not rooms:
        raise HoursError(_("There is no room in these places. Choose others."))
    if rooms > MOST_ROOMS:
        raise HoursError(
            _("These are %(rooms)s rooms; a drill takes %(most)s at most. Go smaller.")
            % {"rooms": rooms, "most": MOST_ROOMS}
        )
    drill = Drill.objects.create(by=by, days=days, mails_who_joined=mails_who_joined)
    drill.buildings.set(buildings)
    return drill


def run_drills(now: datetime | None = None) -> None:
    """The clock, and whoever started one: each drill that waits, once."""
    now = now or timezone.now()
    Drill.objects.filter(state=S.RUNNING, started_at__lte=now - GIVEN_UP_AFTER).update(
        state=S.FAILED, ended_at=now, problem=_("The worker that ran it was stopped.")
    )
    for pk in Drill.objects.waiting().order_by("pk").values_list("pk", flat=True):
        _run(pk)


def progress_of(drill: Drill) -> int:
    """Percent; a drill's own rows cannot be seen from outside."""
    return int(cache.get(_key(drill.pk), 0)) if drill.is_under_way else 100


def _run(pk: int) -> None:
    taken = Drill.objects.waiting().filter(pk=pk)
    if not taken.update(state=S.RUNNING, started_at=timezone.now()):
        return  # another worker's
    drill = Drill.objects.select_related("by__user").get(pk=pk)
    try:
        outcome = try_out(drill, lambda percent: _note(pk, percent))
    except OperationalError:
        drill.state = S.WAITING
        if drill.created_at < timezone.now() - TRIED_FOR:
            drill.state, drill.problem = S.FAILED, _("These rooms are in busy use.")
    except DomainError as error:
        drill.state, drill.problem = S.FAILED, str(error)
    else:
        drill.state, drill.report = S.DONE, outcome.report
    drill.ended_at = None if drill.state == S.WAITING else timezone.now()
    with transaction.atomic():
        drill.save(update_fields=["state", "problem", "report", "ended_at"])
        if drill.state == S.DONE and drill.mails_who_joined:
            _tell(drill, outcome.told)


def try_out(drill: Drill, note: Callable[[int], None]) -> Outcome:
    """All of it happens, and none of it stays: no row, no mail, no wake-up of a worker."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        outcome = rehearse(drill, note)
        transaction.set_rollback(True)
    return outcome


def _tell(drill: Drill, told: set[int]) -> None:
    """One mail to each who would have been asked and takes part in drills; to nobody else."""
    joined = Pledge.objects.standing().filter(joins_drills=True, therapist__in=told)
    first = {
        pledge.therapist_id: pledge
        for pledge in joined.order_by("-pk").select_related("therapist")
    }
    enqueue_all(
        "drill",
        [
            Letter(
                to=pledge.therapist,
                cause=f"drill:{drill.pk}",
                payload={"drill": drill.pk, "pledge": pledge.pk},
            )
            for pledge in first.values()
        ],
    )


def buildings_with_rooms() -> Q:
    return Q(pk__in=Office.objects.listed().values("building"))


def _note(pk: int, percent: int) -> None:
    cache.set(_key(pk), percent, PROGRESS_SECONDS)
    if somebody_waits():
        raise OperationalError("Somebody waits for what this drill has locked.")


def somebody_waits() -> bool:
    """Whether another session waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


def _key(pk: int) -> str:
    return f"spaces:drill:{pk}"
