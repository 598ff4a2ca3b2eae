"""Everything of mine: what every app keeps of one person, as JSON, as tables, as a calendar."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from directory.models import (
    Absence,
    ApplicationMessage,
    Block,
    ColleagueSearch,
    Export,
    Insurance,
    Licence,
    Message,
    Preference,
    StandingEvent,
    Supervision,
    Therapist,
)
from directory.registry import export_files, export_tables
from directory.sheets import write_csv

NOT_TOLD = {
    "feed_token",
    "search",
    "words",
    "vector",
}  # keys and indexes, not facts
STUCK = timedelta(minutes=10)  # its worker died
Rows = Sequence[Mapping[str, Any]]


def ask_for_export(therapist: Therapist) -> Export:
    """One that is under way goes on; one that is ready is made anew."""
    export, _is_new = Export.objects.get_or_create(therapist=therapist)
    is_stuck = export.asked_at < timezone.now() - STUCK
    if export.ready_at is not None or is_stuck:
        export.ready_at = export.content = None
        export.done = export.total = 0
        export.asked_at = timezone.now()
        export.save()
    return export


def build_export(export: Export) -> None:
    """May run twice: the second time there is nothing to do."""
    if export.ready_at is not None:
        return
    rows = Export.objects.filter(pk=export.pk, asked_at=export.asked_at)

    def tell(done: int, total: int) -> None:
        rows.update(done=done, total=total)

    content = everything_of(export.therapist, tell=tell)
    rows.update(content=content, ready_at=timezone.now())


def everything_of(
    therapist: Therapist, *, tell: Callable[[int, int], None] = lambda *_: None
) -> bytes:
    """A zip file: ``everything.json``, a table for each kind of thing, and the files that apps add.

    ``tell`` hears how many parts are done, of how many.
    """
    steps = [_of_people, *export_tables()]
    total = len(steps) + 1 + len(export_files())
    tables: dict[str, Rows] = {}
    for done, tables_of in enumerate(steps):
        tell(done, total)
        tables |= tables_of(therapist)
    tell(len(steps), total)
    kept = BytesIO()
    with ZipFile(kept, "w", ZIP_DEFLATED) as archive:
        archive.writestr(
            "everything.json",
            json.dumps(tables, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2),
        )
        for name, rows in tables.items():
            if rows:
                archive.writestr(
                    f"{name}.csv",
                    write_csv([list(rows[0]), *(list(row.values()) for row in rows)]),
                )
        for done, file_of in enumerate(export_files(), start=len(steps) + 1):
            tell(done, total)
            archive.writestr(*file_of(therapist))
        for name, file in _own_files(therapist):
            with suppress(FileNotFoundError), file.open("rb") as opened:
                archive.writestr(name, opened.read())
    return kept.getvalue()


def _of_people(therapist: Therapist) -> dict[str, Rows]:
    profile = _told(Therapist.objects.filter(pk=therapist.pk).values().get())
    profile["sign_in"] = therapist.address
    profile["terms"] = sorted(str(term) for term in therapist.terms.all())
    own = {
        "licences": Licence.objects.filter(therapist=therapist),
        "insurance": Insurance.objects.filter(therapist=therapist),
        "supervisions": Supervision.objects.filter(trainee=therapist),
        "supervises": Supervision.objects.filter(supervisor=therapist),
        "preferences": Preference.objects.filter(therapist=therapist),
        "standing": StandingEvent.objects.filter(therapist=therapist),
        "application": ApplicationMessage.objects.filter(applicant=therapist),
        "messages": Message.objects.filter(author=therapist),
        "colleague_searches": ColleagueSearch.objects.filter(therapist=therapist),
        "absences": Absence.objects.filter(moderator=therapist),
        "blocks": Block.objects.filter(blocker=therapist),
    }
    return {
        "profile": [profile],
        **{name: [_told(row) for row in rows.values()] for name, rows in own.items()},
    }


def _own_files(therapist: Therapist) -> Iterator[tuple[str, FieldFile]]:
    if therapist.photo_large:
        yield "photo.webp", therapist.photo_large
    for insurance in Insurance.objects.filter(therapist=therapist):
        if insurance.certificate:
            yield (
                f"insurance{Path(str(insurance.certificate)).suffix}",
                insurance.certificate,
            )


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in NOT_TOLD}
