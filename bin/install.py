"""Make .venv and install requirements.lock into it, unless that is done already.

Runs on any Python from 3.11 on, before anything is installed: standard library only.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
LOCK_FILE = ROOT / "requirements.lock"
STAMP = VENV / ".installed"
NO_NETWORK = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Max retries exceeded",
    "Network is unreachable",
    "No matching distribution found",
)


def checksum() -> str:
    return hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()


def is_installed() -> bool:
    with contextlib.suppress(OSError):
        return STAMP.read_text() == checksum() and VENV_PYTHON.exists()
    return False


def works(python: Path) -> bool:
    try:
        return (
            subprocess.run(
                [python, "-c", "import pip"], capture_output=True, check=False
            ).returncode
            == 0
        )
    except OSError:
        return False


def make_venv() -> None:
    print("Making .venv …", file=sys.stderr, flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        sys.exit(
            "Python's venv module is incomplete here, so .venv could not be made."
            " On Debian or Ubuntu: apt-get install python3-venv"
        )


def install() -> None:
    print(
        "Installing the packages in requirements.lock, once: a minute or two …",
        file=sys.stderr,
        flush=True,
    )
    pip = [
        VENV_PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    pip += ["--no-compile", "--retries", "2", "--require-hashes", "-r", LOCK_FILE]
    environment = {
        **os.environ,
        "PIP_DEFAULT_TIMEOUT": "20",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    result = subprocess.run(
        pip, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode == 0:
        return
    if any(sign in result.stdout + result.stderr for sign in NO_NETWORK):
        sys.exit(
            "No network: the packages in requirements.lock could not be fetched. Connect and run this again."
        )
    sys.exit(f"Installing requirements.lock failed:\n{result.stdout}{result.stderr}")


def main() -> None:
    if is_installed():
        return
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "install.lock").open("w") as lock:
        fcntl.flock(
            lock, fcntl.LOCK_EX
        )  # a second command waits here, then finds the work done
        if is_installed():
            return
        if not works(VENV_PYTHON):
            make_venv()
        install()
        STAMP.write_text(checksum())


if __name__ == "__main__":
    main()
