"""The whole application on this machine: database, Redis, mail catcher, web, worker and beat under one supervisor."""

import argparse
import contextlib
import hashlib
import http.client
import os
import shutil
import smtplib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from services import (
    ROOT,
    VAR,
    CannotStartError,
    Tenancy,
    database_answers,
    free_port,
    own_settings,
    redis_answers,
    remembered_port,
    start_services,
)
from supervisor import Program, Supervisor, say_if_heard

sys.path.insert(0, str(ROOT))

from celery import Celery
from kombu.exceptions import OperationalError
from redis import RedisError

from community.heartbeat import forget_heartbeat, has_heartbeat

PYTHON = sys.executable
LOGS = VAR / "log"
ROLES = ("moderator", "host", "displaced", "newcomer")
ROLE_WORDS = {
    "moderator": "a moderator",
    "host": "a host",
    "displaced": "a displaced therapist",
    "newcomer": "a newcomer",
}
CHECK_SECONDS = 90
HOPELESS_RESTARTS = 5  # a part that died so often while starting will not come up


def say(line: str) -> None:
    say_if_heard(line, sys.stdout)


@dataclass
class Demo:
    port: int
    smtp_port: int
    variables: dict[str, str]

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **own_settings(VAR),
            **self.variables,
            "BASE_URL": self.address,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "DEFAULT_FROM_EMAIL": "Therapist community <rooms@demo.example.org>",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "BEHIND_PROXY": "0",
            "DEBUG": "0",
            "DEMO": "1",
            "DEMO_MAIL_DIR": str(VAR / "mail"),
            "DJANGO_SETTINGS_MODULE": "community.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def program(self, name: str, *argv: str) -> Program:
        return Program(
            name, [PYTHON, *argv], env=self.environment, log=LOGS / f"{name}.log"
        )

    def first_programs(self) -> list[Program]:
        catcher = ["bin/mail_catcher.py", "--port", str(self.smtp_port)]
        gunicorn = ["-m", "gunicorn", "community.wsgi", "--no-control-socket"]
        gunicorn += ["--bind", f"127.0.0.1:{self.port}", "--log-level", "warning"]
        gunicorn += ["--workers", "2", "--threads", "4", "--graceful-timeout", "3"]
        return [
            self.program("mail", *catcher, "--folder", str(VAR / "mail")),
            self.program("web", *gunicorn),
        ]

    def further_programs(self) -> list[Program]:
        celery = ["-m", "celery", "-A", "community"]
        quietly = ["--loglevel", "warning"]
        worker = [*celery, "worker", "--concurrency", "2", *quietly]
        beat = [*celery, "beat", "--schedule", str(VAR / "beat" / "schedule"), *quietly]
        return [
            self.program("worker", *worker, "--without-gossip", "--without-mingle"),
            self.program("beat", *beat, "--pidfile", ""),
        ]

    # --- Does it answer? Each asks the real thing. --------------------------

    def web_answers(self) -> bool:
        return self._status_of("/readyz/") == 200 and self._status_of("/") == 200

    def _status_of(self, path: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with (
            contextlib.closing(connection),
            contextlib.suppress(OSError, http.client.HTTPException),
        ):
            connection.request("GET", path, headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status
        return None

    def mail_answers(self) -> bool:
        with (
            contextlib.suppress(OSError, smtplib.SMTPException),
            smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=5) as conversation,
        ):
            return conversation.ehlo()[0] == 250
        return False

    def worker_answers(self) -> bool:
        asker = Celery(
            "asker", broker=self.variables["REDIS_URL"], set_as_current=False
        )
        asker.conf.broker_transport_options = {"socket_connect_timeout": 1}
        try:
            with asker.connection_for_write() as connection:
                return bool(
                    asker.control.ping(timeout=1, connection=connection, limit=1)
                )
        except (OSError, OperationalError, RedisError):
            return False

    def answers(self) -> dict[str, Callable[[], bool]]:
        return {
            "database": lambda: database_answers(self.variables["DATABASE_URL"]),
            "redis": lambda: redis_answers(self.variables["REDIS_URL"]),
            "mail": self.mail_answers,
            "web": self.web_answers,
            "worker": self.worker_answers,
            "beat": lambda: has_heartbeat(self.variables["REDIS_URL"]),
        }


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument("--port", type=int, help="the port of the pages (8000)")
    parser.add_argument(
        "--fresh", action="store_true", help="forget everything and begin anew"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="start, wait until every part answers, stop; exit 0 or 1",
    )
    return parser.parse_args()


def choose_port(options: argparse.Namespace) -> int:
    if options.check and options.port is None:
        return free_port()
    port = 8000 if options.port is None else options.port
    if not 1024 <= port <= 65535:
        raise CannotStartError(f"--port is a number from 1024 to 65535, not {port}.")
    if free_port(port) != port:
        raise CannotStartError(
            f"Port {port} is in use. Choose another: bin/demo --port {free_port(port + 1)}"
        )
    return port


def begin_anew() -> None:
    if os.environ.get("DATABASE_URL"):
        raise CannotStartError(
            "--fresh empties var/ only, and DATABASE_URL names another database: empty that yourself."
        )
    for name in ("postgres", "valkey", "mail", "media", "beat", "static", "log"):
        shutil.rmtree(VAR / name, ignore_errors=True)
    for name in ("demo.env", "prepared"):
        (VAR / name).unlink(missing_ok=True)


def bring_up(supervisor: Supervisor, tenancy: Tenancy, port: int) -> Demo | None:
    """Everything started; None when asked to stop meanwhile."""
    for name in ("log", "mail", "beat"):
        (VAR / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    variables = start_services(supervisor, VAR, durable=True)
    demo = Demo(port, remembered_port(VAR, "smtp"), variables)
    if supervisor.stopping:
        return None
    tenancy.announce(
        {
            name: demo.environment[name]
            for name in ("DATABASE_URL", "REDIS_URL", "BASE_URL", "EMAIL_URL")
        }
    )
    prepare(supervisor, demo)
    forget_heartbeat(variables["REDIS_URL"])
    for program in demo.first_programs():
        supervisor.start(program)
    wait_for(demo.web_answers, supervisor)  # whoever is waiting is not kept by the rest
    for program in demo.further_programs():
        supervisor.start(program)
    return None if supervisor.stopping else demo


def prepare(supervisor: Supervisor, demo: Demo) -> None:
    """Tables, a community, static files; skipped when nothing they are made of has changed."""
    stamp, fingerprint = VAR / "prepared", what_is_prepared(demo)
    if has_community(demo) and stamp.exists() and stamp.read_text() == fingerprint:
        return
    say("Preparing tables, an invented community and static files, this once …")
    stamp.unlink(missing_ok=True)
    code = supervisor.call(demo.program("prepare", "bin/prepare_demo.py"))
    if code:
        raise CannotStartError(
            f"Preparing failed; why is at the end of {LOGS / 'prepare.log'}"
        )
    if code == 0:
        stamp.write_text(fingerprint)


def what_is_prepared(demo: Demo) -> str:
    seen = hashlib.sha256(demo.variables["DATABASE_URL"].encode())
    seen.update((ROOT / "requirements.lock").read_bytes())
    for path in sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("static/**/*")]):
        status = path.stat()
        seen.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def has_community(demo: Demo) -> bool:
    with (
        contextlib.suppress(psycopg.Error),
        psycopg.connect(demo.variables["DATABASE_URL"]) as connection,
    ):
        return bool(connection.execute("SELECT FROM directory_community").rowcount)
    return False


