import smtplib
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
from services import free_port
from supervisor import Program, Supervisor

from community.demo.mail import caught_mails

PATIENCE = 30
CATCHER = str(Path(__file__).parents[2] / "bin" / "mail_catcher.py")


@pytest.fixture
def port(tmp_path, settings):
    settings.DEMO_MAIL_DIR = tmp_path
    port = free_port()
    argv = [sys.executable, CATCHER, "--port", str(port), "--folder", str(tmp_path)]
    with Supervisor(say=lambda line: None) as supervisor:
        supervisor.start(Program("mail", argv))
        assert supervisor.wait_until(lambda: answers(port), seconds=PATIENCE)
        yield port


def answers(port):
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as conversation:
            return conversation.noop()[0] == 250
    except OSError:
        return False


def test_what_is_sent_is_kept_whole(port):
    message = EmailMessage()
    message["From"] = "rooms@example.org"
    message["To"] = "zoe@example.org"
    message["Subject"] = "Ein Zimmer für Zoë 🎈"
    message["List-Unsubscribe"] = "<https://rooms.example.org/stop/abc>"
    message.set_content("Zimmer frei\n.\nein Punkt allein beendet nichts\n")
    message.add_alternative("<p>Zimmer frei</p>", subtype="html")

    with smtplib.SMTP("127.0.0.1", port, timeout=5) as conversation:
        conversation.send_message(message)
        conversation.send_message(message, to_addrs=["second@example.org"])

    newest, first = caught_mails()
    assert first.subject == "Ein Zimmer für Zoë 🎈"
    assert first.text == "Zimmer frei\n.\nein Punkt allein beendet nichts\n"
    assert first.html == "<p>Zimmer frei</p>\n"
    assert first.message["List-Unsubscribe"] == "<https://rooms.example.org/stop/abc>"
    assert newest.message["X-Envelope-To"] == "second@example.org"
    assert newest.caught_at > first.caught_at
