"""The whole application as processes: web, worker, beat, on a database and a Redis of their own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

ROOT = Path(__file__).resolve().parents[2]
LEASH = Path(__file__).with_name("leash.py")
CLAIM = "story:claimed-by"
REDIS_NUMBERS = range(15, 0, -1)


@dataclass
class Part:
    """One process: its words go to a log, it can be killed and started again."""

    name: str
    argv: list[str]
    env: dict[str, str]
    log: Path
    sockets: tuple[int, ...] = ()
    process: subprocess.Popen | None = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 -- our own programs
                [sys.executable, str(LEASH), sys.executable, *self.argv],
                env=self.env,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.sockets,
            )

    def kill(self):
        """As a power cut would: no goodbye, its children with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None:
            self.kill()  # nothing of it is kept

    @property
    def words(self):
        return self.log.read_text(errors="replace")


class Town:
    def __init__(self, folder, smtp_port):
        self.folder = folder
        self.smtp_port = smtp_port
        self.name = f"story_{os.getpid()}"
        self.closing = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as closing:
            self.door = closing.enter_context(
                socket.create_server(("127.0.0.1", 0), backlog=64)
            )
            self.address = f"http://localhost:{self.door.getsockname()[1]}"
            self.database_url = closing.enter_context(self._database())
            self.redis_url = closing.enter_context(self._redis())
            self.env = self._environment()
            self.run("migrate", "--verbosity", "0")
            self.run(
                "load_demo",
                "--calm",
                "--therapists",
                "90",
                "--offices",
                "60",
                "--verbosity",
                "0",
            )
            with psycopg.connect(
                self.database_url
            ) as connection:  # at whatever hour this runs
                connection.execute(
                    "UPDATE directory_therapist SET quiet_from_minute = 0, quiet_to_minute = 0"
                )
            self.parts = {part.name: part for part in self._parts()}
            for part in self.parts.values():
                closing.callback(part.stop)
                part.start()
            self.closing = closing.pop_all()
        return self

    def __exit__(self, *error):
        self.closing.close()

    # --- What it stands on --------------------------------------------------------

    @contextlib.contextmanager
    def _database(self):
        url = urlsplit(os.environ["DATABASE_URL"])
        server = url._replace(path="/postgres").geturl()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")
        try:
            yield url._replace(path=f"/{self.name}").geturl()
        finally:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)")

    @contextlib.contextmanager
    def _redis(self):
        """One of the server's numbered databases that nobody uses."""
        url = urlsplit(os.environ["REDIS_URL"])
        for number in REDIS_NUMBERS:
            own = url._replace(path=f"/{number}").geturl()
            with redis.Redis.from_url(own) as client:
                if client.dbsize() == 0 and client.set(CLAIM, self.name, nx=True):
                    try:
                        yield own
                    finally:
                        client.flushdb()
                    return
        raise AssertionError("No database of the Redis server is empty.")

    def _environment(self):
        return {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "BASE_URL": self.address,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "DEFAULT_FROM_EMAIL": "East Bay Therapists <rooms@example.org>",
            "OUTBOX_RESEND_SECONDS": "1",
            "OUTBOX_SWEEP_SECONDS": "1",
            "DEBUG": "0",
            "DEMO": "0",
            "BEHIND_PROXY": "0",
            "DJANGO_SETTINGS_MODULE": "tests.story.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
        }

    # --- Its parts ------------------------------------------------------------------

    def run(self, *command):
        """A management command, to its end."""
        done = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "manage.py", *command],
            env=self.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _parts(self):
        celery = ["-m", "celery", "-A", "community"]
        door = self.door.fileno()
        web = ["-m", "gunicorn", "community.wsgi", "--bind", f"fd://{door}"]
        web += ["--workers", "1", "--threads", "8", "--no-control-socket"]
        web += ["--access-logfile", "-", "--access-logformat", "%(m)s %(U)s %(s)s"]
        worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "info"]
        worker += ["--without-gossip", "--without-mingle"]
        beat = [
            *celery,
            "beat",
            "--schedule",
            str(self.folder / "beat"),
            "--pidfile",
            "",
        ]
        yield self._part("web", web, sockets=(door,))
        yield self._part("worker", worker)
        yield self._part("beat", beat)

    def _part(self, name, argv, sockets=()):
        return Part(name, argv, self.env, self.folder / f"{name}.log", sockets)

    # --- Looking behind the pages -----------------------------------------------------

    def rows(self, query, *values):
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(query, values or None).fetchall()

    @property
    def outbox(self):
        rows = self.rows(
            "SELECT kind, state, reason, count(*) FROM directory_delivery GROUP BY 1, 2, 3 ORDER BY 1"
        )
        return "\n".join(" ".join(str(part) for part in row) for row in rows)
