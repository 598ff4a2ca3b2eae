"""What a mail provider may call: its own webhooks, nobody else's."""

from anymail import urls
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern


def webhooks_of(provider: str) -> tuple[list[URLPattern], str]:
    """Of anymail's two dozen addresses those of one provider. Each asks for ``ANYMAIL_WEBHOOK_SECRET``."""
    found = [
        pattern
        for pattern in urls.urlpatterns
        if str(pattern.pattern).removeprefix("^").startswith(f"{provider}/")
    ]
    if not found:
        raise ImproperlyConfigured(
            f"ANYMAIL_PROVIDER={provider} is none that anymail knows: postmark, mailgun, brevo …"
        )
    return found, urls.app_name
