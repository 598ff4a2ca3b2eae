"""A mail server that keeps what it is given: every message becomes one .eml file in a folder.

python bin/mail_catcher.py --port 2525 --folder var/mail
"""

import argparse
import asyncio
import os
import signal
import time
import uuid
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # aiosmtpd warns about its own imports on newer Pythons
    from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MESSAGE = 10_000_000


class Keep:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        name = f"{time.time_ns()}-{uuid.uuid4().hex[:8]}.eml"
        draft = self.folder / f".{name}"
        draft.write_bytes(head.encode() + (envelope.original_content or b""))
        draft.replace(self.folder / name)  # a reader sees it whole or not at all
        return "250 Kept"


async def serve(port: int, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    handler = Keep(folder)
    server = await loop.create_server(
        lambda: SMTP(
            handler,
            data_size_limit=LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            hostname="localhost",
        ),
        host="127.0.0.1",
        port=port,
    )
    async with server:
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    os.umask(0o077)  # mail holds sign-in codes
    asyncio.run(serve(options.port, options.folder))
