"""A mail server that keeps no letters, only a log: a line for each one it took, with when, Message-ID and recipient.

Run as a program. It may take its time over a letter, and misbehave in the ways mail servers do.
"""

import argparse
import asyncio
import logging
import random
import time
import warnings
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any, TextIO

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own imports on newer Pythons
    from aiosmtpd.smtp import SMTP

logging.getLogger("mail.log").setLevel(logging.ERROR)
HEADERS = 4096  # bytes in which the headers we read lie
FAULTS = ("refuse", "defer", "drop", "hang")


class Handler:
    def __init__(self, log: TextIO, delay: float, faults: float, seed: int) -> None:
        self.log, self.delay, self.faults = log, delay, faults
        self.chance = random.Random(seed)  # noqa: S311 -- the same faults every time

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        if self.delay:
            await asyncio.sleep(self.delay)
        fault = (
            self.chance.choice(FAULTS) if self.chance.random() < self.faults else None
        )
        if fault in ("refuse", "defer"):
            # "Mailbox unavailable" only for now: what is refused for good is never tried again, and none may be lost
            return "451 Try later" if fault == "defer" else "421 Closing"
        self._note(envelope)
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "drop":
            server.transport.abort()
        return "250 OK"

    def _note(self, envelope: Any) -> None:
        """Taken: from now on it counts as delivered, whatever the sender hears of it."""
        headers = BytesHeaderParser().parsebytes(envelope.content[:HEADERS])
        words = (f"{time.time():.4f}", headers["Message-ID"], envelope.rcpt_tos[0])
        self.log.write("\t".join(words) + "\n")
        self.log.flush()


async def serve(options: argparse.Namespace) -> None:
    with options.log.open("a") as log:
        handler = Handler(log, options.delay / 1000, options.faults, options.seed)
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(handler, hostname="localhost", enable_SMTPUTF8=True),
            host="127.0.0.1",
            port=options.port,
        )
        port = server.sockets[0].getsockname()[1]
        temporary = options.port_file.with_suffix(".new")
        temporary.write_text(str(port))
        temporary.rename(options.port_file)
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0, help="ms over each letter")
    parser.add_argument("--faults", type=float, default=0, help="share of letters")
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(serve(parser.parse_args()))
