"""What is lost or sent twice when workers and the broker die, and the database is restarted, in the middle of a wave, by
the mail server's own log. Two beats run all the while, as by mistake.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import redis
from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import Q

from benches.figures import Figure, say
from benches.post import (
    CONNECTIONS,
    MailServer,
    build_neighbours,
    kill_group,
    mail_server,
    make_need,
    start_beat,
    start_worker,
    stopping,
)
from directory.enums import DeliveryState
from directory.models import Delivery
from spaces.domain.need import publish_need

ROUND = ["worker"] * 6 + ["broker"]  # in this order they die
PLAN = ([*ROUND, *ROUND, "database"]) * 5  # 60 workers, 10 brokers, 5 databases
DELAY, FAULTS = (
    20,
    0.005,
)  # milliseconds over a letter; the share of letters the server misbehaves over
SHORT = {  # what takes minutes in earnest, shortened
    "OUTBOX_SWEEP_SECONDS": "1",
    "OUTBOX_RESEND_SECONDS": "2",
    "EMAIL_TIMEOUT": "4",
}
SETTLED = [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SKIPPED]
PATIENCE = 300.0  # seconds for the rest to leave, once nothing dies any more


def run(size: int, _runs: int) -> list[Figure]:
    build_neighbours(size)
    need = make_need("asker")
    with mail_server("crash", delay=DELAY, faults=FAULTS) as post, ExitStack() as stack:
        for beat in ("beat", "another-beat"):
            stack.enter_context(stopping(start_beat(post.port, beat, **SHORT)))
        publish_need(need, by=need.therapist)
        kills = _kill_again_and_again(post, size)
        with stopping(start_worker(post.port, **SHORT)):
            _wait_until_settled()
        letters = Counter(letter.message_id for letter in post.letters())
    rows = list(Delivery.objects.filter(kind="wave"))
    if len(rows) != size:
        raise AssertionError(f"{len(rows)} mails were promised to {size} people.")
    doubted = {row.message_id for row in rows if row.uncertain_at}
    missing = [row for row in rows if not letters[row.message_id]]
    held = [row for row in missing if row.state == DeliveryState.UNCERTAIN]
    twice = sum(
        max(0, letters[row.message_id] - (2 if row.message_id in doubted else 1))
        for row in rows
    )
    return [
        Figure("crash.kills", size, sum(kills.values()), "count"),
        Figure("crash.lost", size, len(missing) - len(held), "count"),
        # doubted twice, never taken, and waiting on the desk for somebody who decides
        Figure("crash.held", size, len(held), "count"),
        Figure("crash.twice", size, twice, "count"),
        Figure(
            "crash.uncertain",
            size,
            len(doubted),
            "count",
            limit=CONNECTIONS * (kills["worker"] + kills["database"]),
        ),
    ]


def _kill_again_and_again(post: MailServer, size: int) -> Counter[str]:
    """Each time some more letters have come, so that the deaths fall into the sending."""
    kills: Counter[str] = Counter()
    step = max(1, size * 8 // 10 // len(PLAN))
    worker = _Worker(post.port)
    try:
        for number, victim in enumerate(PLAN, start=1):
            aim = len(post.letters()) + step
            post.wait_for(
                lambda letters, aim=aim: worker.lives() and len(letters) >= aim
            )
            DEATHS[victim](worker)
            kills[victim] += 1
            say(f"{number} kills, {len(post.letters()):,} letters")
    finally:
        worker.kill()
    kills["worker"] += 1
    return kills


class _Worker:
    """Under a supervisor of its own, as everywhere: Celery ends when the broker refuses it at a bad moment."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.process = start_worker(port, **SHORT)

    def lives(self) -> bool:
        if self.process.poll() is not None:
            self.process = start_worker(self.port, **SHORT)
        return True

    def kill(self) -> None:
        kill_group(self.process)


def _kill_broker(_worker: _Worker) -> None:
    """Whoever supervises it starts it again."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    os.kill(client.info("server")["process_id"], signal.SIGKILL)


def _restart_database(_worker: _Worker) -> None:
    """As an update of its package does: sessions end at once, what was committed stays. Its supervisor starts it again."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
    connection.close()
    process = int((folder / "postmaster.pid").read_text().split()[0])
    os.kill(process, signal.SIGINT)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.kill(process, 0)
            ended = False
        except ProcessLookupError:
            ended = True
        try:
            if ended:
                connection.ensure_connection()
                return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


DEATHS: dict[str, Callable[[_Worker], None]] = {
    "worker": _Worker.kill,
    "broker": _kill_broker,
    "database": _restart_database,
}


def _wait_until_settled() -> None:
    """Sent, failed or skipped; or uncertain for the second time, which a person decides."""
    open_rows = Delivery.objects.filter(kind="wave").exclude(
        Q(state__in=SETTLED)
        | Q(state=DeliveryState.UNCERTAIN, next_attempt_at__isnull=True)
    )
    deadline = time.monotonic() + PATIENCE
    while left := open_rows.count():
        if time.monotonic() > deadline:
            raise AssertionError(f"{left} mails did not leave.")
        time.sleep(0.5)
