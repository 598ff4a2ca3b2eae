"""What the benches of the outbox share: people to tell, a mail server and its log, workers that can be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from supervisor import die_with_parent

from benches.figures import say
from benches.town import settle
from directory.enums import Standing
from directory.models import Community, Therapist, User
from spaces.models import Building, Incident, Need, NeedHour, Office
from spaces.models.incident import IncidentScope

LATITUDE, LONGITUDE = 37.85, -122.25
CONNECTIONS = (
    8  # conversations with the mail server at once, as the figures in docs were taken
)
FOLDER = Path("var") / "bench"
PATIENCE = 120.0  # seconds without a letter after which something is wrong


@dataclass(frozen=True)
class Letter:
    at: float
    message_id: str
    to: str


@dataclass(frozen=True)
class MailServer:
    port: int
    log: Path

    def letters(self) -> list[Letter]:
        """Whole lines only: the server may be in the middle of one."""
        text = self.log.read_text() if self.log.exists() else ""
        lines = text[: text.rfind("\n") + 1].splitlines()
        return [
            Letter(float(at), message_id, to)
            for at, message_id, to in (line.split("\t") for line in lines)
        ]

    def wait_for(self, is_enough: Callable[[list[Letter]], bool]) -> list[Letter]:
        """Raises ``AssertionError`` when nothing comes for a long time."""
        found, moved = 0, time.monotonic()
        while True:
            letters = self.letters()
            if is_enough(letters):
                return letters
            if len(letters) != found:
                found, moved = len(letters), time.monotonic()
            if time.monotonic() - moved > PATIENCE:
                raise AssertionError(f"Only {found} letters came.")
            time.sleep(0.05)


@contextmanager
def mail_server(
    name: str, *, delay: float = 0, faults: float = 0
) -> Iterator[MailServer]:
    """``delay`` in milliseconds over each letter; ``faults`` the share of letters it misbehaves over."""
    log, note = FOLDER / f"{name}.log", FOLDER / f"{name}.port"
    for path in (log, note):
        path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benches.mail_server"]
    command += ["--log", str(log), "--port-file", str(note)]
    command += ["--delay", str(delay), "--faults", str(faults)]
    with _running(command) as process:
        while not note.exists():
            if process.poll() is not None:
                raise AssertionError("The mail server did not start.")
            time.sleep(0.02)
        yield MailServer(int(note.read_text()), log)


def start_worker(port: int, **environment: str) -> subprocess.Popen[bytes]:
    """A Celery worker with a child for each connection, in a process group of its own."""
    command = [sys.executable, "-m", "celery", "-A", "community", "worker"]
    command += ["--pool", "prefork", "--concurrency", str(CONNECTIONS)]
    command += ["--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    return _start(command, port, environment)


def start_beat(
    port: int, name: str = "beat", **environment: str
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "community", "beat"]
    command += ["--loglevel", "ERROR", "--schedule", str(FOLDER / name)]
    command += ["--pidfile", str(FOLDER / f"{name}.pid")]
    return _start(command, port, environment)


def _start(
    command: Sequence[str], port: int, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env={
            **os.environ,
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "OUTBOX_CONNECTIONS": str(CONNECTIONS),
            **environment,
        },
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- before any thread
    )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """As a machine dies: the parent and all of its children, at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def stopping(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            kill_group(process)


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 -- before any thread
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


# --- Whom to tell ------------------------------------------------------------------


def build_neighbours(size: int) -> None:
    """Members who would help, each with a room near and no hours posted; nobody sleeps, nobody has enough of mail."""
    say(f"{size:,} colleagues …")
    Community.objects.update_or_create(
        defaults={
            "name": "Town",
            "latitude": LATITUDE,
            "longitude": LONGITUDE,
            "wave_size": size,
            "daily_cap": 1000,
        }
    )
    users = User.objects.bulk_create(
        User(email=f"helper{n}@example.org", password="!")  # noqa: S106 -- none
        for n in range(size)
    )
    people = Therapist.objects.bulk_create(
        Therapist(
            user=user,
            name=f"Helper {n:05}",
            standing=Standing.MEMBER,
            latitude=LATITUDE,
            longitude=LONGITUDE,
            helps_in_emergencies=True,
            emergency_radius_km=50,
            quiet_from_minute=0,
            quiet_to_minute=0,
        )
        for n, user in enumerate(users)
    )
    building = _building("Helpers’ house")
    offices = Office.objects.bulk_create(
        Office(building=building, name=f"Room {n:05}", capacity=8, is_step_free=True)
        for n in range(size)
    )
    Office.hosts.through.objects.bulk_create(
        Office.hosts.through(office=office, therapist=person)
        for office, person in zip(offices, people, strict=True)
    )
    settle()


def make_need(name: str) -> Need:
    """A draft of somebody whose building burned: the story's hours, for four weeks."""
    user = User.objects.create(email=f"{name}@example.org", password="!")  # noqa: S106 -- none
    person = Therapist.objects.create(
        user=user,
        name=name.title(),
        standing=Standing.MEMBER,
        latitude=LATITUDE,
        longitude=LONGITUDE,
    )
    now = timezone.now()
    building = _building(f"{name}’s house")
    incident = Incident.objects.create(
        kind="fire", status="confirmed", reported_by=person, began_at=now
    )
    IncidentScope.objects.create(
        incident=incident, building=building, until=now + timedelta(weeks=5)
    )
    need = Need.objects.create(
        incident=incident,
        therapist=person,
        author=person,
        first_date=now.date() + timedelta(days=3),
        last_date=now.date() + timedelta(days=31),
        timezone=building.timezone,
        place=building.district,
        latitude=LATITUDE,
        longitude=LONGITUDE,
        note="A quiet room with two chairs is enough.",
    )
    hours = [(1, 540, 780), (2, 1020, 1260), (3, 540, 720), (0, 1080, 1170)]
    NeedHour.objects.bulk_create(
        NeedHour(need=need, weekday=day, start=start, end=end)
        for day, start, end in hours
    )
    return need


def _building(name: str) -> Building:
    return Building.objects.create(
        name=name,
        street="1 Main Street",
        city="Town",
        zip_code="94611",
        latitude=LATITUDE,
        longitude=LONGITUDE,
        timezone="America/Los_Angeles",
    )
