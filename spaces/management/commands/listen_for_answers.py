import asyncio
import email
import logging
import signal
import warnings
from email.policy import default as default_policy
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections

from spaces.domain.reply import is_for_us, take_reply
from spaces.incoming import UnreadableMailError, read_mail
from spaces.views.inbound import our_addresses

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # aiosmtpd warns about its own imports
    from aiosmtpd.smtp import SMTP, Envelope, Session

logger = logging.getLogger(__name__)

LARGEST_MAIL = 2_000_000  # bytes; a yes with somebody's logo under it
PATIENCE = 60  # seconds a conversation may say nothing


class Answers:
    """A mail is taken, "250", only once what it says is in the database; till then the mail server keeps it."""

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if not is_for_us(address):
            return "550 5.1.1 Nobody reads this address. Answer to the mail itself, or use the link in it."
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        try:
            await sync_to_async(take)(envelope)
        except UnreadableMailError as error:
            logger.warning("A mail that came in cannot be read: %s", error)
            return "554 5.6.0 This mail cannot be read"
        return "250 2.0.0 Taken"

    async def handle_exception(self, error: Exception) -> str:
        logger.error("An answer could not be taken", exc_info=error)
        return "451 4.3.0 Not now, please try again later"


def take(envelope: Any) -> None:
    close_old_connections()
    try:
        message = email.message_from_bytes(envelope.content, policy=default_policy)
        for address in envelope.rcpt_tos:
            take_reply(
                read_mail(
                    message,
                    recipient=address,
                    envelope_sender=envelope.mail_from or "",
                    ours=our_addresses(),
                )
            )
    finally:
        close_old_connections()


async def serve(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(
            Answers(),
            hostname="answers",
            ident="answers by mail",
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            timeout=PATIENCE,
            loop=loop,
        ),
        host,
        port,
    )
    async with server:
        await stop.wait()


class Command(BaseCommand):
    help = (
        "Takes answers by mail from your own mail server, over SMTP, and nothing else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8025)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.INBOUND_ADDRESS:
            raise CommandError("Set INBOUND_ADDRESS first: no mail promises an answer.")
        # aiosmtpd would write every address into the log, and these are keys
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        asyncio.run(serve(options["host"], options["port"]))
