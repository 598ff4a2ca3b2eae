from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from directory.domain.profile import ask_to_confirm
from directory.enums import Standing
from directory.links import sign
from directory.models import Delivery
from directory.news import CONFIRM
from tests.factories.directory import BlockFactory, TherapistFactory
from tests.spaces.pictures import picture

pytestmark = pytest.mark.django_db
PROFILE = "/directory/profile/"


def said(**more):
    return {"name": "Dana Whitlock", "zip_code": "94618", **more}


def photo_of(person, size="small"):
    return reverse("directory:therapist_photo", args=[person.pk, size])


def page_of(person, slug="dana-whitlock"):
    return reverse("directory:public_profile", args=[person.pk, slug])


def test_a_photo_is_drawn_anew_and_goes_to_whom_its_person_says(client, therapist):
    sent = picture(size=(1200, 900), kind="JPEG")
    file = SimpleUploadedFile("me.exe", sent)
    client.post(PROFILE, said(photo=file))
    therapist.refresh_from_db()

    shown = client.get(photo_of(therapist, "large"))
    drawn = Image.open(BytesIO(shown.content))
    assert (drawn.format, max(drawn.size), drawn.getexif()) == ("WEBP", 640, {})
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert client.get(photo_of(therapist, "name")).status_code == 404

    other = TherapistFactory()
    parted = BlockFactory(blocker=therapist).blocked
    rows = [  # audience, public page; who sees it: oneself, a member, somebody parted, a stranger
        ("members", "", [200, 200, 404, 404]),
        ("me", "", [200, 404, 404, 404]),
        ("public", "", [200, 200, 404, 404]),
        ("public", "on", [200, 200, 404, 200]),
        ("members", "on", [200, 200, 404, 404]),
    ]
    for audience, is_public, answers in rows:
        client.force_login(therapist.user)
        client.post(PROFILE, said(audience_photo=audience, has_public_page=is_public))
        found = []
        for person in (therapist, other, parted, None):
            client.force_login(person.user) if person else client.logout()
            found.append(client.get(photo_of(therapist)).status_code)
        assert found == answers, (audience, is_public)

    client.force_login(therapist.user)
    client.post(PROFILE, said(without_photo="on"))
    assert client.get(photo_of(therapist)).status_code == 404


def test_what_is_no_picture_is_said_and_nothing_else_is_lost(client, therapist):
    for content in (b"<svg onload=x>", picture(size=(20, 20)), b""):
        file = SimpleUploadedFile("me.png", content)
        response = client.post(PROFILE, said(headline="Kept as typed", photo=file))
        assert response.context["form"].errors.keys() == {"photo"}, content[:9]
        assert "Kept as typed" in response.content.decode()
    file = SimpleUploadedFile("me.png", picture(size=(300, 300)))
    response = client.post(PROFILE, said(zip_code="0", photo=file))
    assert response.context["form"].errors.keys() == {"zip_code", "photo"}
    assert "Choose the file once more" in response.content.decode()
    therapist.refresh_from_db()
    assert not therapist.photo_small


def test_each_field_is_shown_to_whom_its_person_says(client, therapist):
    """Only me, members, anybody: on the profile, the card, the public page and the list."""
    fields = {
        "pronouns": "they/them",
        "headline": "Couples, gently",
        "bio": "Twenty years of gestalt",
        "contact_email": "dana@work.example",
        "phone": "510 555 0142",
        "website": "https://dana.example/",
        "schools": "Wright Institute\nWright institute",
    }
    other = TherapistFactory()
    for audience in ("me", "members", "public"):
        client.force_login(therapist.user)
        form = {f"audience_{name}": audience for name in fields}
        client.post(PROFILE, said(has_public_page="on", **fields, **form))
        own = client.get(f"/directory/{therapist.pk}/").content.decode()
        client.force_login(other.user)
        profile = client.get(f"/directory/{therapist.pk}/").content.decode()
        profile += client.get(f"/directory/{therapist.pk}/vcard/").content.decode()
        profile += client.get("/directory/").content.decode()
        client.logout()
        public = client.get(page_of(therapist)).content.decode()
        for name, text in fields.items():
            text = text.splitlines()[0]  # noqa: PLW2901 -- a school is one, however it is written
            assert text in own, (audience, name)
            if name != "schools":  # which the directory's boxes count
                assert (text in profile) == (audience != "me"), (audience, name)
            assert (text in public) == (audience == "public"), (audience, name)


def test_a_public_page_is_there_only_by_choice(client, therapist):
    therapist.name = "Dana <b>Whitlock</b>"
    therapist.save()
    page = page_of(therapist, "dana-bwhitlockb")
    client.logout()

    assert client.get(page).status_code == 404
    therapist.has_public_page = True
    therapist.save()
    shown = client.get(page)
    text = " ".join(shown.content.decode().split())
    assert 'itemtype="https://schema.org/Person"' in text
    assert "Dana &lt;b&gt;Whitlock&lt;/b&gt;" in text
    assert 'content=" index "' in text or 'content="index"' in text
    assert "application/ld+json" not in text
    assert therapist.user.email not in text
    assert client.get(page_of(therapist, "other")).url == page
    for standing in set(Standing) - {Standing.MEMBER}:
        therapist.standing = standing
        therapist.save()
        assert client.get(page).status_code == 404, standing
    assert "noindex" in client.get("/accounts/login/").content.decode()


def test_who_comes_from_the_same_school_is_told(client, therapist):
    client.post(PROFILE, said(schools="Wright Institute\n\nCIIS"))
    other = TherapistFactory(name="Tess Ng")
    client.force_login(other.user)
    client.post(PROFILE, said(name="Tess Ng", schools="wright institute"))

    page = client.get(f"/directory/{therapist.pk}/").content.decode()

    assert "Also from Wright Institute" in page
    assert "Also from CIIS" not in page
    [term] = other.terms.all()
    found = client.get("/directory/", {"school": term.slug})
    assert [card.person for card in found.context["cards"]] == [therapist, other]
    therapist.audience = {"schools": "me"}
    therapist.save()
    assert "Wright" not in client.get(f"/directory/{therapist.pk}/").content.decode()


def test_once_a_year_one_tap_says_that_it_is_still_true(client):
    now = timezone.now()
    old = TherapistFactory(joined_at=now - timedelta(days=400))
    TherapistFactory(joined_at=now - timedelta(days=400), confirmed_at=now)
    TherapistFactory(joined_at=now - timedelta(days=300))

    assert [ask_to_confirm(), ask_to_confirm()] == [1, 0]
    assert Delivery.objects.get(kind="profile_confirm").recipient == old

    link = reverse("directory:confirm", args=[sign(CONFIRM, therapist=old.pk)])
    assert "Yes, it is still true" in client.get(link).content.decode()
    old.refresh_from_db()
    assert old.confirmed_at is None
    assert "Thank you" in client.post(link).content.decode()
    old.refresh_from_db()
    assert old.confirmed_at > now
    assert client.post(f"{link[:-3]}x/").status_code == 410
