"""Files people send as photos of their rooms: good ones, and others."""

import struct
import zlib
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, TiffImagePlugin

ORIENTATION, GPS, MAKE = 0x0112, 0x8825, 0x010F
CAMERA = "Spy Camera 3000"


def picture(kind="JPEG", size=(900, 600), mode="RGB", exif=None, **options):
    """Left half red, right half blue."""
    image = Image.new(mode, size, "blue" if mode == "RGB" else None)
    if mode == "RGB":
        image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = BytesIO()
    if exif:
        options["exif"] = exif
    image.save(out, kind, **options)
    return out.getvalue()


def with_notes(orientation=6):
    """As a phone writes it: turned, with the place and the camera in it."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = CAMERA
    exif.get_ifd(GPS)[2] = (
        TiffImagePlugin.IFDRational(37),
        TiffImagePlugin.IFDRational(51),
        TiffImagePlugin.IFDRational(9),
    )
    return picture(exif=exif, icc_profile=CAMERA.encode(), comment=CAMERA.encode())


def bomb(side=60_000):
    """A PNG of a few hundred bytes that says it is so many pixels wide and high."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def many_scans(times):
    """A progressive JPEG whose last scan, which adds nothing, comes again and again: each is a pass over all pixels."""
    good = picture(size=(1200, 900), progressive=True)
    last = good[good.rindex(b"\xff\xc4", 0, good.rindex(b"\xff\xda")) : -2]
    return good[:-2] + last * times + good[-2:]


def wide_webp():
    """A WebP of a few hundred bytes that says it is 60,000 pixels wide and high."""
    good = picture("WEBP", (200, 200), "RGBA")
    side = (60_000 - 1).to_bytes(3, "little")
    assert good[12:16] == b"VP8X"
    return good[:24] + side + side + good[30:]


def wordy():
    """A PNG whose compressed note unpacks to 100 MB."""
    good = picture("PNG")
    note = b"note\0\0" + zlib.compress(b"a" * 100_000_000)
    crc = struct.pack(">I", zlib.crc32(b"zTXt" + note))
    at = 8 + 25  # after the signature and IHDR
    return good[:at] + struct.pack(">I", len(note)) + b"zTXt" + note + crc + good[at:]


def moving(kind="WEBP"):
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "blue")]
    out = BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PAYLOAD = b"<script>alert('polyglot')</script>PK\x03\x04"


def sent(content, name="room.jpg", content_type="image/jpeg"):
    return SimpleUploadedFile(name, content, content_type)
