from collections.abc import Iterator
from datetime import date
from typing import Any

from celery import Task, shared_task
from django.core.cache import cache
from django.db import transaction

from directory.domain import departure, digest, export, keeping, licence, roster
from directory.domain.delivery import send_due, sweep_deliveries
from directory.domain.outbox import wake_after_commit
from directory.domain.profile import ask_to_confirm
from directory.models import Export, Therapist
from directory.newcomers import look_for_newcomers
from directory.sheets import write_csv, write_excel


@shared_task
def send_due_deliveries() -> None:
    if send_due():
        wake_after_commit()


@shared_task
def sweep_outbox() -> None:
    sweep_deliveries()


@shared_task
def write_digests() -> None:
    digest.write_digests()


@shared_task
def look_at_licences() -> None:
    licence.look_at_licences()


@shared_task
def look_for_colleagues() -> None:
    look_for_newcomers()


@shared_task
def ask_whether_profiles_are_true() -> None:
    ask_to_confirm()


ROSTER_SECONDS = 3600  # a list from elsewhere, or for elsewhere, is kept so long


def roster_key(token: str, what: str) -> str:
    return f"roster:{token}:{what}"


@shared_task
def import_roster(token: str, by: int, checked_on: str = "") -> None:
    """May run twice: whoever is here already is left as they are."""
    content = cache.get(roster_key(token, "file"))
    moderator = Therapist.objects.moderators().filter(pk=by).first()
    if content is None or moderator is None:
        return
    rows = roster.read_roster(content)
    total, done = sum(row.is_new for row in rows), 0
    day = date.fromisoformat(checked_on) if checked_on else None
    for done in roster.import_roster(rows, by=moderator, checked_on=day):
        cache.set(roster_key(token, "progress"), (done, total), ROSTER_SECONDS)
    cache.set(roster_key(token, "progress"), (done, total), ROSTER_SECONDS)


@shared_task
def export_roster(token: str, as_excel: bool) -> None:
    """Everybody on one sheet, to be fetched by who asked for it."""
    total = Therapist.objects.count()

    def watched() -> Iterator[list[Any]]:
        for done, row in enumerate(roster.roster_table()):
            if done % 500 == 0:
                cache.set(roster_key(token, "progress"), (done, total), ROSTER_SECONDS)
            yield row

    written = write_excel(watched()) if as_excel else write_csv(watched()).encode()
    cache.set(roster_key(token, "sheet"), written, ROSTER_SECONDS)


@shared_task
def settle_departures() -> None:
    departure.settle_departures()


@shared_task
def forget_old() -> None:
    departure.erase_departed()
    keeping.forget_old()


@shared_task
def build_export(pk: int) -> None:
    if found := Export.objects.select_related("therapist__user").filter(pk=pk).first():
        export.build_export(found)


@shared_task
def build_exports() -> None:
    """Those whose call was lost."""
    for pk in Export.objects.filter(ready_at=None).values_list("pk", flat=True):
        build_export(pk)


def soon(task: Task, *args: Any) -> None:
    """After the commit; where the broker is away, the clock comes to it."""
    transaction.on_commit(lambda: task.delay(*args), robust=True)
