import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from supervisor import Program, Supervisor

PATIENCE = 20  # seconds that nothing here needs, unless it is broken


def script(*lines):
    return [sys.executable, "-c", "\n".join(lines)]


class Line:
    """A pipe with a name: children write lines into it, the test waits for them."""

    def __init__(self, path):
        self.path = str(path)
        os.mkfifo(path)
        self.reader = os.open(
            path, os.O_RDWR
        )  # also for writing: no end of file between writers
        self.unread = b""

    def read(self):
        while b"\n" not in self.unread:
            assert select.select([self.reader], [], [], PATIENCE)[0], (
                "nothing was said in time"
            )
            self.unread += os.read(self.reader, 4096)
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode()

    def say(self, words):
        return f"open({self.path!r}, 'w').write({words} + '\\n')"


@pytest.fixture
def line(tmp_path):
    line = Line(tmp_path / "line")
    yield line
    os.close(line.reader)


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(said):
    with Supervisor(say=said.append) as supervisor:
        yield supervisor


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return (
        Path(f"/proc/{pid}/stat").exists()
        and " Z " in Path(f"/proc/{pid}/stat").read_text()
    )


def test_what_dies_is_started_again(supervisor, line, said):
    lives = script("import os, time", line.say("str(os.getpid())"), "time.sleep(600)")
    supervisor.start(Program("web", lives))
    first = int(line.read())

    os.kill(first, signal.SIGKILL)

    assert supervisor.wait_until(
        lambda: supervisor.children["web"].restarts == 1, seconds=PATIENCE
    )
    second = int(line.read())
    assert second != first
    assert not is_gone(second)
    assert said == ["web ended (SIGKILL); starting it again in 0.2 s."]


def test_what_dies_again_and_again_is_started_ever_more_slowly(supervisor, said):
    supervisor.start(Program("worker", script("raise SystemExit(3)")))

    assert supervisor.wait_until(lambda: len(said) == 3, seconds=PATIENCE)

    assert said == [
        f"worker ended (exit 3); starting it again in {delay} s."
        for delay in ("0.2", "0.4", "0.8")
    ]


def test_what_cannot_be_started_is_said_and_tried_again(supervisor, said):
    supervisor.start(Program("worker", ["/no/such/program"]))

    assert supervisor.wait_until(lambda: len(said) == 2, seconds=PATIENCE)

    assert said[0].startswith("worker cannot start: ")


def test_stopping_asks_the_first_process_alone_and_lets_it_finish(supervisor, line):
    grandchild = script(
        "import signal, time",
        f"signal.signal(signal.SIGTERM, lambda *a: {line.say(repr('grandchild was signalled'))})",
        line.say("'ready'"),
        "time.sleep(600)",
    )
    parent = script(
        "import signal, subprocess, sys, time",
        f"child = subprocess.Popen({grandchild!r})",
        "def stop(*a):",
        "    child.kill()",
        "    child.wait()",
        f"    {line.say(repr('finished'))}",
        "    sys.exit()",
        "signal.signal(signal.SIGTERM, stop)",
        line.say("'ready'"),
        "time.sleep(600)",
    )
    supervisor.start(Program("worker", parent))
    assert [line.read(), line.read()] == ["ready", "ready"]

    supervisor.stop()

    assert line.read() == "finished"
    assert line.unread == b""


def test_what_does_not_stop_is_killed_with_all_it_started(supervisor, line):
    stubborn = script(
        "import os, signal, time",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "time.sleep(600)",
    )
    parent = script(
        "import os, signal, subprocess, time",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        f"child = subprocess.Popen({stubborn!r})",
        line.say("f'{os.getpid()} {child.pid}'"),
        "time.sleep(600)",
    )
    supervisor.start(Program("worker", parent, grace=0.1))
    pids = [int(pid) for pid in line.read().split()]

    supervisor.stop()

    assert supervisor.wait_until(lambda: all(map(is_gone, pids)), seconds=PATIENCE)


def test_a_stop_signal_ends_the_run(supervisor, line):
    supervisor.start(
        Program(
            "web",
            script(
                "import os", f"os.kill({os.getpid()}, {int(signal.SIGTERM)})", "input()"
            ),
        )
    )

    supervisor.run()

    assert supervisor.stopping


def test_call_gives_the_exit_code(supervisor):
    assert supervisor.call(Program("prepare", script("raise SystemExit(7)"))) == 7


def test_call_gives_up_when_asked_to_stop(supervisor):
    endless = script(
        "import os, time",
        f"os.kill({os.getpid()}, {int(signal.SIGINT)})",
        "time.sleep(600)",
    )

    assert supervisor.call(Program("prepare", endless)) is None


def test_children_do_not_outlive_a_supervisor_that_is_killed(line):
    child = script("import os, time", line.say("str(os.getpid())"), "time.sleep(600)")
    own = subprocess.Popen(
        script(
            "from supervisor import Program, Supervisor",
            "with Supervisor() as supervisor:",
            f"    supervisor.start(Program('web', {child!r}))",
            "    supervisor.run()",
        ),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "bin")},
    )
    pid = int(line.read())

    own.kill()
    own.wait()

    deadline = time.monotonic() + PATIENCE
    while not is_gone(pid) and time.monotonic() < deadline:
        os.sched_yield()
    assert is_gone(pid)


@pytest.fixture
def outlives(line):
    """Under nohup, with nobody reading what it says."""
    child = script("import os, time", line.say("str(os.getpid())"), "time.sleep(600)")
    reading, writing = os.pipe()
    os.close(reading)
    own = subprocess.Popen(
        script(
            "import signal",
            "from supervisor import Program, Supervisor",
            "signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does",
            "with Supervisor() as supervisor:",
            f"    supervisor.start(Program('web', {child!r}))",
            "    supervisor.run()",
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=writing,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "bin")},
    )
    os.close(writing)
    yield own
    own.terminate()
    own.wait(PATIENCE)


def test_a_run_outlives_its_terminal_when_asked_to(outlives, line):
    first = int(line.read())

    outlives.send_signal(signal.SIGHUP)
    os.kill(first, signal.SIGKILL)

    assert int(line.read()) != first
    assert outlives.poll() is None
