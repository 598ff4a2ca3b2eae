import email
import time
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces.incoming import UnreadableMailError, own_words, read_mail, written

GMAIL = """Yes Wed

On Sun, Nov 22, 2026 at 7:17 PM East Bay Rooms
<answer+1-abc@rooms.example.org> wrote:

> Or answer this mail: “yes all”
> no
"""
OUTLOOK = """no

Sent from my iPhone

________________________________
From: East Bay Rooms <rooms@example.org>
Sent: Sunday
yes all
"""
BELOW = "> Can you help?\n> yes all\n\nyes Wed\n-- \nMara Ellison, LMFT\nyes all"
BETWEEN = "yes\n> Wed\nbut not before 18:00\n> Thu\n"
HTML = """<html><head><style>p {color: red}</style><title>all</title></head><body>
<div dir="ltr">Yes&nbsp;Wed<br>17&ndash;19</div><br>
<div class="gmail_quote"><div>On Sunday wrote:<blockquote><div>no</div></blockquote></div></div></body></html>"""


def mail(text="yes all", **headers):
    message = EmailMessage()
    message["From"] = "Mara <mara@example.org>"
    message["To"] = "answer+1-abc@rooms.example.org"
    message["Message-ID"] = "<1@example.org>"
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GMAIL, "Yes Wed"),
        (OUTLOOK, "no"),
        (BELOW, "yes Wed"),
        (BETWEEN, "yes\nbut not before 18:00"),
        ("yes\n\n*From:* Rooms\nno", "yes"),
        ("yes\n-----Original Message-----\nno", "yes"),
        ("On second thoughts\nno", "On second thoughts\nno"),
    ],
)
def test_only_what_was_written_now_is_left(text, words):
    assert " ".join(own_words(text).split()) == " ".join(words.split())


def test_a_mail_crafted_to_be_slow_is_not():
    began = time.monotonic()

    for line in ("On ", "On \n", "> ", " \n", "From", "<div", "-"):
        own_words(line * 60_000)

    assert time.monotonic() - began < 3


def test_html_alone_is_read_without_what_it_quotes():
    message = EmailMessage()
    message.set_content(HTML, subtype="html")

    assert written(message).split() == ["Yes", "Wed", "17–19"]


def test_text_wins_and_attachments_are_not_looked_at():
    message = mail("yes Wed")
    message.add_alternative("<p>no</p>", subtype="html")
    message.add_attachment(b"yes all", maintype="text", subtype="plain", filename="a")

    assert written(message) == "yes Wed"


@pytest.mark.parametrize(
    ("charset", "body", "words"),
    [
        ("utf-16", "yes Wed 17–19".encode("utf-16"), "yes Wed 17–19"),
        ("windows-1252", "yes Wed 17–19".encode("cp1252"), "yes Wed 17–19"),
        ("no-such-charset", b"yes all", "yes all"),
        ("utf-8", b"yes\xff", "yes�"),
    ],
)
def test_odd_charsets(charset, body, words):
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    message = email.message_from_bytes(head.encode() + body, policy=default)

    assert written(message) == words


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<therapists.example.org>"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"From": "MAILER-DAEMON@example.org"},
        {"From": "Rooms <Answer@rooms.example.org>"},
        {"Subject": "Automatic reply: Needed: Wed"},
    ],
)
def test_machines_are_known_by_their_headers(headers):
    ours = frozenset({"answer@rooms.example.org"})

    assert read_mail(mail(**headers), ours=ours).is_automatic


def test_a_report_of_a_mail_server_is_no_answer():
    head = b"Content-Type: multipart/report; boundary=x; report-type=delivery-status"
    raw = head + b"\r\n\r\n--x\r\n\r\nyes all\r\n--x--\r\n"

    assert read_mail(email.message_from_bytes(raw, policy=default)).is_automatic


def test_a_person_is_no_machine():
    message = mail(Auto_Submitted="no", Subject="Re: Needed: Wed 17–19")

    assert not read_mail(message, envelope_sender="mara@example.org").is_automatic
    for nobody in ("", "<>"):  # a bounce
        assert read_mail(message, envelope_sender=nobody).is_automatic


def test_the_same_mail_has_the_same_key():
    first, again, other = mail(), mail("no"), mail(Message_ID="<2@example.org>")
    bare = [mail(text) for text in ("yes", "yes", "no")]
    for message in bare:
        del message["Message-ID"]
    keys = [read_mail(message).key for message in (first, again, other, *bare)]

    assert keys[0] == keys[1]
    assert keys[3] == keys[4]
    assert len(set(keys)) == 4


@given(st.binary(max_size=400))
def test_whatever_comes_in_is_read_or_refused(raw):
    head = b"Content-Type: multipart/mixed; boundary=x\r\n"
    for content in (raw, head + raw, b"To: " + raw + b"\r\n\r\n" + raw):
        message = email.message_from_bytes(content, policy=default)
        try:
            read_mail(message)
        except UnreadableMailError:
            continue
