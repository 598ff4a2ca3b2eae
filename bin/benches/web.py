"""The application behind gunicorn on a loopback port, and people who are signed in."""

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from services import VAR, free_port
from supervisor import die_with_parent

from directory.models import Therapist

START_SECONDS = 60
TOKEN = "x" * 32  # what the cookie says against forged forms, and what the form repeats
BAD = 400  # refusals and limits, too: they are quick, and no answer


class BadAnswerError(Exception):
    """An answer that nobody should get."""


@contextlib.contextmanager
def serving(*, workers: int, threads: int) -> Iterator[int]:
    """Yields the port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "community.wsgi"]
    command += ["--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(workers), "--threads", str(threads)]
    with (VAR / "bench" / "log" / "web.log").open("ab") as log:
        server = subprocess.Popen(
            command,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE},
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(15),  # noqa: PLW1509 -- before any thread
        )
    try:
        _await(port)
        yield port
    finally:
        server.terminate()
        server.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz/")
            if connection.getresponse().status == http.client.OK:
                return
        time.sleep(0.1)
    raise TimeoutError("The application does not answer.")


def signed_in(therapist: Therapist) -> str:
    """Their session, as the cookie's value."""
    user = therapist.user
    if user is None:
        raise ValueError(f"{therapist} has no sign-in.")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes  # as it comes over the wire


class Browser:
    """One person's conversation, kept open between pages."""

    def __init__(self, port: int, session: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {
            "Accept-Encoding": "gzip",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session};"
            f" {settings.CSRF_COOKIE_NAME}={TOKEN}",
        }

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, form: Mapping[str, object]) -> Answer:
        said = urlencode({**form, "csrfmiddlewaretoken": TOKEN}, doseq=True)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, said, kind)

    def _ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        self._connection.request(
            method, path, body, headers={**self._headers, **(more or {})}
        )
        response = self._connection.getresponse()
        answer = Answer(response.status, response.read())
        if answer.status >= BAD:
            raise BadAnswerError(f"{method} {path}: {answer.status}")
        return answer

    def close(self) -> None:
        self._connection.close()
