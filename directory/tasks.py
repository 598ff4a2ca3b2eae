from celery import shared_task

from directory.domain import licence
from directory.domain.delivery import send_due, sweep_deliveries
from directory.domain.outbox import wake_after_commit
from directory.domain.profile import ask_to_confirm
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
