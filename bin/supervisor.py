"""A small supervisor: starts programs, starts again what dies, stops everything cleanly.

Each program leads a session of its own, so Ctrl-C in the terminal reaches only the supervisor. To stop, its first
process alone gets the stop signal (a Celery worker whose children are signalled too loses what they were doing);
what is left of its group after the grace period is killed.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

FIRST_DELAY = (
    0.2  # seconds before the first restart; each further one waits twice as long
)
LONGEST_DELAY = 15.0
HEALTHY_AFTER = 30.0  # a program that lived this long begins anew with the first delay
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say_if_heard(line: str, stream: TextIO) -> None:
    """A terminal or a pipe that is gone ends nothing."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=stream, flush=True)


@dataclass(frozen=True)
class Program:
    name: str
    argv: Sequence[str]
    env: dict[str, str] | None = None
    log: Path | None = None  # where its words go; None: nowhere
    account: tuple[int, int] | None = None  # uid and gid to run as
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0  # seconds between the stop signal and SIGKILL
    is_foundation: bool = False  # the others stand on it: it is stopped after them


@dataclass
class Child:
    program: Program
    process: subprocess.Popen | None = None
    started_at: float = 0.0
    delay: float = FIRST_DELAY
    restart_at: float | None = None
    restarts: int = 0


@dataclass
class Supervisor:
    say: Callable[[str], None] = lambda line: say_if_heard(line, sys.stderr)
    stopping: bool = False
    children: dict[str, Child] = field(default_factory=dict)

    def __enter__(self) -> "Supervisor":
        self._wake_read, self._wake_write = socket.socketpair()
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._old_wakeup = signal.set_wakeup_fd(
            self._wake_write.fileno(), warn_on_full_buffer=False
        )
        self._old_handlers = {
            number: signal.signal(number, self._ask_to_stop)
            for number in STOP_SIGNALS
            if not _is_from_nohup(number)
        }
        self._old_handlers[signal.SIGCHLD] = signal.signal(
            signal.SIGCHLD, lambda number, frame: None
        )
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self.stop()
        finally:
            for number, handler in self._old_handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(self._old_wakeup)
            self._selector.close()
            self._wake_read.close()
            self._wake_write.close()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def start(self, program: Program) -> None:
        child = self.children[program.name] = Child(program)
        self._spawn(child)

    def run(self) -> None:
        """Keep everything running until a stop signal arrives."""
        while not self.stopping:
            self.tick(timeout=None)

    def wait_until(
        self, is_done: Callable[[], bool], *, seconds: float, pause: float = 0.05
    ) -> bool:
        """Keep everything running until ``is_done()``; False after ``seconds`` or when asked to stop."""
        deadline = time.monotonic() + seconds
        while not self.stopping:
            if is_done():
                return True
            if time.monotonic() >= deadline:
                return False
            self.tick(timeout=pause)
        return False

    def call(self, program: Program) -> int | None:
        """Run a program once, to its end: its exit code, or None when asked to stop meanwhile."""
        child = Child(program)
        self._spawn(child)
        process = child.process
        if process is None:
            return 127
        while not self.stopping:
            if (code := process.poll()) is not None:
                return code
            self.tick(timeout=1)
        _stop_all([child])
        return None

    def gave_up(self, *, after: int) -> bool:
        """True when a program has died ``after`` times."""
        return any(child.restarts >= after for child in self.children.values())

    def tick(self, *, timeout: float | None) -> None:
        """One round: wait for something to happen, then see to what died."""
        due = [
            child.restart_at
            for child in self.children.values()
            if child.restart_at is not None
        ]
        if due:
            until_due = max(0.0, min(due) - time.monotonic())
            timeout = until_due if timeout is None else min(timeout, until_due)
        if self._selector.select(timeout):
            with contextlib.suppress(BlockingIOError):
                self._wake_read.recv(4096)
        if self.stopping:
            return
        for child in self.children.values():
            self._see_to(child)

    def _see_to(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            self._bury(child, now)
        elif child.restart_at is not None and child.restart_at <= now:
            child.restarts += 1
            self._spawn(child)

    def _bury(self, child: Child, now: float) -> None:
        code = child.process.returncode if child.process else None
        _kill_group(child)  # what it left behind must not meet its successor
        if now - child.started_at > HEALTHY_AFTER:
            child.delay = FIRST_DELAY
        child.process = None
        child.restart_at = now + child.delay
        self.say(
            f"{child.program.name} ended ({_in_words(code)}); starting it again in {child.delay:g} s."
        )
        child.delay = min(child.delay * 2, LONGEST_DELAY)

    def _spawn(self, child: Child) -> None:
        child.restart_at = None
        child.started_at = time.monotonic()
        try:
            child.process = _popen(child.program)
        except OSError as error:
            self.say(f"{child.program.name} cannot start: {error}")
            child.restart_at = child.started_at + child.delay
            child.delay = min(child.delay * 2, LONGEST_DELAY)

    def stop(self) -> None:
        """Stop everything, foundations last; returns when all are gone."""
        children = [self.children.pop(name) for name in list(self.children)]
        _stop_all([child for child in children if not child.program.is_foundation])
        _stop_all([child for child in children if child.program.is_foundation])


def _is_from_nohup(number: signal.Signals) -> bool:
    """Whoever started us asked that we outlive the terminal."""
    return (
        number == signal.SIGHUP and signal.getsignal(number) == signal.Handlers.SIG_IGN
    )


def _popen(program: Program) -> subprocess.Popen:
    uid, gid = program.account or (None, None)
    with contextlib.ExitStack() as files:
        output: int | object = subprocess.DEVNULL
        if program.log is not None:
            output = files.enter_context(program.log.open("ab"))
        return subprocess.Popen(
            list(program.argv),
            env=program.env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=[] if program.account else None,
            preexec_fn=die_with_parent(program.stop_signal),  # noqa: PLW1509 -- we have no threads
        )


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a child calls so that it is stopped even when its parent is killed outright (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl, parent, pr_set_pdeathsig = ctypes.CDLL(None).prctl, os.getpid(), 1

    def ask_kernel() -> None:
        prctl(pr_set_pdeathsig, number)
        if os.getppid() != parent:  # it died before the kernel was asked
            os.kill(os.getpid(), number)

    return ask_kernel


def _stop_all(children: list[Child]) -> None:
    alive = [
        child
        for child in children
        if child.process is not None and child.process.poll() is None
    ]
    for child in alive:
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(child.program.stop_signal)
    asked_at = time.monotonic()
    for child in alive:
        remaining = asked_at + child.program.grace - time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, remaining))
    for child in children:
        if child.process is not None:
            _kill_group(child)
            child.process.wait()


def _kill_group(child: Child) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)


def _in_words(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit {code}"


@contextlib.contextmanager
def in_foreground(
    argv: Sequence[str], env: dict[str, str]
) -> Iterator[subprocess.Popen]:
    """A command that shares our terminal. Ctrl-C is its own business; a SIGTERM to us is passed on."""
    process = subprocess.Popen(
        list(argv),
        env=env,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- we have no threads
    )
    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: None),
        signal.SIGTERM: signal.signal(
            signal.SIGTERM, lambda number, frame: process.terminate()
        ),
    }
    try:
        yield process
    finally:
        process.wait()
        for number, handler in handlers.items():
            signal.signal(number, handler)
