from celery import shared_task
from django.core.cache import cache

from directory.domain import licence, roster
from directory.domain.delivery import send_due, sweep_deliveries
from directory.domain.outbox import wake_after_commit
from directory.domain.profile import ask_to_confirm
from directory.models import Therapist
from directory.newcomers import look_for_newcomers


@shared_task
def send_due_deliveries() -> None:
    if send_due():
        wake_after_commit()


@shared_task
def sweep_outbox() -> None:
    sweep_deliveries()


@shared_task
def look_at_licences() -> None:
    licence.look_at_licences()


@shared_task
def look_for_colleagues() -> None:
    look_for_newcomers()


@shared_task
def ask_whether_profiles_are_true() -> None:
    ask_to_confirm()


def roster_key(token: str, what: str) -> str:
    return f"roster:{token}:{what}"


@shared_task
def import_roster(token: str, by: int) -> None:
    """May run twice: whoever is here already is left as they are."""
    content = cache.get(roster_key(token, "file"))
    moderator = Therapist.objects.moderators().filter(pk=by).first()
    if content is None or moderator is None:
        return
    rows = roster.read_roster(content)
    total, done = sum(row.is_new for row in rows), 0
    for done in roster.import_roster(rows, by=moderator):
        cache.set(roster_key(token, "progress"), (done, total), 3600)
    cache.set(roster_key(token, "progress"), (done, total), 3600)
