"""The part of ``bin/bench`` that has the application loaded; ``run_bench.py`` gave it services and an environment."""

import argparse
import json
import sys
from importlib import import_module

import django
from django.core.management import call_command

from benches import BENCHES
from benches.clock import clock
from benches.figures import table
from benches.picture import draw, remember
from community.garbage import look_less_often


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=BENCHES)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    clock.install()
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    # Only now: a bench imports models.
    bench = import_module(f"benches.{options.name}")
    look_less_often()  # as the web process does, whose place it takes
    figures = bench.run(options.size, options.runs)
    picture = draw(options.name, remember(options.name, figures))
    if options.json:
        for figure in figures:
            print(json.dumps(figure.as_dict()))
    else:
        print(table(figures))
        if picture:
            print(f"\nHow it grows: {picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
