"""What must be done before the demo's servers start, in one process: migrate, load the community, collect static files."""

import hashlib
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands

ROOT = Path(__file__).resolve().parent.parent


def static_fingerprint() -> str:
    """Changes when a static file of the project or any installed package does."""
    seen = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    for folder in settings.STATICFILES_DIRS:
        for path in sorted(Path(folder).rglob("*")):
            status = path.stat()
            seen.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def collect_static() -> None:
    stamp = ROOT / "var" / "static.stamp"
    fingerprint = static_fingerprint()
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    print("Collecting static files …", flush=True)
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(fingerprint)


def main() -> None:
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    if (
        "load_demo" in get_commands()
        and not apps.get_model("directory", "Community").objects.exists()
    ):
        print("Inventing a community …", flush=True)
        call_command("load_demo", verbosity=0)
    collect_static()


if __name__ == "__main__":
    main()
