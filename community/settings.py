"""One file for every environment: what differs is read from the environment, see .env.example."""

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env(BASE_DIR / ".env")  # silent when absent; real variables win

# --- Secrets and services: no defaults, a misconfigured server stops here ---
SECRET_KEY = env("SECRET_KEY")
DATABASE_URL = env("DATABASE_URL")
REDIS_URL = env("REDIS_URL")
BASE_URL = env("BASE_URL").rstrip(
    "/"
)  # where links in mail lead: https://rooms.example.org
EMAIL_URL = env("EMAIL_URL")  # smtp://user:password@host:587, smtp+tls://…
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool(
    "DEMO", default=False
)  # one-click sign-ins and /demo/mail/: never on a real server
DEMO_MAIL_DIR = Path(env("DEMO_MAIL_DIR", default=str(BASE_DIR / "var" / "mail")))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
IS_HTTPS = BASE_URL.startswith("https://")
if DEMO and urlsplit(BASE_URL).hostname not in {"localhost", "127.0.0.1"}:
    raise ImproperlyConfigured(
        "DEMO=1 lets anybody sign in as anybody: it runs on http://localhost only."
    )

BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)  # its X-Forwarded-… are believed

# --- Mail that comes in: answers to "can you help?", and a provider's news of what was delivered ---
# answer@rooms.example.org becomes answer+(signed)@…; *@answers.example.org becomes (signed)@… Empty: no mail promises it.
INBOUND_ADDRESS = env("INBOUND_ADDRESS", default="")
if INBOUND_ADDRESS and not 0 < INBOUND_ADDRESS.find("@") <= 20:
    raise ImproperlyConfigured(
        "INBOUND_ADDRESS is answer@rooms.example.org or *@answers.example.org: at most 20 letters before the @."
    )
# Webhooks of one provider, at /anymail/<provider>/…, for whoever knows the secret "user:password". Without both: none.
WEBHOOK_PROVIDER = env("ANYMAIL_PROVIDER", default="")
WEBHOOK_SECRET = env("ANYMAIL_WEBHOOK_SECRET", default="")
if bool(WEBHOOK_PROVIDER) != bool(WEBHOOK_SECRET):
    raise ImproperlyConfigured(
        "ANYMAIL_PROVIDER and ANYMAIL_WEBHOOK_SECRET go together: a webhook without a secret is open to anybody."
    )
if WEBHOOK_SECRET and len(WEBHOOK_SECRET.partition(":")[2]) < 16:
    raise ImproperlyConfigured(
        "ANYMAIL_WEBHOOK_SECRET is user:password, the password of 16 letters and digits at least."
    )
# ANYMAIL_MAILGUN_API_KEY and the like: what anymail's page on the provider asks for, with ANYMAIL_ before it.
ANYMAIL = {
    name.removeprefix("ANYMAIL_"): value
    for name, value in env.ENVIRON.items()
    if name.startswith("ANYMAIL_") and name != "ANYMAIL_PROVIDER" and value
}

