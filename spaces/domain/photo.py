"""Photos of rooms: what was sent is read once, drawn anew in three sizes, and forgotten. decisions/0004-photos.md"""

from collections.abc import Iterable
from hashlib import sha256
from typing import IO

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Max
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from directory.errors import PictureError
from directory.models import Therapist
from directory.pictures import draw
from directory.uploads import MOST_BYTES
from spaces.domain.availability import lock_offices
from spaces.domain.office import only_hosts
from spaces.models import Office, OfficePhoto
from spaces.models.photo import MOST_PHOTOS, SIDES


def add_photo(
    office: Office, *, by: Therapist, file: IO[bytes], alt: str
) -> OfficePhoto:
    """Keep a picture of the room. Raises ``PictureError`` with words for whoever sent it; then nothing is kept."""
    only_hosts(office, by)
    sent = file.read(MOST_BYTES + 1)
    drawn = draw(sent, SIDES)
    name = f"{office.pk}-{sha256(sent).hexdigest()[:24]}"
    with transaction.atomic():
        lock_offices([office.pk])
        _room_for_one_more(office, name)
        photo = OfficePhoto(
            office=office,
            alt=alt,
            position=_next_position(office),
            width=drawn["large"].width,
            height=drawn["large"].height,
        )
        written = []
        try:
            for size, picture in drawn.items():
                kept = getattr(photo, size)
                kept.save(
                    f"{name}-{size}.webp", ContentFile(picture.content), save=False
                )
                written.append(kept)
            photo.save()
        except Exception:
            _remove(written)
            raise
    return photo


def describe_photo(photo: OfficePhoto, *, by: Therapist, alt: str) -> None:
    only_hosts(photo.office, by)
    photo.alt = alt
    photo.save(update_fields=["alt"])


@transaction.atomic
def move_photo(photo: OfficePhoto, *, by: Therapist, steps: int) -> None:
    """Nearer to the beginning (-1) or the end (1). The first is the one that lists show."""
    only_hosts(photo.office, by)
    lock_offices([photo.office_id])
    photos = list(photo.office.photos.all())
    at = photos.index(photo)
    photos.insert(min(max(at + steps, 0), len(photos) - 1), photos.pop(at))
    for position, moved in enumerate(photos):
        moved.position = position
    OfficePhoto.objects.bulk_update(photos, ["position"])


@transaction.atomic
def delete_photo(photo: OfficePhoto, *, by: Therapist) -> None:
    """Row and files; the files only once it is certain."""
    only_hosts(photo.office, by)
    files = [getattr(photo, size) for size in SIDES]
    OfficePhoto.objects.filter(pk=photo.pk).delete()
    transaction.on_commit(lambda: _remove(files), robust=True)


def _room_for_one_more(office: Office, name: str) -> None:
    photos = list(office.photos.all())
    if len(photos) >= MOST_PHOTOS:
        raise PictureError(
            _("%(most)s photos are enough. Delete one to make room for another.")
            % {"most": MOST_PHOTOS}
        )
    if any(name in str(photo.large.name) for photo in photos):
        raise PictureError(_("This picture is here already."))


def _next_position(office: Office) -> int:
    last: int | None = office.photos.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def _remove(files: Iterable[FieldFile]) -> None:
    for kept in files:
        kept.storage.delete(str(kept.name))
