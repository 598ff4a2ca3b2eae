"""How fast a call for help leaves: against smtplib alone on as many connections, to the same mail server."""

import smtplib
import time
from concurrent.futures import ThreadPoolExecutor

from benches.figures import Figure, say
from benches.post import (
    CONNECTIONS,
    Letter,
    MailServer,
    build_neighbours,
    mail_server,
    make_need,
    start_worker,
    stopping,
)
from directory.domain.delivery.post import message_id, write
from directory.domain.outbox import enqueue
from directory.enums import DeliveryState
from directory.models import Delivery
from directory.registry import Mail, message_kind
from spaces.domain.need import close_need, publish_need

DELAYS = (0, 50)  # milliseconds the mail server takes over a letter
MARGIN = 0.05  # of the letters at either end: workers that start, workers that run dry


def run(size: int, _runs: int) -> list[Figure]:
    build_neighbours(size)
    figures, first = [], 0.0
    for delay in DELAYS:
        need = make_need(f"asker{delay}")
        with mail_server(f"wave-{delay}", delay=delay) as post:
            say(f"The wave, {delay} ms a letter …")
            with stopping(start_worker(post.port)):
                _warm_up(post)
                published = time.time()
                publish_need(need, by=need.therapist)
                letters = post.wait_for(lambda found: len(found) >= size + 1)
        first = max(first, letters[1].at - published)
        rows = list(Delivery.objects.filter(kind="wave").order_by("-pk")[:size])
        contents = _written(rows)
        say(f"smtplib alone, {delay} ms a letter …")
        with mail_server(f"alone-{delay}", delay=delay) as post:
            _send_alone(post.port, contents)
            alone = post.wait_for(lambda found: len(found) >= size)
        close_need(need, by=need.therapist)
        figures.append(
            Figure(
                f"broadcast.rate.{delay}ms",
                size,
                _rate(letters[1:]),
                "mails/s",
                limit=_rate(alone),
            )
        )
        say(f"Mails of {sum(map(len, contents.values())) // len(contents):,} bytes.")
    return [*figures, Figure("broadcast.first_mail", size, round(first, 3), "s")]


def _warm_up(post: MailServer) -> None:
    """One letter to be sure that the workers listen: their start is not what is measured."""
    enqueue(
        "sign_in_code",
        address="warm@example.org",
        cause=str(post.port),
        payload={"code": "123456"},
    )
    post.wait_for(bool)


def _written(rows: list[Delivery]) -> dict[str, bytes]:
    """The same letters, ready to be sent, by recipient."""
    contents = {}
    kind = message_kind("wave")
    for at in range(0, len(rows), 100):
        part = rows[at : at + 100]
        mails = kind.render(part)
        for row in part:
            mail = mails[row.pk]
            if isinstance(mail, Mail):
                row.message_id = message_id(row)
                message = write(row, mail, kind)
                contents[message.to[0]] = message.message().as_bytes(linesep="\r\n")
    if len(contents) != len(rows) or not all(
        row.state == DeliveryState.SENT for row in rows
    ):
        raise AssertionError("Not every letter of the wave was sent.")
    return contents


def _send_alone(port: int, contents: dict[str, bytes]) -> None:
    items = list(contents.items())
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(
            pool.map(
                lambda part: _converse(port, part),
                [items[at::CONNECTIONS] for at in range(CONNECTIONS)],
            )
        )


def _converse(port: int, items: list[tuple[str, bytes]]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for to, content in items:
            smtp.sendmail("rooms@example.org", [to], content)


def _rate(letters: list[Letter]) -> float:
    """Letters a second, but for the first and the last few."""
    cut = max(1, round(len(letters) * MARGIN))
    times = sorted(letter.at for letter in letters)[cut:-cut]
    return round((len(times) - 1) / (times[-1] - times[0]), 1)
