"""The application's own settings for the processes of the story; only the files' place and the clock's pace differ."""

from community.settings import *  # noqa: F403
from community.settings import CELERY_BEAT_SCHEDULE

# Static files come from where they lie: nothing is collected into the folder a running demo uses.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# Beat looks every second for what it looks for every minute elsewhere; what is due is decided as ever.
for _entry in CELERY_BEAT_SCHEDULE.values():
    if isinstance(_entry["schedule"], float):
        _entry["schedule"] = min(_entry["schedule"], 1.0)
