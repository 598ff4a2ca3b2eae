"""What people send as a photo of themselves or as a certificate: known by its content, drawn anew, or refused in words."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from directory.models import Insurance
from tests.spaces.pictures import (
    CAMERA,
    PAYLOAD,
    SVG,
    bomb,
    many_scans,
    moving,
    picture,
    wide_webp,
    with_notes,
    wordy,
)

pytestmark = pytest.mark.django_db
TOO_LARGE, UNREADABLE = "larger than 12 MB", "no picture we can read"
PIXELS = "more than 40 million pixels"
REFUSED = {
    "13 MB": (b"\xff" * 13_000_000, TOO_LARGE),  # what comes after 12 is not kept
    "a bomb of 40,000 by 40,000": (bomb(40_000), PIXELS),
    "a bomb in WebP": (wide_webp(), PIXELS),
    "a note of 100 MB": (wordy(), UNREADABLE),
    "passes without end": (many_scans(400), "too long to read"),
    "an SVG with a script": (SVG, UNREADABLE),
    "a page": (b"<!doctype html><script>alert(1)</script>", UNREADABLE),
    "a GIF": (b"GIF89a" + b"\0" * 500, UNREADABLE),
    "a TIFF": (picture("TIFF"), UNREADABLE),
    "half a JPEG": (picture()[:4000], "cut off"),
    "half a PNG": (picture("PNG")[:1000], "cut off"),
    "a program": (b"MZ\x90\0" + b"\0" * 500, UNREADABLE),
    "half a PDF": (b"%PDF-1.7 nothing more", "cut off"),
    "an animation": (moving(), "an animation"),
    "nothing": (b"", "empty"),
}
TAKEN = {
    "as a phone writes it": with_notes(),
    "with something behind it": picture() + PAYLOAD,
    "under another name": picture("WEBP", (400, 300), "RGBA"),
}


def kept():
    if not default_storage.exists(""):
        return set()
    folders, _files = default_storage.listdir("")
    return {name for folder in folders for name in default_storage.listdir(folder)[1]}


def photo(client, file):
    said = {"name": "Dana Whitlock", "zip_code": "94618", "photo": file}
    return client.post(reverse("directory:profile_edit"), said), "form"


def certificate(client, file):
    day = timezone.localdate() + timedelta(days=300)
    said = {"day": day, "attests": "on", "certificate": file}
    return client.post(reverse("directory:insurance"), said), "insurance_form"


def test_what_cannot_be_shown_is_refused_in_words_and_not_kept(
    client, therapist, subtests
):
    before = kept()
    for send in (photo, certificate):
        for name, (content, words) in REFUSED.items():
            with subtests.test(f"{send.__name__}: {name}"):
                file = SimpleUploadedFile("me.jpg", content, "image/jpeg")
                answer, form = send(client, file)
                errors = answer.context[form].errors
                assert list(errors) == [send.__name__]
                assert words in str(errors)
    therapist.refresh_from_db()
    assert not therapist.photo_small
    assert not Insurance.objects.exists()
    assert kept() == before


def test_of_a_picture_nothing_but_the_picture_is_kept(client, therapist, subtests):
    shown = {
        photo: reverse("directory:therapist_photo", args=[therapist.pk, "large"]),
        certificate: reverse("directory:certificate", args=[therapist.pk]),
    }
    for send, url in shown.items():
        for name, content in TAKEN.items():
            with subtests.test(f"{send.__name__}: {name}"):
                file = SimpleUploadedFile("../../me.svg", content, "image/svg+xml")
                answer, _form = send(client, file)
                assert answer.status_code == 302
                served = client.get(url)
                image = Image.open(BytesIO(served.content))
                assert (image.format, dict(image.getexif())) == ("WEBP", {})
                assert served["X-Content-Type-Options"] == "nosniff"
                for word in (CAMERA.encode(), PAYLOAD, b"GPS", b"EXIF", b"svg"):
                    assert word not in served.content
