"""Photos of rooms: what was sent is read once, drawn anew in three sizes, and forgotten. decisions/0004-photos.md"""

import re
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from io import BytesIO
from typing import IO

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Max
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from directory.models import Therapist
from spaces.domain.availability import lock_offices
from spaces.domain.office import only_hosts
from spaces.errors import PictureError
from spaces.models import Office, OfficePhoto
from spaces.models.photo import MOST_PHOTOS, MOST_PIXELS, SIDES
from spaces.uploads import MOST_BYTES

FORMATS = ["JPEG", "PNG", "WEBP"]  # known by their content, whatever the name says
LEAST_SIDE = 160
QUALITY = 82
MOST_SCANS = 32  # a camera writes one, progressive files have about ten; each goes over the whole picture
JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])")
BARE_MARKERS = frozenset(range(0xD0, 0xD9)) | {0x01}  # nothing but the marker
END_OF_IMAGE, SCAN = 0xD9, 0xDA
UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)


def add_photo(
    office: Office, *, by: Therapist, file: IO[bytes], alt: str
) -> OfficePhoto:
    """Keep a picture of the room. Raises ``PictureError`` with words for whoever sent it; then nothing is kept."""
    only_hosts(office, by)
    sent = file.read(MOST_BYTES + 1)
    if len(sent) > MOST_BYTES:
        raise PictureError(
            _("That file is larger than 12 MB. Send a smaller copy of it.")
        )
    picture = _opened(sent)
    drawn = {size: _drawn(picture, side) for size, side in SIDES.items()}
    name = f"{office.pk}-{sha256(sent).hexdigest()[:24]}"
    with transaction.atomic():
        lock_offices([office.pk])
        _room_for_one_more(office, name)
        photo = OfficePhoto(
            office=office,
            alt=alt,
            position=_next_position(office),
            width=drawn["large"][1],
            height=drawn["large"][2],
        )
        written = []
        try:
            for size, (content, _width, _height) in drawn.items():
                kept = getattr(photo, size)
                kept.save(f"{name}-{size}.webp", ContentFile(content), save=False)
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


def _opened(sent: bytes) -> Image.Image:
    """Upright, in plain colours. Its measures are looked at before anything is decoded."""
    try:
        picture = Image.open(BytesIO(sent), formats=FORMATS)
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise PictureError(
                _(
                    "That picture has more than 40 million pixels. Send a smaller copy of it."
                )
            )
        if min(width, height) < LEAST_SIDE:
            raise PictureError(
                _(
                    "That picture is only %(width)s by %(height)s pixels: too small to see a room."
                )
                % {"width": width, "height": height}
            )
        if picture.format != "MPO" and getattr(picture, "is_animated", False):
            raise PictureError(_("That is an animation. Send one still picture."))
        if picture.format in {"JPEG", "MPO"} and _has_too_many_scans(sent):
            raise PictureError(
                _(
                    "That JPEG is packed in an unusual way, which takes too long to read. Save it once more as an ordinary JPEG or PNG, please."
                )
            )
        picture.draft("RGB", (SIDES["large"], SIDES["large"]))
        picture.load()
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(
            _(
                "That picture has more than 40 million pixels. Send a smaller copy of it."
            )
        ) from error
    except UNREADABLE as error:
        raise PictureError(
            _(
                "That is no picture we can read, or it is cut off. JPEG, PNG and WebP work."
            )
        ) from error
    return _plain(_upright(picture))


def _has_too_many_scans(jpeg: bytes) -> bool:
    """A few kilobytes can hold thousands of them. Looks at the markers alone, in their order, as a decoder does."""
    scans, at = 0, 0
    while found := JPEG_MARKER.search(jpeg, at):
        marker, at = found[1][0], found.end()
        if marker == END_OF_IMAGE:
            break
        if marker in BARE_MARKERS:
            continue
        scans += marker == SCAN
        if scans > MOST_SCANS:
            return True
        at += int.from_bytes(jpeg[at : at + 2])
    return False


def _upright(picture: Image.Image) -> Image.Image:
    """As the camera was held. A picture whose notes are garbled is still a picture."""
    with suppress(*UNREADABLE):
        return ImageOps.exif_transpose(picture)
    return picture


def _plain(picture: Image.Image) -> Image.Image:
    """No more than the largest size, opaque on white."""
    if picture.mode in {"P", "PA", "LA", "La"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    side = SIDES["large"]
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    picture.thumbnail((side, side), reducing_gap=2.0)
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        return paper
    return picture.convert("RGB")


def _drawn(picture: Image.Image, side: int) -> tuple[bytes, int, int]:
    """A new file with nothing in it but the pixels: no notes of place, camera or owner."""
    copy = Image.new("RGB", picture.size)
    copy.paste(picture)
    copy.thumbnail((side, side), reducing_gap=2.0)
    out = BytesIO()
    copy.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue(), copy.width, copy.height


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
