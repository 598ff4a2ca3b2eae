"""The application's own settings; static files come from where they lie, since nothing is collected for a bench."""

from community.settings import *  # noqa: F403 -- all of them

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING_CONFIG = None
