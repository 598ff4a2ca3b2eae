"""A server that is configured wrongly stops at once, and says why."""

import os
import subprocess
import sys

import pytest

WHOLE = {
    "SECRET_KEY": "only-for-tests",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "BASE_URL": "https://rooms.example.org",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
    "DEFAULT_FROM_EMAIL": "Rooms <rooms@example.org>",
}


def load(variables, ask="SECURE_SSL_REDIRECT"):
    ours = {**variables, "PATH": os.environ["PATH"], "PYTHONPATH": "."}
    code = f"from community import settings; print(settings.{ask})"
    return subprocess.run(
        [sys.executable, "-c", code],
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", WHOLE)
def test_without_one_of_these_nothing_starts(name):
    result = load({key: value for key, value in WHOLE.items() if key != name})

    assert result.returncode == 1
    assert f"Set the {name} environment variable" in result.stderr


def test_a_whole_configuration_is_strict():
    assert load(WHOLE).stdout == "True\n"
    assert load(WHOLE, "SESSION_COOKIE_SECURE").stdout == "True\n"
    assert load(WHOLE, "DEBUG or settings.DEMO").stdout == "False\n"
    hsts = [f"SECURE_HSTS_{name}" for name in ("INCLUDE_SUBDOMAINS", "PRELOAD")]
    asked = "SECURE_HSTS_SECONDS >= 31_536_000 and settings.CSRF_COOKIE_SECURE"
    asked += "".join(f" and settings.{name}" for name in hsts)
    assert load(WHOLE, asked).stdout == "True\n"


def test_the_demo_does_not_run_on_a_real_address():
    result = load(WHOLE | {"DEMO": "1"})

    assert result.returncode == 1
    assert "DEMO=1 lets anybody sign in as anybody" in result.stderr


@pytest.mark.parametrize(("said", "count"), [("1", "1\n"), ("0", "0\n")])
def test_a_proxy_is_believed_only_when_there_is_one(said, count):
    assert (
        load(WHOLE | {"BEHIND_PROXY": said}, "ALLAUTH_TRUSTED_PROXY_COUNT").stdout
        == count
    )


def test_no_other_host_is_asked_for_pictures_unless_tiles_are_named():
    ask = "CONTENT_SECURITY_POLICY['DIRECTIVES']['img-src']"
    assert load(WHOLE, ask).stdout == """["'self'"]\n"""
    tiles = {"MAP_TILES_URL": "https://{s}.tiles.example.org/{z}/{x}/{y}.png"}

    assert (
        load(WHOLE | tiles, ask).stdout
        == """["'self'", 'https://*.tiles.example.org', 'data:']\n"""
    )


SECRET = "postmark:0123456789abcdef"  # not a real one


def test_no_webhook_and_no_promise_of_answers_unless_they_are_named():
    assert load(WHOLE, "INBOUND_ADDRESS + settings.WEBHOOK_PROVIDER").stdout == "\n"
    assert load(WHOLE, "INSTALLED_APPS.count('anymail')").stdout == "0\n"
    named = {"ANYMAIL_PROVIDER": "postmark", "ANYMAIL_WEBHOOK_SECRET": SECRET}

    assert load(WHOLE | named, "ANYMAIL").stdout == f"{ {'WEBHOOK_SECRET': SECRET} }\n"
    assert load(WHOLE | named, "INSTALLED_APPS.count('anymail')").stdout == "1\n"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"ANYMAIL_PROVIDER": "postmark"}, "a webhook without a secret is open"),
        (
            {"ANYMAIL_PROVIDER": "postmark", "ANYMAIL_WEBHOOK_SECRET": "me:short"},
            "of 16 letters and digits at least",
        ),
        ({"INBOUND_ADDRESS": "rooms.example.org"}, "INBOUND_ADDRESS is answer@"),
    ],
)
def test_mail_that_comes_in_is_guarded_or_nothing_starts(said, complaint):
    result = load(WHOLE | said)

    assert result.returncode == 1
    assert complaint in result.stderr
