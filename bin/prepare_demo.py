"""What the demo's servers need before they start, in one process: tables, a community, static files."""

import django
from django.apps import apps
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    if not apps.get_model("directory", "Community").objects.exists():
        call_command("load_demo", verbosity=0)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)


if __name__ == "__main__":
    main()
