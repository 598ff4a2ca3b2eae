"""Everything of mine: what every app keeps of one person, as JSON, as tables, as a calendar."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models.fields.files import FieldFile

from directory.models import (
    ApplicationMessage,
    Block,
    ColleagueSearch,
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
Rows = Sequence[Mapping[str, Any]]


def everything_of(therapist: Therapist) -> bytes:
    """A zip file: ``everything.json``, a table for each kind of thing, and the files that apps add."""
    tables: dict[str, Rows] = _of_people(therapist)
    for tables_of in export_tables():
        tables |= tables_of(therapist)
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
        for file_of in export_files():
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
