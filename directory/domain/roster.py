"""A list of people from elsewhere: read, looked at row by row, then invited in the pace that the mail allows.

Importing the same list again changes nothing: whoever is known by their address is left as they are.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from itertools import islice

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue_all
from directory.enums import Standing
from directory.errors import DomainError, NotAllowedError
from directory.models import StandingEvent, Therapist
from directory.text import one_line, plain_address

BATCH = 500
LONGEST_NAME = 200
MOST_ROWS = 50_000
A_DAY_UNLIMITED = 1000
NAMES = {"name", "full name", "member"}
EMAILS = {"email", "e-mail", "email address", "mail"}


@dataclass(frozen=True)
class Row:
    """One line of a list, with what is wrong with it; ``is_known``: here already."""

    number: int
    name: str
    email: str
    wrong: str = ""
    is_known: bool = False

    @property
    def is_new(self) -> bool:
        return not self.wrong and not self.is_known


def read_roster(content: bytes) -> list[Row]:
    """All rows, in their order. Raises ``DomainError`` where it is no list of names and addresses."""
    rows = list(_rows(_decoded(content)))
    if len(rows) > MOST_ROWS:
        raise DomainError(_("At most %(count)s rows at a time.") % {"count": MOST_ROWS})
    known = _known_addresses()
    return [
        Row(
            row.number,
            row.name,
            row.email,
            row.wrong,
            is_known=not row.wrong and row.email in known,
        )
        for row in rows
    ]


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _rows(text: str) -> Iterator[Row]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [cell.strip().casefold() for cell in next(reader, [])]
        columns = [
            next((at for at, cell in enumerate(header) if cell in wanted), None)
            for wanted in (NAMES, EMAILS)
        ]
        if None in columns:
            raise DomainError(
                _(
                    "The first line names the columns; two are called “name” and “email”."
                )
            )
        seen: dict[str, int] = {}
        for number, cells in enumerate(reader, 2):
            if any(cell.strip() for cell in cells):
                yield _row(number, cells, columns, seen)
    except csv.Error as error:
        raise DomainError(_("This is no CSV file.")) from error


def _row(
    number: int,
    cells: Sequence[str],
    columns: Sequence[int | None],
    seen: dict[str, int],
) -> Row:
    name, typed = (
        one_line(cells[at]) if at is not None and at < len(cells) else ""
        for at in columns
    )
    email = plain_address(typed)
    wrong = ""
    if not name or len(name) > LONGEST_NAME:
        wrong = _("A name of 1 to 200 letters is needed.")
    elif not _is_address(email):
        wrong = _("“%(email)s” is no email address.") % {"email": typed}
    elif email in seen:
        wrong = _("The same address as in line %(number)s.") % {"number": seen[email]}
    else:
        seen[email] = number
    return Row(number, name, email, wrong)


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def _known_addresses() -> set[str]:
    people = Therapist.objects.annotate(
        kept=Lower("email"), signs_in_at=Lower("user__email")
    )
    return {
        address
        for pair in people.values_list("kept", "signs_in_at").iterator()
        for address in pair
        if address
    }


def import_roster(rows: Sequence[Row], *, by: Therapist) -> Iterator[int]:
    """Invite whoever is new, in batches; yields how many rows are done. What was done stays if it is broken off."""
    if not by.is_moderator:
        raise NotAllowedError(_("Only moderators import lists."))
    new = (row for row in rows if row.is_new)
    done, start = 0, timezone.now()
    while batch := list(islice(new, BATCH)):
        _invite(batch, by, start + done * _pace())
        done += len(batch)
        yield done


def _pace() -> timedelta:
    """Between two invitations: half of what may be mailed in a day is left to everybody else."""
    a_day = (settings.OUTBOX_DAILY_LIMIT or 2 * A_DAY_UNLIMITED) // 2
    return timedelta(days=1) / max(1, a_day)


@transaction.atomic
def _invite(batch: Sequence[Row], by: Therapist, start: datetime) -> None:
    people = Therapist.objects.bulk_create(
        [
            Therapist(
                standing=Standing.INVITED,
                name=row.name,
                email=row.email,
                invited_by=by,
            )
            for row in batch
        ],
        ignore_conflicts=True,
    )
    addresses = [person.email for person in people]
    made = list(
        Therapist.objects.filter(
            user=None,
            email__in=addresses,
            standing=Standing.INVITED,
            standing_events=None,
        ).order_by("pk")
    )
    StandingEvent.objects.bulk_create(
        StandingEvent(
            therapist=person, actor=by, new=Standing.INVITED, reason="Imported list."
        )
        for person in made
    )
    enqueue_all(
        "invitation",
        [
            Letter(
                to=person,
                cause=f"invitation:{person.pk}",
                payload={"by": by.pk},
                not_before=start + number * _pace(),
            )
            for number, person in enumerate(made)
        ],
    )
