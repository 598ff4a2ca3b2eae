import os

from celery import Celery
from django.conf import settings

from community.heartbeat import record_heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.settings")

app = Celery("community")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.task
def heartbeat() -> None:
    record_heartbeat(settings.REDIS_URL)
