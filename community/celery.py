import os
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_process_init
from django.conf import settings
from django.urls import reverse

from community.garbage import look_less_often
from community.heartbeat import record_heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.settings")

app = Celery("community")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def learn_addresses(**_signal: Any) -> None:
    """Once, before its children are born: else the first mail of each waits for it (a quarter of a second)."""
    reverse("home")


@worker_process_init.connect
def settle(**_signal: Any) -> None:
    look_less_often()


@app.task
def heartbeat() -> None:
    record_heartbeat(settings.REDIS_URL)
