from email.message import EmailMessage

import pytest
from django.urls import reverse

from tests.factories.directory import TherapistFactory
from tests.ops import demo_urls

# Imported with the module, and the application's own with it: before a test says that this is a demo.
pytestmark = [pytest.mark.django_db, pytest.mark.urls(demo_urls.__name__)]

NAME = "1795000000000000000-abcdef01"


@pytest.fixture
def mail_folder(settings, tmp_path):
    settings.DEMO_MAIL_DIR = tmp_path
    return tmp_path


@pytest.fixture
def caught(mail_folder):
    message = EmailMessage()
    message["Subject"] = "Hours are needed"
    message["From"] = "rooms@example.org"
    message["To"] = "dana@example.org"
    message.set_content(
        "Look here: https://rooms.example.org/offer/abc\n<script>alert(1)</script>\n"
    )
    message.add_alternative(
        "<p style='color: teal'>Look</p><script>alert(1)</script>", subtype="html"
    )
    message.add_attachment(
        "BEGIN:VCALENDAR", subtype="calendar", filename="booking.ics"
    )
    (mail_folder / f"{NAME}.eml").write_bytes(bytes(message))


def test_people_offers_a_sign_in_for_each_role(client):
    page = client.get(reverse("demo:people")).content.decode()

    for role in ("moderator", "host", "displaced", "newcomer"):
        assert reverse("demo:sign_in", args=[role]) in page


def test_sign_in_with_one_click(client):
    host = TherapistFactory(user__email="host@demo.example.org")

    response = client.get(reverse("demo:sign_in", args=["host"]))

    assert response.status_code == 302
    assert response.url == reverse("home")
    assert client.session["_auth_user_id"] == str(host.user_id)


def test_every_page_leads_to_being_somebody_else(client, settings):
    settings.DEMO = True

    assert (
        reverse("demo:people") in client.get(reverse("account_login")).content.decode()
    )


@pytest.mark.parametrize("role", ["nobody", "host"])
def test_sign_in_as_someone_who_is_not_there(client, role):
    assert client.get(reverse("demo:sign_in", args=[role])).status_code == 404


@pytest.mark.usefixtures("mail_folder")
def test_no_mail_yet(client):
    assert "No mail yet" in client.get(reverse("demo:mail_list")).content.decode()


@pytest.mark.usefixtures("caught")
def test_mail_is_listed_and_read_as_text_with_links(client):
    assert (
        reverse("demo:mail_detail", args=[NAME])
        in client.get(reverse("demo:mail_list")).content.decode()
    )

    page = client.get(reverse("demo:mail_detail", args=[NAME])).content.decode()

    assert '<a href="https://rooms.example.org/offer/abc"' in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "booking.ics" in page


@pytest.mark.usefixtures("caught")
def test_html_of_a_mail_cannot_run_anything_and_is_framed_by_us_alone(client):
    response = client.get(reverse("demo:mail_html", args=[NAME]))

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "frame-ancestors 'self'" in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.usefixtures("caught")
def test_every_other_page_keeps_the_strict_policy(client):
    policy = client.get(reverse("demo:mail_detail", args=[NAME])).headers[
        "Content-Security-Policy"
    ]

    assert "unsafe-inline" not in policy
    assert "frame-src 'self'" in policy


@pytest.mark.parametrize("name", ["nothing", "..", "-etc-passwd"])
@pytest.mark.usefixtures("caught")
def test_mail_that_is_not_there(client, name):
    assert client.get(f"/demo/mail/{name}/").status_code == 404


@pytest.mark.urls("community.urls")
@pytest.mark.parametrize("path", ["/demo/", "/demo/sign-in/moderator/", "/demo/mail/"])
def test_nothing_of_it_exists_without_demo(client, path):
    assert client.get(path).status_code == 404
