from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from spaces.models import OfficePhoto
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.factories.spaces import OfficeFactory
from tests.spaces.pictures import (
    CAMERA,
    PAYLOAD,
    SVG,
    bomb,
    many_scans,
    moving,
    picture,
    sent,
    wide_webp,
    with_notes,
    wordy,
)
from tests.spaces.rooms import open_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(therapist):
    return open_office(hosts=[therapist])


def send(client, office, *contents, alt="Two armchairs", **files):
    rows = {}
    for number, content in enumerate(contents):
        rows[f"photo{number}-file"] = sent(content, **files)
        rows[f"photo{number}-alt"] = alt
    return client.post(reverse("spaces:office_photos", args=[office.pk]), rows)


def errors(response):
    return " ".join(
        str(error)
        for row in response.context["rows"]
        for found in row.errors.values()
        for error in found
    )


def served(client, photo, size="small"):
    return client.get(reverse("spaces:office_photo", args=[photo.pk, size]))


def opened(response):
    return Image.open(BytesIO(response.content))


def test_photo_is_drawn_anew_in_three_sizes_without_its_notes(client, office):
    response = send(
        client, office, with_notes(orientation=6), picture("PNG", (2400, 1000))
    )

    assert response.url == reverse("spaces:office_photos", args=[office.pk])
    turned, wide = office.photos.all()
    assert (turned.width, turned.height) == (600, 900)  # upright
    assert [wide.measures(size) for size in ("small", "medium", "large")] == [
        (320, 133),
        (800, 334),
        (1600, 667),
    ]
    for photo in (turned, wide):
        for size in ("small", "medium", "large"):
            answer = served(client, photo, size)
            image = opened(answer)
            assert image.size == pytest.approx(photo.measures(size), abs=1)
            assert not image.getexif()
            assert CAMERA.encode() not in answer.content
    # turned by a quarter: what was left is on top
    red, _green, blue = (
        opened(served(client, turned, "medium")).convert("RGB").getpixel((250, 50))
    )
    assert red > 200 > 100 > blue


def test_photo_is_served_as_what_it_is_and_kept_by_this_person_alone(client, office):
    send(client, office, picture())

    answer = served(client, OfficePhoto.objects.get())

    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert served(client, OfficePhoto.objects.get(), "huge").status_code == 404


def test_photo_is_for_those_who_may_see_the_room(client, office, therapist):
    send(client, office, picture())
    photo = OfficePhoto.objects.get()
    member, blocked = TherapistFactory(), TherapistFactory()
    BlockFactory(blocker=therapist, blocked=blocked)

    for person, status in (
        (member, 200),
        (blocked, 404),
        (TherapistFactory(standing="applicant"), 302),
    ):
        client.force_login(person.user)
        assert served(client, photo).status_code == status
    client.logout()
    assert served(client, photo).status_code == 302

    office.is_hidden = True
    office.save()
    client.force_login(member.user)
    assert served(client, photo).status_code == 404
    client.force_login(therapist.user)
    assert served(client, photo).status_code == 200


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (SVG, "room.jpg", "no picture we can read"),
        (b"GIF89a" + b"\0" * 500, "room.gif", "no picture we can read"),
        (b"%PDF-1.7 nothing to see", "room.jpg", "no picture we can read"),
        (picture()[:4000], "room.jpg", "cut off"),
        (picture("PNG")[:1000], "room.png", "cut off"),
        (picture("BMP"), "room.jpg", "no picture we can read"),
        (b"", "room.jpg", "That file is empty"),
        (b"x" * (12 * 1024 * 1024 + 1), "room.jpg", "larger than 12 MB"),
        (bomb(), "room.png", "more than 40 million pixels"),
        (picture("PNG", (8000, 5001), "1"), "room.png", "more than 40 million pixels"),
        (wide_webp(), "room.webp", "more than 40 million pixels"),
        (many_scans(400), "room.jpg", "takes too long to read"),
        (wordy(), "room.png", "no picture we can read"),
        (moving("WEBP"), "room.webp", "an animation"),
        (moving("PNG"), "room.png", "an animation"),
        (picture(size=(600, 20)), "room.jpg", "too small to see anything"),
    ],
    ids=[
        *["svg", "gif", "pdf", "half a jpeg", "half a png", "bmp", "empty", "huge"],
        *["bomb", "just too many pixels", "webp bomb", "bomb of scans"],
        *["bomb of words", "webp", "apng", "tiny"],
    ],
)
def test_what_is_no_photo_is_refused_kindly_and_nothing_else_is_lost(
    client, office, content, name, words
):
    before = (
        set(default_storage.listdir("offices")[1])
        if default_storage.exists("offices")
        else set()
    )

    response = client.post(
        reverse("spaces:office_photos", args=[office.pk]),
        {
            "photo0-file": sent(content, name),
            "photo0-alt": "The window",
            "photo1-file": sent(picture(size=(500, 400))),
            "photo1-alt": "The chairs",
        },
    )

    assert response.status_code == 200
    assert words in errors(response)
    assert 'value="The window"' in response.content.decode()  # what was typed stays
    assert [photo.alt for photo in office.photos.all()] == ["The chairs"]
    assert len(set(default_storage.listdir("offices")[1]) - before) == 3


