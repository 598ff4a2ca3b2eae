"""URLs with the webhooks of a second mail provider beside those of the first, and what it signs with."""

import base64
import hashlib
import hmac

from django.urls import include, path

from community.urls import urlpatterns as of_the_site
from community.webhooks import webhooks_of

SECRET = "postmark:only-for-tests-0123456789"
KEY = "signing-key-for-tests"
MAILGUN = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}
BASIC = {"authorization": f"Basic {base64.b64encode(SECRET.encode()).decode()}"}

urlpatterns = [*of_the_site, path("also/", include(webhooks_of("mailgun")))]


def signed_by_mailgun():
    token, stamp = "t" * 50, "1795375020"
    text = f"{stamp}{token}".encode()
    signature = hmac.new(KEY.encode(), text, hashlib.sha256).hexdigest()
    return {"timestamp": stamp, "token": token, "signature": signature}
