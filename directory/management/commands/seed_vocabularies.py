from typing import Any

from django.core.management.base import BaseCommand

from directory.domain.vocabulary import seed_vocabularies


class Command(BaseCommand):
    help = "Bring in the terms and synonyms of directory/vocabularies.toml that are not there yet. May be run again."

    def handle(self, *args: Any, **options: Any) -> None:
        new, learnt = seed_vocabularies()
        self.stdout.write(f"{new} new terms, {learnt} with new synonyms.")
