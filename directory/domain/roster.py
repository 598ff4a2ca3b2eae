"""A list of people from elsewhere: read, looked at row by row, then invited in the pace that the mail allows.

Importing the same list again changes nothing: whoever is known by their address is left as they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from directory.domain.outbox import Letter, enqueue_all
from directory.enums import Standing
from directory.errors import DomainError, NotAllowedError
from directory.models import StandingEvent, Therapist
from directory.sheets import read_table
from directory.text import bare_address, one_line, plain_address

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
    like: str = ""  # the address of somebody else that this one looks like

    @property
    def is_new(self) -> bool:
        return not self.wrong and not self.is_known


def read_roster(content: bytes) -> list[Row]:
    """All rows, in their order. Raises ``DomainError`` where it is no list of names and addresses."""
    rows = list(_rows(read_table(content)))
    known = _known_addresses()
    by_bare = {bare_address(address): address for address in sorted(known)}
    read = []
    for row in rows:
        if row.wrong:
            read.append(row)
            continue
        is_known = row.email in known
        first = by_bare.setdefault(bare_address(row.email), row.email)
        like = "" if is_known or first == row.email else first
        read.append(replace(row, is_known=is_known, like=like))
    return read


def _rows(table: Iterator[list[str]]) -> Iterator[Row]:
    header = [cell.strip().casefold() for cell in next(table, [])]
    columns = [
        next((at for at, cell in enumerate(header) if cell in wanted), None)
        for wanted in (NAMES, EMAILS)
    ]
    if None in columns:
        raise DomainError(
            _("The first line names the columns; two are called “name” and “email”.")
        )
    seen: dict[str, int] = {}
    for number, cells in enumerate(table, 2):
        if number > MOST_ROWS + 1:
            raise DomainError(
                _("At most %(count)s rows at a time.") % {"count": MOST_ROWS}
            )
        if any(cell.strip() for cell in cells):
            yield _row(number, cells, columns, seen)


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


def import_roster(
    rows: Sequence[Row], *, by: Therapist, checked_on: date | None = None
) -> Iterator[int]:
    """Invite whoever is new, in batches; yields how many rows are done. What was done stays if it is broken off.

    ``checked_on``: when the association that keeps the list looked up the licences of all who are on it.
    """
    if not by.is_moderator:
        raise NotAllowedError(_("Only moderators import lists."))
    said = _("Imported list.")
    if checked_on:
        said += " " + _("Checked by the association on %(day)s.") % {
            "day": date_format(checked_on)
        }
    new = (row for row in rows if row.is_new)
    done, start = 0, timezone.now()
    while batch := list(islice(new, BATCH)):
        _invite(batch, by, start + done * _pace(), said)
        done += len(batch)
        yield done


def _pace() -> timedelta:
    """Between two invitations: half of what may be mailed in a day is left to everybody else."""
    a_day = (settings.OUTBOX_DAILY_LIMIT or 2 * A_DAY_UNLIMITED) // 2
    return timedelta(days=1) / max(1, a_day)


@transaction.atomic
def _invite(batch: Sequence[Row], by: Therapist, start: datetime, said: str) -> None:
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
        StandingEvent(therapist=person, actor=by, new=Standing.INVITED, reason=said)
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


# --- The other way -------------------------------------------------------------------


def roster_table() -> Iterator[list[Any]]:
    """Everybody who was ever asked or let in, a line each, under a line of names."""
    yield [
        _("name"),
        _("email"),
        _("standing"),
        _("member since"),
        _("licences"),
        _("valid until"),
        _("checked on"),
        _("invited by"),
    ]
    people = (
        Therapist.objects.select_related("user", "invited_by")
        .prefetch_related("licences__kind")
        .order_by("name", "pk")
    )
    for person in people.iterator(BATCH):
        licences = list(person.licences.all())
        yield [
            person.name,
            person.address,
            person.get_standing_display(),
            person.joined_at and person.joined_at.date(),
            "; ".join(str(licence) for licence in licences),
            _earliest(licence.expires_on for licence in licences),
            _earliest(
                licence.checked_at and licence.checked_at.date() for licence in licences
            ),
            person.invited_by.name if person.invited_by else "",
        ]


def _earliest(days: Iterable[date | None]) -> date | None:
    return min((day for day in days if day), default=None)
