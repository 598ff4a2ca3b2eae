"""A mail that came in: to which of our addresses, whether a person wrote it, and what they wrote. Pure.

Everything else of it (quotes, signatures, attachments, other headers) is left out here and kept nowhere.
"""

import re
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses, parseaddr
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

LARGEST_TEXT = 200_000  # bytes of a part that are looked at: quoted mails are long
MOST_PARTS = 50
MOST_ADDRESSES = 20
TO = ["delivered-to", "x-original-to", "to", "cc"]
AUTOMATIC = {
    "precedence": re.compile(r"bulk|list|junk|auto_reply", re.IGNORECASE),
    "auto-submitted": re.compile(r"(?!no\b)\S", re.IGNORECASE),
    "x-autoreply": re.compile(r"(?!no\b)\S", re.IGNORECASE),
    "x-autorespond": re.compile(""),
    "x-autoresponse": re.compile(""),
    "list-id": re.compile(""),
    "x-failed-recipients": re.compile(""),
    "return-path": re.compile(r"<\s*>\s*$"),
    "content-type": re.compile(r"\s*multipart/report", re.IGNORECASE),
    "from": re.compile(
        r".*\b(mailer-daemon|postmaster|no-?reply)@", re.IGNORECASE | re.DOTALL
    ),
}
AWAY = pgettext_lazy(
    "how subjects of automatic mails begin",
    "automatic reply|auto reply|autoreply|auto-reply|out of office|undeliverable|undelivered|delivery status",
)
WROTE = pgettext_lazy("how the line over a quoted mail ends", "wrote:|schrieb:|writes:")
BEGINS = pgettext_lazy("how the line over a quoted mail begins", "on |am ")
SENT_FROM = pgettext_lazy(
    "what phones write under a mail", "sent from |get outlook for |sent with "
)
HEADERS = pgettext_lazy(
    "headers over a mail that Outlook quotes", "from:|sent:|to:|subject:|date:"
)
BELOW = re.compile(
    r"(--\s*|_{5,}|-{4,}.*)", re.DOTALL
)  # a signature, or a line over what was quoted
MOST_LINES_OVER = 3  # "On …, \n somebody <…> \n wrote:"


class UnreadableMailError(Exception):
    """It is so broken that nobody can say what it is."""


@dataclass(frozen=True)
class Incoming:
    key: str  # the same for the same mail, however often it comes
    addresses: tuple[str, ...]
    sender: str
    is_automatic: bool
    text: str


def read_mail(
    message: Message,
    *,
    recipient: str | None = None,
    envelope_sender: str | None = None,
    ours: frozenset[str] = frozenset(),
) -> Incoming:
    """``recipient``, ``envelope_sender``: as the conversation named them, where that is known. ``ours``: who we are."""
    try:
        return _read(message, recipient, envelope_sender, ours)
    except Exception as error:  # the parser of the library raises whatever it meets
        raise UnreadableMailError(type(error).__name__) from error


def _read(
    message: Message,
    recipient: str | None,
    envelope_sender: str | None,
    ours: frozenset[str],
) -> Incoming:
    headers = _headers(message)
    sender = parseaddr(headers.get("from", [""])[0])[1].casefold()
    named = getaddresses([value for name in TO for value in headers.get(name, [])])
    addresses = [recipient or "", *(address for _name, address in named)]
    text = written(message)
    said = headers.get("message-id", [""])[0].strip()
    unsaid = "\n".join([*headers.get("date", []), sender, text])
    is_bounce = envelope_sender is not None and not envelope_sender.strip("<> ")
    return Incoming(
        key=sha256((said or unsaid).encode(errors="replace")).hexdigest(),
        addresses=tuple(filter(None, dict.fromkeys(addresses)))[:MOST_ADDRESSES],
        sender=sender,
        is_automatic=is_bounce or sender in ours or _is_automatic(headers),
        text=text,
    )


def _headers(message: Message) -> dict[str, list[str]]:
    """As they came: decoding what somebody broke on purpose is not needed."""
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        found.setdefault(str(name).lower(), []).append(str(value))
    return found


def _is_automatic(headers: dict[str, list[str]]) -> bool:
    subject = " ".join(headers.get("subject", [])).strip().casefold()
    return subject.startswith(_any_of(AWAY)) or any(
        pattern.match(value.strip())
        for name, pattern in AUTOMATIC.items()
        for value in headers.get(name, [])
    )


# --- What was written ----------------------------------------------------------------


def written(message: Message) -> str:
    """Without what is quoted and signed. From the text, else from the HTML; attachments are not looked at."""
    bodies = {"text/plain": "", "text/html": ""}
    for number, part in enumerate(message.walk()):
        kind = part.get_content_type()
        if number >= MOST_PARTS:
            break
        if part.get_content_disposition() != "attachment" and not bodies.get(kind, "-"):
            bodies[kind] = _decoded(part)
    text = bodies["text/plain"]
    return own_words(text if text.strip() else text_of_html(bodies["text/html"]))


def _decoded(part: Message) -> str:
    payload: Any = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    payload = payload[:LARGEST_TEXT]
    try:
        return str(payload.decode(part.get_content_charset() or "utf-8", "replace"))
    except LookupError:  # a charset nobody knows
        return str(payload.decode("utf-8", "replace"))


def own_words(text: str) -> str:
    """Lines over, under and between quotes belong to the answer; below a signature's mark nothing does."""
    lines = [line.strip() for line in text.splitlines()]
    headers, sent_from = _any_of(HEADERS), (">", *_any_of(SENT_FROM))
    begins, wrote = _any_of(BEGINS), _any_of(WROTE)
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].casefold()
        if BELOW.fullmatch(line) or line.replace("*", "").startswith(headers):
            break
        over = _lines_over(lines, at, wrote) if line.startswith(begins) else 0
        if not over and not line.startswith(sent_from):
            kept.append(lines[at])
        at += over or 1
    return "\n".join(kept).strip()


def _any_of(words: Promise | str) -> tuple[str, ...]:
    return tuple(str(words).split("|"))


def _lines_over(lines: list[str], at: int, wrote: tuple[str, ...]) -> int:
    """How many lines from here say who wrote what is quoted below."""
    for count, line in enumerate(lines[at : at + MOST_LINES_OVER], start=1):
        if line.casefold().endswith(wrote):
            return count
    return 0


# --- HTML ----------------------------------------------------------------------------

UNSEEN = {"head", "style", "script", "title", "blockquote", "template"}
QUOTING = re.compile(
    r"\b(gmail_quote|gmail_signature|moz-cite-prefix|moz-signature|protonmail_quote|yahoo_quoted)\b"
)
BREAKS = {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "ul", "ol", "table"}
VOID = {"br", "hr", "img", "input", "meta", "link", "col", "wbr", "area", "base"}


class _Words(HTMLParser):
    """The words of an HTML mail outside of what it quotes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.unseen = ""  # the tag that began what is not looked at
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.unseen:
            self.depth += tag == self.unseen
            return
        if tag in BREAKS:
            self.words.append("\n")
        elif tag == "hr":
            self.words.append("\n_____\n")
        classes = " ".join(value or "" for name, value in attrs if name == "class")
        if tag not in VOID and (tag in UNSEEN or QUOTING.search(classes)):
            self.unseen, self.depth = tag, 1

    def handle_endtag(self, tag: str) -> None:
        if self.unseen == tag:
            self.depth -= 1
            if not self.depth:
                self.unseen = ""
        elif tag in BREAKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.words.append(" ".join(data.split("\n")))


def text_of_html(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "".join(reader.words)
