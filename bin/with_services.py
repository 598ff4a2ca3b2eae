"""Run a command with PostgreSQL and Valkey up: those of the running bin/demo, else its own for the while."""

import os
import sys
import time

from services import VAR, CannotStartError, Tenancy, own_settings, start_services
from supervisor import Supervisor, in_foreground

DEFAULTS = {
    "BASE_URL": "http://localhost:8000",
    "EMAIL_URL": "smtp://127.0.0.1:2525",
    "DEFAULT_FROM_EMAIL": "Therapist community <rooms@demo.example.org>",
    "DEMO": "1",
}


def run(command: list[str], variables: dict[str, str]) -> int:
    path = f"{VAR.parent / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {
        **DEFAULTS,
        **own_settings(VAR),
        **variables,
        **os.environ,
        "PATH": path,
    }
    try:
        with in_foreground(command, environment) as process:
            code = process.wait()
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")
    return code if code >= 0 else 128 - code


def borrow(tenancy: Tenancy, command: list[str]) -> int | None:
    """Use another command's services; None when it ended before it had announced them."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with tenancy.user():
            if (variables := tenancy.announced()) is not None:
                return run(command, variables)
        with tenancy.owner() as is_owner:
            if is_owner:
                return None
        time.sleep(0.1)
    raise CannotStartError(
        "Another command is starting the services and did not get ready within a minute."
    )


def main(command: list[str]) -> int:
    if not command:
        sys.exit("Say what to run: bin/with-services python manage.py shell")
    tenancy = Tenancy(VAR)
    with tenancy.owner() as is_owner:
        if is_owner:
            with Supervisor() as supervisor:
                variables = start_services(supervisor, VAR, durable=True)
                if supervisor.stopping:
                    return 130
                tenancy.announce(variables)
                code = run(command, variables)
                tenancy.wait_for_users()
                return code
    code = borrow(tenancy, command)
    return main(command) if code is None else code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotStartError as error:
        sys.exit(str(error))
