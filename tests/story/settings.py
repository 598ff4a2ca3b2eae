"""The application's own settings for the processes of the story; only the files' place and the clock's pace differ."""

from community.settings import *  # noqa: F403
from community.settings import CELERY_BEAT_SCHEDULE

# Static files come from where they lie: nothing is collected into the folder a running demo uses.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# Beat looks more often; what is due is decided as ever.
CELERY_BEAT_SCHEDULE["advance-waves"]["schedule"] = 1.0
CELERY_BEAT_SCHEDULE["send-due-deliveries"]["schedule"] = 2.0
