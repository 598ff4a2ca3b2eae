"""A picture that somebody sends: read once, drawn anew in the sizes that are shown, and forgotten. decisions/0004-photos.md"""

import re
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import NamedTuple

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from directory.errors import PictureError
from directory.uploads import MOST_BYTES

MOST_PIXELS = 40_000_000
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


class Drawn(NamedTuple):
    content: bytes
    width: int
    height: int


def draw(sent: bytes, sides: Mapping[str, int]) -> dict[str, Drawn]:
    """WebP files by the names of ``sides``, in pixels of the longer side. Raises ``PictureError`` with words for whoever
    sent it."""
    if len(sent) > MOST_BYTES:
        raise PictureError(
            _("That file is larger than 12 MB. Send a smaller copy of it.")
        )
    picture = _opened(sent, max(sides.values()))
    return {size: _drawn(picture, side) for size, side in sides.items()}


def _opened(sent: bytes, largest: int) -> Image.Image:
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
                    "That picture is only %(width)s by %(height)s pixels: too small to see anything."
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
        picture.draft("RGB", (largest, largest))
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
    return _plain(_upright(picture), largest)


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


def _plain(picture: Image.Image, side: int) -> Image.Image:
    """No more than the largest size, opaque on white."""
    if picture.mode in {"P", "PA", "LA", "La"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    picture.thumbnail((side, side), reducing_gap=2.0)
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        return paper
    return picture.convert("RGB")


def _drawn(picture: Image.Image, side: int) -> Drawn:
    """A new file with nothing in it but the pixels: no notes of place, camera or owner."""
    copy = Image.new("RGB", picture.size)
    copy.paste(picture)
    copy.thumbnail((side, side), reducing_gap=2.0)
    out = BytesIO()
    copy.save(out, "WEBP", quality=QUALITY, method=4)
    return Drawn(out.getvalue(), copy.width, copy.height)
