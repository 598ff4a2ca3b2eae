"""The commands in bin/, as a person at a terminal meets them. Services are those of this test run."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from services import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def unused_port():
    return free_port()


def run(*command, **environment):
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["demo", "test", "check", "bench", "with-services"])
def test_commands_are_small_and_run_by_any_posix_shell(name):
    lines = (ROOT / "bin" / name).read_text().splitlines()

    assert lines[0] == "#!/bin/sh"
    assert len(lines) <= 5
    assert run("sh", "-n", ROOT / "bin" / name).returncode == 0
    assert os.access(ROOT / "bin" / name, os.X_OK)


def test_a_missing_python_is_said_in_one_line(tmp_path):
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")

    result = run("/bin/sh", ROOT / "bin" / "demo", PATH=str(tmp_path), PYTHON="")

    assert result.returncode == 1
    assert result.stderr.startswith("Python 3.11 or newer is needed")
    assert len(result.stderr.splitlines()) == 1


def test_with_services_runs_anything_from_anywhere():
    ask = "import os; print(os.environ['REDIS_URL'], len(os.environ['SECRET_KEY']) > 50); raise SystemExit(7)"

    result = run(
        ROOT / "bin" / "with-services", "python", "-c", ask, SECRET_KEY="k" * 51
    )

    assert result.stdout == f"{os.environ['REDIS_URL']} True\n"
    assert result.returncode == 7


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([], "Say what to run: bin/with-services python manage.py shell\n"),
        (
            ["no-such-program"],
            "no-such-program cannot be run: No such file or directory\n",
        ),
    ],
)
def test_with_services_says_what_is_wrong(command, said):
    result = run(ROOT / "bin" / "with-services", *command)

    assert (result.returncode, result.stderr) == (1, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "80"], "--port is a number from 1024 to 65535, not 80.\n"),
        (
            ["--fresh"],
            "--fresh empties var/ only, and DATABASE_URL names another database: empty that yourself.\n",
        ),
    ],
)
def test_demo_says_what_is_wrong(arguments, said, unused_port):
    arguments = (
        arguments if "--port" in arguments else [*arguments, "--port", str(unused_port)]
    )

    result = run(
        ROOT / "bin" / "demo", *arguments, DATABASE_URL="postgresql://elsewhere/db"
    )

    assert result.returncode == 1
    assert result.stderr in (
        said,
        "bin/demo or bin/with-services is running in this folder already: stop that first.\n",
    )


def test_demo_names_another_port_when_its_own_is_taken(unused_port):
    with socket.create_server(("127.0.0.1", unused_port)):
        result = run(ROOT / "bin" / "demo", "--port", str(unused_port))

    assert result.returncode == 1
    assert result.stderr.startswith(
        f"Port {unused_port} is in use. Choose another: bin/demo --port "
    )


def test_check_knows_its_names():
    result = run(ROOT / "bin" / "check", "spelling")

    assert result.returncode == 1
    assert result.stderr.startswith(
        "No such check: spelling. There are: style, format, "
    )
