"""Run one bench with services of its own on fresh data in var/bench. What it measures is in bin/benches/."""

import argparse
import os
import secrets
import shutil
import sys

from benches import BENCHES, USUAL_RUNS
from services import ROOT, VAR, CannotStartError, Tenancy, start_services
from supervisor import Supervisor, in_foreground

FOLDER = VAR / "bench"


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("name", choices=BENCHES)
    parser.add_argument(
        "--size",
        type=int,
        help=f"how many offices there are, or colleagues to be told ({_sizes()})",
    )
    parser.add_argument(
        "--json", action="store_true", help="one object a line instead of a table"
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=USUAL_RUNS,
        help=f"of each, at most ({USUAL_RUNS})",
    )
    options = parser.parse_args()
    if options.size is None:
        options.size = BENCHES[options.name]
    if options.size < 1 or options.runs < 1:
        parser.error("--size and --runs are numbers from 1 up")
    return options


def _sizes() -> str:
    return ", ".join(f"{name} {size:,}" for name, size in BENCHES.items())


def begin_anew() -> None:
    for name in ("postgres", "valkey", "log"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)


def environment_with(services: dict[str, str]) -> dict[str, str]:
    """Nothing of a real server's environment reaches a bench: neither its database nor its mail server."""
    return {
        **os.environ,
        **services,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "BASE_URL": "http://localhost:8000",
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "OUTBOX_CONNECTIONS": "8",  # as the limits in docs were taken
        "DEFAULT_FROM_EMAIL": "Rooms <rooms@example.org>",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "BEHIND_PROXY": "0",
        "DEBUG": "0",
        "DEMO": "0",
        "DJANGO_SETTINGS_MODULE": "benches.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "bin")]),
    }


def main() -> int:
    options = read_arguments()
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with Tenancy(FOLDER).owner() as is_owner:
        if not is_owner:
            raise CannotStartError("Another bin/bench is running in this folder.")
        begin_anew()
        with Supervisor() as supervisor:
            services = start_services(supervisor, FOLDER, durable=True)
            if supervisor.stopping:
                return 130
            command = [sys.executable, "-m", "benches", options.name]
            command += ["--size", str(options.size), "--runs", str(options.runs)]
            command += ["--json"] if options.json else []
            with in_foreground(command, environment_with(services)) as bench:
                while (code := bench.poll()) is None:
                    supervisor.tick(timeout=1)  # a service that died starts again
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotStartError as error:
        sys.exit(str(error))
