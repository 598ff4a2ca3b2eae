"""The listener as it runs beside a mail server: a program of its own, spoken to over SMTP."""

import os
import smtplib
import sys
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import urlsplit

import pytest
from django.db import connection
from services import free_port
from supervisor import Program, Supervisor

from spaces.models import Offer, Reply
from tests.spaces.answers import ADDRESS, EARLY, address_of, told_by_mail

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60


@pytest.fixture
def told(settings):
    settings.INBOUND_ADDRESS = ADDRESS
    return told_by_mail(EARLY)


@pytest.fixture
def port(told, settings, tmp_path):
    port = free_port()
    database = f"/{connection.settings_dict['NAME']}"
    ours = {
        **os.environ,
        "DATABASE_URL": urlsplit(settings.DATABASE_URL)
        ._replace(path=database)
        .geturl(),
        "INBOUND_ADDRESS": ADDRESS,
    }
    argv = [sys.executable, "manage.py", "listen_for_answers", "--port", str(port)]
    with Supervisor(say=lambda line: None) as supervisor:
        supervisor.start(Program("answers", argv, env=ours, log=tmp_path / "log"))
        assert supervisor.wait_until(lambda: answers(port), seconds=PATIENCE)
        yield port
    assert "answer+" not in (tmp_path / "log").read_text()  # a key to an answer


def answers(port):
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as conversation:
            return conversation.noop()[0] == 250
    except OSError:
        return False


def reply(to, text, **headers):
    message = EmailMessage()
    message["From"] = "Mara <mara@example.org>"
    message["To"] = to
    message["Message-ID"] = make_msgid(domain="example.org")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def refusal(conversation, *arguments):
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        conversation.send_message(*arguments)
    return refused.value.smtp_code


def test_answers_are_taken_once_and_nothing_else(told, port):
    to = address_of(told)
    plain = reply(to, "yes Wed 17–19\n\n> yes all\n")
    forged = to.replace(to[-26:-22], "aaaa")

    with smtplib.SMTP("127.0.0.1", port, timeout=20) as conversation:
        for _time in range(2):
            conversation.send_message(plain)
        for stranger in (forged, ADDRESS, "root@rooms.example.org"):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                conversation.send_message(plain, to_addrs=[stranger])
            assert refused.value.recipients[stranger][0] == 550
        conversation.send_message(reply(to, "Away", Auto_Submitted="auto-replied"))
        conversation.sendmail("", [to], reply(to, "no").as_bytes())  # a bounce
        assert refusal(conversation, reply(to, "no\n" + "x" * 70 * 40_000)) == 552

    [offer] = Offer.objects.all()
    assert offer.spans == [EARLY]
    assert [row.outcome for row in Reply.objects.order_by("pk")] == [
        "done",
        "automatic",
        "automatic",
    ]


def test_what_cannot_be_written_down_stays_with_the_mail_server(told, port):
    message = reply(address_of(told), "yes Wed")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE spaces_reply RENAME TO spaces_away")

    with smtplib.SMTP("127.0.0.1", port, timeout=20) as conversation:
        try:
            assert refusal(conversation, message) == 451
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE spaces_away RENAME TO spaces_reply")
        conversation.send_message(message)

    assert Reply.objects.get().outcome == "done"