def wait_for(is_done: Callable[[], bool], supervisor: Supervisor) -> bool:
    """False when it takes too long, when a part keeps dying, or when asked to stop."""
    return (
        supervisor.wait_until(
            lambda: is_done() or supervisor.gave_up(after=HOPELESS_RESTARTS),
            seconds=CHECK_SECONDS,
        )
        and is_done()
    )


def check(supervisor: Supervisor, demo: Demo) -> bool:
    """One line for each part, as soon as it answers."""
    began, waiting = time.monotonic(), demo.answers()

    def all_answer() -> bool:
        for name in [name for name, answers in waiting.items() if answers()]:
            del waiting[name]
            say(f"{name:<9} answers   after {time.monotonic() - began:4.1f} s")
        return not waiting

    wait_for(all_answer, supervisor)
    for name in waiting:
        say(f"{name:<9} does not answer   see {LOGS / name}.log")
    return not waiting


def greet(demo: Demo) -> None:
    say(f"\n  The community is open: {demo.address}\n")
    for role in ROLES:
        say(f"  Be {ROLE_WORDS[role]:<22} {demo.address}/demo/sign-in/{role}/")
    say(f"  {'Read the mail it sends':<25} {demo.address}/demo/mail/")
    say("\n  Ctrl-C stops everything; what you did is kept. --fresh begins anew.\n")


def serve(supervisor: Supervisor, demo: Demo, began: float) -> None:
    """Say where it is, then keep it running until Ctrl-C."""
    if not demo.web_answers():
        raise CannotStartError(
            f"The pages do not answer; why is at the end of {LOGS / 'web.log'}"
        )
    say(f"Started in {time.monotonic() - began:.1f} s.")
    greet(demo)
    supervisor.run()
    say("\nStopping …")


def main() -> int:
    began = time.monotonic()
    options = read_arguments()
    port = choose_port(options)
    tenancy = Tenancy(VAR)
    with tenancy.owner() as is_owner:
        if not is_owner:
            raise CannotStartError(
                "bin/demo or bin/with-services is running in this folder already: stop that first."
            )
        if options.fresh:
            begin_anew()
        with Supervisor(say=say) as supervisor:
            demo = bring_up(supervisor, tenancy, port)
            if demo is None:
                return 130
            if options.check:
                return 0 if check(supervisor, demo) else 1
            serve(supervisor, demo, began)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotStartError as error:
        sys.exit(str(error))