def test_a_huge_file_is_forgotten_while_it_comes_in(client, office):
    response = send(client, office, b"x" * (12 * 1024 * 1024 + 1), picture())

    assert list(response.wsgi_request.FILES) == ["photo1-file"]
    assert office.photos.count() == 1


def test_of_a_polyglot_only_the_picture_is_kept(client, office):
    send(
        client, office, picture() + PAYLOAD, name="room.html", content_type="text/html"
    )

    photo = OfficePhoto.objects.get()
    answer = served(client, photo, "large")
    assert b"script" not in answer.content
    assert answer["Content-Type"] == "image/webp"
    assert photo.large.name.endswith("-large.webp")


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("RGBA", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("I;16", "PNG"),
        ("1", "PNG"),
        ("L", "JPEG"),
        ("CMYK", "JPEG"),
        ("RGBA", "WEBP"),
    ],
)
def test_pictures_of_every_kind_become_plain_ones(client, office, mode, kind):
    send(client, office, picture(kind, (400, 300), mode))

    assert opened(served(client, OfficePhoto.objects.get())).mode == "RGB"


def test_progressive_pictures_and_what_phones_put_behind_them_are_welcome(
    client, office
):
    """Behind the end of the picture there may be a film: whatever looks like scans there is none."""
    film = b"\xff\xda" * 500
    send(client, office, many_scans(5), picture(size=(501, 300)) + film)

    assert office.photos.count() == 2


def test_photo_needs_its_words_and_words_their_photo(client, office):
    response = client.post(
        reverse("spaces:office_photos", args=[office.pk]),
        {"photo0-file": sent(picture()), "photo1-alt": "The chairs"},
    )

    assert "Say in a few words what it shows" in errors(response)
    assert "Choose the picture for these words" in errors(response)
    assert not OfficePhoto.objects.exists()


def test_photos_are_put_in_order_described_and_deleted(
    client, office, django_capture_on_commit_callbacks
):
    for number in range(3):
        send(client, office, picture(size=(400 + number, 300)), alt=f"Photo {number}")
    first, _second, last = office.photos.all()

    client.post(reverse("spaces:office_photo_move", args=[last.pk]), {"to": "earlier"})
    client.post(
        reverse("spaces:office_photo_words", args=[first.pk]),
        {f"p{first.pk}-alt": "A lamp"},
    )
    assert [photo.alt for photo in office.photos.all()] == [
        "A lamp",
        "Photo 2",
        "Photo 1",
    ]
    for typed, words in (("", "Say in a few words"), ("A lamp " * 30, "at most 200")):
        refused = client.post(
            reverse("spaces:office_photo_words", args=[first.pk]),
            {f"p{first.pk}-alt": typed},
        )
        [form] = [f for photo, f in refused.context["photos"] if photo == first]
        assert words in str(form["alt"].errors)  # beside the field,
        assert form["alt"].value() == typed  # as typed
        assert "Photo 2" in refused.content.decode()
        assert f'action="{reverse("spaces:office_photos", args=[office.pk])}"' in (
            refused.content.decode()
        )
    assert OfficePhoto.objects.get(pk=first.pk).alt == "A lamp"

    names = [getattr(first, size).name for size in ("small", "medium", "large")]
    with django_capture_on_commit_callbacks() as later:
        client.post(reverse("spaces:office_photo_delete", args=[first.pk]))
    assert all(map(default_storage.exists, names))  # a rollback would still have them
    for callback in later:
        callback()
    assert not any(map(default_storage.exists, names))
    assert office.photos.count() == 2


def test_eight_photos_are_enough_and_none_is_kept_twice(client, office):
    send(client, office, picture(size=(300, 300)))
    assert "here already" in errors(send(client, office, picture(size=(300, 300))))
    for number in range(6):
        OfficePhoto.objects.create(
            office=office, alt=f"{number}", large=f"{number}", width=300, height=300
        )

    response = send(client, office, picture(size=(500, 300)), picture(size=(501, 300)))

    assert office.photos.count() == 8
    assert "8 photos are enough" in errors(response)


def test_photos_show_on_the_rooms_pages(client, office, therapist):
    send(client, office, picture())
    address = reverse(
        "spaces:office_photo", args=[OfficePhoto.objects.get().pk, "small"]
    )

    for page in (office.get_absolute_url(), reverse("spaces:my_offices")):
        text = client.get(page).content.decode()
        assert f"{address} 320w" in text
        assert 'alt="Two armchairs"' in text
    client.force_login(TherapistFactory().user)
    assert address in client.get(office.get_absolute_url()).content.decode()
    assert address in client.get(reverse("spaces:office_search")).content.decode()


@pytest.mark.parametrize(
    "name",
    ["office_photo_words", "office_photo_move", "office_photo_delete", "office_photos"],
)
def test_photos_of_others_are_left_alone(client, office, name):
    send(client, office, picture())
    photo = OfficePhoto.objects.get()
    client.force_login(TherapistFactory().user)

    pk = office.pk if name == "office_photos" else photo.pk
    assert client.post(reverse(f"spaces:{name}", args=[pk])).status_code == 404
    assert OfficeFactory().photos.count() == 0
