"""A mail server the story talks to over SMTP. It keeps every letter, lets a test wait for one, and can fall silent
in the middle of a conversation."""

import asyncio
import email
import email.policy
import logging
import re
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from email.message import EmailMessage

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # aiosmtpd warns about its own imports on newer Pythons
    from aiosmtpd.smtp import SMTP

logging.getLogger("mail.log").setLevel(
    logging.WARNING
)  # every word of the conversation otherwise


@dataclass(frozen=True)
class Letter:
    to: str
    message: EmailMessage

    @property
    def subject(self):
        return self.message["Subject"]

    @property
    def id(self):
        return self.message["Message-ID"]

    @property
    def text(self):
        return self.message.get_body(["plain"]).get_content()

    @property
    def html(self):
        return self.message.get_body(["html"]).get_content()

    @property
    def attachments(self):
        return {
            part.get_filename(): part.get_content()
            for part in self.message.iter_attachments()
        }

    def link(self, contains):
        """The first address in the text with ``contains`` in it."""
        links = re.findall(r"https?://[^\s<>]+", self.text)
        found = [link for link in links if contains in link]
        assert found, f"No link with {contains!r} in “{self.subject}”: {links}"
        return found[0]

    @property
    def code(self):
        found = re.search(r"\b(\d{6})\b", self.text)
        assert found, self.text
        return found[1]


class PostOffice:
    def __init__(self):
        self.letters = []
        self.news = threading.Condition()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._silence_after = None  # (predicate, how many letters more)
        self._is_silent = threading.Event()
        self._speak = asyncio.Event()

    # --- Serving ----------------------------------------------------------------

    def __enter__(self):
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self._serve(), self.loop).result(
            10
        )
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error):
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def _serve(self):
        return await self.loop.create_server(
            lambda: SMTP(
                self, enable_SMTPUTF8=True, hostname="localhost", loop=self.loop
            ),
            host="127.0.0.1",
            port=0,
        )

    async def _close(self):
        self.server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- aiosmtpd's name
        message = email.message_from_bytes(
            envelope.content, policy=email.policy.default
        )
        letters = [Letter(to.lower(), message) for to in envelope.rcpt_tos]
        with self.news:
            self.letters += letters
            must_wait = self._counts_down(letters[0])
            self.news.notify_all()
        if must_wait:
            self._is_silent.set()
            await self._speak.wait()
        return "250 Kept"

    # --- Falling silent -----------------------------------------------------------

    def _counts_down(self, letter):
        if self._silence_after is None or not self._silence_after[0](letter):
            return False
        matches, left = self._silence_after
        self._silence_after = (matches, left - 1)
        return left <= 1

    def fall_silent(self, matches, after):
        """Of letters that match, take the ``after``-th and all later ones, but never say so."""
        self._speak.clear()
        self._silence_after = (matches, after)

    def wait_until_silent(self, seconds=30):
        assert self._is_silent.wait(seconds), "Not enough letters came."

    def speak_again(self):
        self._silence_after = None
        self.loop.call_soon_threadsafe(self._speak.set)

    # --- Looking ------------------------------------------------------------------

    def wait_for(self, matches, seconds=25, what="a letter"):
        """The first letter that matches, as soon as it is there."""
        deadline = time.monotonic() + seconds
        with self.news:
            while True:
                for letter in self.letters:
                    if matches(letter):
                        return letter
                if not self.news.wait(deadline - time.monotonic()):
                    seen = [f"{letter.to}: {letter.subject}" for letter in self.letters]
                    raise AssertionError(
                        f"{what} did not come. What came:\n" + "\n".join(seen)
                    )

    def wait_until(self, is_true, seconds=25, what="the mail"):
        """Until ``is_true(letters)``."""
        deadline = time.monotonic() + seconds
        with self.news:
            while not is_true(self.letters):
                if not self.news.wait(deadline - time.monotonic()):
                    seen = [f"{letter.to}: {letter.subject}" for letter in self.letters]
                    raise AssertionError(
                        f"{what} did not come. What came:\n" + "\n".join(seen)
                    )

    def copies(self):
        """How often each letter came: (to, Message-ID) -> count."""
        with self.news:
            return Counter((letter.to, letter.id) for letter in self.letters)
