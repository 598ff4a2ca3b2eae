"""Every check that needs no running application, one line each; what failed says why."""

import os
import subprocess
import sys
import time

PYTHON = sys.executable
PRODUCTION = {
    "SECRET_KEY": "only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "BASE_URL": "https://rooms.example.org",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
    "DEFAULT_FROM_EMAIL": "Rooms <rooms@example.org>",
    "ALLOWED_HOSTS": "rooms.example.org",
    "BEHIND_PROXY": "1",
    "DEBUG": "0",
    "DEMO": "0",
    "DJANGO_SETTINGS_MODULE": "community.settings",
}
CHECKS = {
    "style": [PYTHON, "-m", "ruff", "check", "."],
    "format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "templates": [PYTHON, "-m", "djlint", "--lint", "--quiet", "templates"],
    "template format": [PYTHON, "-m", "djlint", "--check", "--quiet", "templates"],
    "import layers": [
        PYTHON,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ],
    "types": [PYTHON, "-m", "mypy"],
    "deployment": [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
    # asks no database: that the history in one is consistent is the tests' business
    "migrations": [
        PYTHON,
        "-W",
        "ignore::RuntimeWarning",
        "manage.py",
        "makemigrations",
        "--check",
        "--dry-run",
    ],
}


def main(names: list[str]) -> int:
    if unknown := set(names) - set(CHECKS):
        sys.exit(
            f"No such check: {', '.join(sorted(unknown))}. There are: {', '.join(CHECKS)}."
        )
    failed = [name for name in names or CHECKS if not passes(name)]
    if failed:
        print(f"\nNot clean: {', '.join(failed)}.")
    return 1 if failed else 0


def passes(name: str) -> bool:
    began = time.monotonic()
    result = subprocess.run(
        CHECKS[name],
        env={**os.environ, **PRODUCTION},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(
        f"{name:<16} {'FAILS' if result.returncode else 'clean'}   {time.monotonic() - began:5.1f} s",
        flush=True,
    )
    if result.returncode:
        print(result.stdout, flush=True)
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
