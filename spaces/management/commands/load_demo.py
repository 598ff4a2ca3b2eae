from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directory.models import Therapist
from spaces.demo.load import CannotLoadError, load_demo
from spaces.models import Office


class Command(BaseCommand):
    help = (
        "Fill an empty database with an invented community around Berkeley and Oakland."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--therapists", type=int, default=240)
        parser.add_argument("--offices", type=int, default=150)
        parser.add_argument(
            "--seed", type=int, default=7, help="another number, other people"
        )
        parser.add_argument(
            "--calm", action="store_true", help="without the incident under way"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            load_demo(
                therapists=options["therapists"],
                offices=options["offices"],
                seed=options["seed"],
                is_calm=options["calm"],
            )
        except CannotLoadError as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            self.stdout.write(
                f"{Therapist.objects.count()} people, {Office.objects.count()} offices."
            )
