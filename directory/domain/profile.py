"""What members keep up of themselves: a photo, and that it is all still true."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import IO

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.text import slugify

from directory.domain.outbox import Letter, enqueue_all
from directory.enums import TermKind
from directory.models import Term, Therapist
from directory.pictures import draw
from directory.text import one_line
from directory.uploads import MOST_BYTES

SIDES = {"photo_small": 160, "photo_large": 640}  # pixels of the longer side
A_YEAR = timedelta(days=365)
BATCH = 200  # asked in one go, so that a whole community is not asked in one minute
MOST_SCHOOLS = 10


def set_photo(therapist: Therapist, *, file: IO[bytes]) -> None:
    """Raises ``PictureError`` with words for whoever sent it; then the photo stays as it was."""
    sent = file.read(MOST_BYTES + 1)
    drawn = draw(sent, SIDES)
    name = f"{therapist.pk}-{sha256(sent).hexdigest()[:24]}"
    before = _files(therapist)
    for size, picture in drawn.items():
        kept = getattr(therapist, size)
        kept.save(f"{name}-{size}.webp", ContentFile(picture.content), save=False)
    therapist.save(update_fields=list(SIDES))
    _forget(before)


def remove_photo(therapist: Therapist) -> None:
    before = _files(therapist)
    therapist.photo_small = therapist.photo_large = ""
    therapist.save(update_fields=list(SIDES))
    _forget(before)


def confirm_profile(therapist: Therapist) -> None:
    """It is still true, says the person."""
    therapist.confirmed_at = timezone.now()
    therapist.save(update_fields=["confirmed_at"])


@transaction.atomic
def ask_to_confirm(now: datetime | None = None) -> int:
    """Once a year each member: those first who have said nothing for longest."""
    now = now or timezone.now()
    people = (
        Therapist.objects.members()
        .filter(user__isnull=False)
        .annotate(said_at=Coalesce("confirmed_at", "joined_at"))
        .filter(said_at__lt=now - A_YEAR)
        .exclude(
            deliveries__kind="profile_confirm",
            deliveries__created_at__gt=now - A_YEAR,
        )
        .order_by("said_at", "pk")[:BATCH]
    )
    letters = [
        Letter(to=person, cause=f"confirm:{now.date()}", expires_at=now + A_YEAR)
        for person in people
    ]
    enqueue_all("profile_confirm", letters)
    return len(letters)


def schools_called(names: Iterable[str]) -> list[Term]:
    """The schools of these names: one that is known by the same name or a synonym, else a new one."""
    found: dict[int, Term] = {}
    for name in [one_line(name)[:120] for name in names][:MOST_SCHOOLS]:
        if name:
            term = _school(name)
            found[term.pk] = term
    return list(found.values())


def _school(name: str) -> Term:
    schools = Term.objects.of_kind(TermKind.SCHOOL)
    known = (
        schools.current().filter(label__iexact=name).first()
        or schools.current().filter(synonyms__contains=[name]).first()
        or schools.filter(label__iexact=name).select_related("replaced_by").first()
    )
    if known:
        return known.replaced_by or known
    slug = slugify(name)[:40] or "school"
    number = sha256(name.casefold().encode()).hexdigest()[:8]
    term, _is_new = schools.get_or_create(
        kind=TermKind.SCHOOL, slug=f"{slug}-{number}", defaults={"label": name}
    )
    return term


def _files(therapist: Therapist) -> list[tuple[FieldFile, str]]:
    kept = [getattr(therapist, size) for size in SIDES]
    return [(file, str(file.name)) for file in kept if file]


def _forget(files: list[tuple[FieldFile, str]]) -> None:
    """The files only once it is certain that nothing shows them."""

    def forget() -> None:
        for file, name in files:
            file.storage.delete(name)

    transaction.on_commit(forget, robust=True)