# --- Applications ---------------------------------------------------------
INSTALLED_APPS = [
    "spaces",
    "directory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "template_partials",
    "whitenoise.runserver_nostatic",
    "community.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",  # so that templates/django/forms is found by FORM_RENDERER
    *(["anymail"] if WEBHOOK_PROVIDER else []),
]
MIDDLEWARE = [
    "community.health.health_middleware",
    "django.middleware.security.SecurityMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages with a week in them; pads against BREACH
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "directory.middleware.CommunityMiddleware",
]
ROOT_URLCONF = "community.urls"
WSGI_APPLICATION = "community.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "directory.context.community",
                "community.demo.context.demo",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Data -----------------------------------------------------------------
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
# How like a typed name must be to one in the directory: a slip of the finger, not another name.
DATABASES["default"]["OPTIONS"].setdefault(
    "options", "-c pg_trgm.word_similarity_threshold=0.45"
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "community.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # losing Redis signs nobody out

# --- People and sign-in ---------------------------------------------------
AUTH_USER_MODEL = "directory.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "directory.backends.ModerationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "directory.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_FORMS = {"signup": "directory.forms.sign_up.SignUpForm"}
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600  # seconds; the code's mail expires with it
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {  # by person as ever; by address so that a whole office can sign in behind one
    "login": "120/m/ip",
    "login_failed": "60/m/ip,5/300s/key",
    "request_login_code": "120/m/ip,3/m/key",
    "reset_password": "60/m/ip,5/m/key",
    "signup": "60/m/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)  # rate limits count visitors
STAFF_NEED_SECOND_FACTOR = not DEMO  # where anybody may be the moderator
MFA_ADAPTER = "directory.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS  # passkeys on http://localhost
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Mail: an SMTP conversation, spoken by directory's outbox alone -------
globals().update(env.email_url_config(EMAIL_URL))
EMAIL_TIMEOUT = env.float(
    "EMAIL_TIMEOUT", default=20
)  # seconds; a server that hangs must not hold a worker

# --- The outbox: see directory/domain/delivery ----------------------------
OUTBOX_CONNECTIONS = env.int(
    "OUTBOX_CONNECTIONS", default=2
)  # conversations with the mail server at once
OUTBOX_DAILY_LIMIT = env.int(
    "OUTBOX_DAILY_LIMIT", default=0
)  # mails the provider takes in a day; 0: as many as there are
OUTBOX_SECONDS = 4.0  # after which a drain lets others go first
OUTBOX_RESENDS = True  # a message whose fate is unknown: once more with the same Message-ID, or hold it
OUTBOX_RESEND_SECONDS = env.float(
    "OUTBOX_RESEND_SECONDS", default=60.0
)  # the pause before
OUTBOX_SWEEP_SECONDS = env.float(
    "OUTBOX_SWEEP_SECONDS", default=60.0
)  # how often dead senders are looked for

# --- Celery ---------------------------------------------------------------
# Rows in the database are the queue; Redis only carries wake-up calls.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 3,
    # Whoever publishes while the broker is away waits for two quick attempts, not six seconds.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_TASK_PUBLISH_RETRY = False  # the minute's sweep finds what a lost wake-up left
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {
        "task": "community.celery.heartbeat",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "send-due-deliveries": {
        "task": "directory.tasks.send_due_deliveries",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "sweep-outbox": {
        "task": "directory.tasks.sweep_outbox",
        "schedule": OUTBOX_SWEEP_SECONDS,
        "options": {"expires": 60},
    },
    "write-digests": {
        "task": "directory.tasks.write_digests",
        "schedule": crontab(minute="5,35"),  # which of these is morning, its zone says
        "options": {"expires": 1500},
    },
    "look-at-licences": {
        "task": "directory.tasks.look_at_licences",
        "schedule": crontab(hour="10,15", minute=5),  # UTC; twice, in case one is lost
        "options": {"expires": 3600},
    },
    "ask-whether-profiles-are-true": {
        "task": "directory.tasks.ask_whether_profiles_are_true",
        "schedule": crontab(hour=16, minute=45),  # UTC: the morning of the Americas
        "options": {"expires": 3600},
    },
    "settle-departures": {
        "task": "directory.tasks.settle_departures",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "build-exports": {
        "task": "directory.tasks.build_exports",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "forget-old": {
        "task": "directory.tasks.forget_old",
        "schedule": crontab(hour=9, minute=50),  # UTC: the night of the Americas
        "options": {"expires": 3600},
    },
    "look-for-colleagues": {
        "task": "directory.tasks.look_for_colleagues",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "expire-bookings": {
        "task": "spaces.tasks.expire_bookings",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "settle-waitlists": {
        "task": "spaces.tasks.settle_waitlists",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "end-bookings": {
        "task": "spaces.tasks.end_bookings",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "settle-loans": {
        "task": "spaces.tasks.settle_loans",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "look-at-searches": {
        "task": "spaces.tasks.look_at_searches",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "read-due-calendars": {
        "task": "spaces.tasks.read_due_calendars",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "advance-waves": {
        "task": "spaces.tasks.advance_waves",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "watch-incidents": {
        "task": "spaces.tasks.watch_incidents",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "settle-needs": {
        "task": "spaces.tasks.settle_needs",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "run-drills": {
        "task": "spaces.tasks.run_drills",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "remind-of-hours": {
        "task": "spaces.tasks.remind_of_hours",
        "schedule": crontab(hour=16, minute=15),  # UTC: the morning of the Americas
        "options": {"expires": 3600},
    },
    "roll-availability": {
        "task": "spaces.tasks.roll_availability",
        "schedule": crontab(hour=9, minute=30),  # UTC: the night of the Americas
        "options": {"expires": 3600},
    },
}

# --- Logs: everything to the console, where the one who runs the server collects it ---
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

# --- Words, time, files ---------------------------------------------------
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en-us", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"  # pages override it with the building's or the community's zone
STATIC_URL = "/static/"
LEAFLET = Path(str(find_spec("leaflet").origin)).parent  # type: ignore[union-attr]  # it is installed
STATICFILES_DIRS = [
    BASE_DIR / "static",
    # django-leaflet's files alone: as an application it would ask for GDAL
    ("leaflet", LEAFLET / "static" / "leaflet"),
]
STATIC_ROOT = BASE_DIR / "var" / "static"
MEDIA_ROOT = Path(
    env("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media"))
)  # photos of rooms; a view serves them to those who may see the room
FILE_UPLOAD_HANDLERS = [
    "directory.uploads.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- The map: pins on paper, unless a tile server is named ------------------
MAP_TILES_URL = env(
    "MAP_TILES_URL", default=""
)  # https://tiles.example.org/{z}/{x}/{y}.png; every visitor's browser asks it for pictures
MAP_TILES_ATTRIBUTION = env("MAP_TILES_ATTRIBUTION", default="")
MAP_TILES_HOST = "{0.scheme}://{0.netloc}".format(
    urlsplit(MAP_TILES_URL.replace("{s}", "*"))
)
# data: is how Leaflet lets go of a tile that is still loading
MAP_IMAGES = [MAP_TILES_HOST, "data:"] if MAP_TILES_URL else []

# --- Security -------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, *MAP_IMAGES],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: []
    for name in (
        "accelerometer",
        "autoplay",
        "camera",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
}
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS
X_FRAME_OPTIONS = "DENY"
