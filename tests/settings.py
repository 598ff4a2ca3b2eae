"""The application's own settings; only speed, eagerness and the way to https differ."""

import os

for _name, _value in {
    "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKL",
    "DATABASE_URL": "postgresql://postgres@localhost/community",
    "REDIS_URL": "redis://localhost:6379/0",
    "BASE_URL": "http://localhost:8000",
    "EMAIL_URL": "smtp://127.0.0.1:2525",
    "DEFAULT_FROM_EMAIL": "Rooms <rooms@example.org>",
    "ANYMAIL_PROVIDER": "postmark",
    "ANYMAIL_WEBHOOK_SECRET": "postmark:only-for-tests-0123456789",
}.items():
    os.environ.setdefault(_name, _value)
os.environ["DEMO"] = "0"

from community.settings import *  # noqa: E402, F403 -- after the variables it reads
from community.settings import CACHES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES["default"]["KEY_PREFIX"] = (
    f"test{os.getpid()}"  # runs beside each other share no cache
)
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
SECURE_SSL_REDIRECT = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # nothing was collected: files come from where they lie
WHITENOISE_USE_FINDERS = True
