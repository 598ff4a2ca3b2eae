"""Run pytest with services of its own and a Chromium. Several runs may go on at once, each in its own var/test-N."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from services import ROOT, VAR, CannotStartError, Tenancy, start_services
from supervisor import Supervisor, in_foreground

CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
MOST_RUNS = 9
INTERRUPTED = 2  # pytest's word for Ctrl-C
# All at once on two cores; then those that start services of their own, the story beside the others: it is long and
# mostly waits, for what its worker does.
PHASES = [
    [
        "-n",
        "2",
        "--dist",
        "loadscope",
        "tests",
        "--ignore=tests/ops",
        "--ignore=tests/story",
    ],
    ["-n", "2", "--dist", "loadscope", "tests/ops", "tests/story"],
]


def installed_chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named and shutil.which(named):
        return shutil.which(named)
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    return playwrights_chromium()


def playwrights_chromium() -> str | None:
    ask = "from playwright.sync_api import sync_playwright as p\nwith p() as x: print(x.chromium.executable_path)"
    said = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=False
    ).stdout.strip()
    return said if said and Path(said).exists() else None


def install_chromium() -> str | None:
    print(
        "No Chromium here: installing it for the browser tests …",
        file=sys.stderr,
        flush=True,
    )
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "-qq", "update"],
            ["apt-get", "-qq", "install", "--yes", "chromium"],
        ):
            subprocess.run(command, env=quiet, capture_output=True, check=False)
        if path := shutil.which("chromium"):
            return path
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    subprocess.run(playwright, capture_output=True, check=False)
    return playwrights_chromium()


def find_chromium() -> str:
    path = installed_chromium() or install_chromium()
    if path is None:
        raise CannotStartError(
            "The browser tests need Chromium, which is missing and could not be installed here:"
            " install the package chromium, or name a browser in CHROMIUM."
        )
    return path


@contextlib.contextmanager
def free_folder() -> Iterator[Path]:
    """The first of var/test-1 … that no other run is using."""
    with contextlib.ExitStack() as held:
        for number in range(1, MOST_RUNS + 1):
            folder = VAR / f"test-{number}"
            if held.enter_context(Tenancy(folder).owner()):
                yield folder
                return
        raise CannotStartError(f"{MOST_RUNS} runs of bin/test are going on already.")


def models_changed(folder: Path) -> bool:
    """True when the database kept from the last run was made by other migrations."""
    seen = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        seen.update(path.read_bytes())
    stamp = folder / "migrations.sha256"
    is_same = stamp.exists() and stamp.read_text() == seen.hexdigest()
    stamp.write_text(seen.hexdigest())
    return not is_same


def main(arguments: list[str]) -> int:
    chromium = find_chromium()
    with free_folder() as folder, Supervisor() as supervisor:
        variables = start_services(supervisor, folder, durable=False)
        if supervisor.stopping:
            return 130
        if models_changed(folder):
            arguments = ["--create-db", *arguments]
        environment = {**os.environ, **variables, "CHROMIUM": chromium}
        worst = 0
        for phase in phases_of(arguments):
            code = run_pytest(phase, environment)
            worst = max(worst, code)
            if code == INTERRUPTED or code > 128:
                break
        return worst


def phases_of(arguments: list[str]) -> list[list[str]]:
    """Everything, in phases, unless the arguments choose tests."""
    if all(argument.startswith("-") for argument in arguments):
        return [[*phase, *arguments] for phase in PHASES]
    return [arguments]


def run_pytest(arguments: list[str], environment: dict[str, str]) -> int:
    with in_foreground(
        [sys.executable, "-m", "pytest", *arguments], environment
    ) as pytest:
        code = pytest.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotStartError as error:
        sys.exit(str(error))
