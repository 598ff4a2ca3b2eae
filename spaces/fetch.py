"""Read a file from an address that a member typed, without ever being led astray. Pure: no models, no settings.

https only, at the usual port, with a certificate that is valid for the name. The name is looked up once for each step;
if any of its addresses is not a public one nothing is read, and the connection goes to the very address that was
looked at. Redirects are followed by hand, each with the same checks. Seconds and bytes are counted over all of it.
"""

import contextlib
import http.client
import io
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

SECONDS = 10
MOST_BYTES = 5_000_000
REDIRECTS = 3
MOVED = {301, 302, 303, 307, 308}
NOT_MODIFIED = 304
GONE, CLOSED = {404, 410}, {401, 403, 407}
ADDRESSES = 4  # of one name that are tried
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
TRANSLATED = [  # addresses that carry others inside: relays, translators, documentation
    ip_network(text) for text in ("2001::/23", "2002::/16", "3fff::/20")
]
GLOBAL_UNICAST = ip_network("2000::/3")


class Problem(TextChoices):
    """Why a calendar could not be read. Said after “because”."""

    ADDRESS = "address", _("its address is not one that can be read")
    NO_SERVER = "no_server", _("no server of that name was found")
    NOT_PUBLIC = "not_public", _("its address leads into a private network")
    NO_ANSWER = "no_answer", _("its server does not answer")
    SLOW = "slow", _("it took longer than 10 seconds")
    CERTIFICATE = "certificate", _("its server could not prove who it is")
    REDIRECTS = "redirects", _("it led elsewhere too many times")
    GONE = "gone", _("there is nothing at its address")
    CLOSED = "closed", _("its server lets nobody in without a password")
    SERVER = "server", _("its server answered with an error")
    PACKED = "packed", _("its server sent it packed")
    LARGE = "large", _("it is larger than 5 MB")
    NOT_CALENDAR = "not_calendar", _("what is there is not a calendar")
    MANY = "many", _("it has more than 10,000 entries")
    ENDLESS = "endless", _("it repeats too often to be worked out")


class FetchError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


# --- Which addresses are public ---------------------------------------------------


def is_public(address: str) -> bool:
    """An address anybody on the internet can reach, and nobody's own network."""
    try:
        ip = ip_address(address)
    except ValueError:  # with a scope, for one: of a link
        return False
    if isinstance(ip, IPv6Address):
        return (
            ip in GLOBAL_UNICAST
            and ip.is_global
            and not any(ip in network for network in TRANSLATED)
        )
    return _is_public_v4(ip)


def _is_public_v4(ip: IPv4Address) -> bool:
    return ip.is_global and not (
        ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local
    )


def look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_rest, address in found))


@dataclass(frozen=True)
class Door:
    """How one gets out. The only one in use is ``Door()``; tests have a server on this machine."""

    look_up: Callable[[str, int], list[str]] = look_up
    is_allowed: Callable[[str], bool] = is_public
    port: int = 443
    certificates: str | None = None  # a file of authorities; the system's own if none
    seconds: float = SECONDS
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True)
class Fetched:
    """``content`` is None if it is still what ``etag`` stood for."""

    content: bytes | None
    etag: str = ""


# --- Reading ------------------------------------------------------------------------


def tidy_url(text: str, *, port: int = 443) -> str:
    """The address to be read, as https. Raises ``FetchError`` for any that never will be."""
    text = text.strip()
    if text.lower().startswith("webcal://"):
        text = f"https{text[len('webcal') :]}"
    try:
        url = urlsplit(text)
        has_port = url.port not in {None, port}
        host = (url.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError) as error:
        raise FetchError(Problem.ADDRESS) from error
    has_user = url.username is not None or url.password is not None
    is_odd = UNPRINTABLE.search(text) or "\\" in text
    if url.scheme.lower() != "https" or not host or has_port or has_user or is_odd:
        raise FetchError(Problem.ADDRESS)
    netloc = f"[{host}]" if ":" in host else host
    netloc = f"{netloc}:{url.port}" if url.port else netloc
    return urlunsplit(("https", netloc, url.path or "/", url.query, ""))


def fetch(address: str, *, etag: str = "", door: Door | None = None) -> Fetched:
    """What is at ``address``. Raises ``FetchError``."""
    door = door or Door()
    deadline = time.monotonic() + door.seconds
    url = tidy_url(address, port=door.port)
    for _step in range(REDIRECTS + 1):
        found = _ask(url, etag, door, deadline)
        if isinstance(found, Fetched):
            return found
        url = tidy_url(_joined(url, found), port=door.port)
    raise FetchError(Problem.REDIRECTS)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:  # "https://[": no address at all
        raise FetchError(Problem.ADDRESS) from error


def _ask(url: str, etag: str, door: Door, deadline: float) -> Fetched | str:
    """One step: what is there, or where else it is."""
    parts = urlsplit(url)
    try:
        with contextlib.closing(_connect(parts, door, deadline)) as wire:
            wire.settimeout(_left(deadline))
            wire.sendall(_request(parts, etag))
            response = http.client.HTTPResponse(_Timed(wire, deadline), method="GET")  # type: ignore[arg-type]  # all it needs is makefile()
            response.begin()
            return _answer(response, door.most_bytes)
    except ssl.SSLCertVerificationError as error:
        raise FetchError(Problem.CERTIFICATE) from error
    except TimeoutError as error:
        raise FetchError(Problem.SLOW) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(Problem.NO_ANSWER) from error


def _answer(response: http.client.HTTPResponse, most_bytes: int) -> Fetched | str:
    status = response.status
    if status in MOVED:
        return response.getheader("Location") or ""
    if status == NOT_MODIFIED:
        return Fetched(None)
    if status != http.client.OK:
        known = {
            **dict.fromkeys(GONE, Problem.GONE),
            **dict.fromkeys(CLOSED, Problem.CLOSED),
        }
        raise FetchError(known.get(status, Problem.SERVER))
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise FetchError(
            Problem.PACKED
        )  # it was not asked for, and unpacks to who knows what
    if (response.length or 0) > most_bytes:
        raise FetchError(Problem.LARGE)
    content = response.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise FetchError(Problem.LARGE)
    if response.length:
        raise FetchError(Problem.NO_ANSWER)  # it broke off
    return Fetched(content, (response.getheader("ETag") or "")[:200])


def _request(parts: SplitResult, etag: str) -> bytes:
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    lines = [
        f"GET {path}{'?' if query else ''}{query} HTTP/1.1",
        f"Host: {parts.netloc}",
        "User-Agent: therapist-community (reads calendars its members name)",
        "Accept: text/calendar, */*;q=0.1",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if etag and not UNPRINTABLE.search(etag):
        lines.append(f"If-None-Match: {etag}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii", "ignore")


# --- The connection ---------------------------------------------------------------------


def _connect(parts: SplitResult, door: Door, deadline: float) -> ssl.SSLSocket:
    host, port = parts.hostname or "", parts.port or door.port
    addresses = _looked_up(host, port, door, deadline)
    if not all(door.is_allowed(address) for address in addresses):
        raise FetchError(Problem.NOT_PUBLIC)
    context = ssl.create_default_context(cafile=door.certificates)
    last: OSError = ConnectionError(host)
    for address in addresses[:ADDRESSES]:
        try:
            wire = socket.create_connection((address, port), timeout=_left(deadline))
        except TimeoutError:
            raise
        except OSError as error:  # no way there by IPv6, perhaps
            last = error
            continue
        try:
            wire.settimeout(_left(deadline))
            return context.wrap_socket(wire, server_hostname=host)
        except BaseException:
            wire.close()
            raise
    raise last


def _looked_up(host: str, port: int, door: Door, deadline: float) -> list[str]:
    """In a thread of its own: nothing else ends a name server that keeps silent."""
    found: list[str] = []
    failed: list[OSError | UnicodeError] = []

    def look() -> None:
        try:
            found.extend(door.look_up(host, port))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(_left(deadline))
    if thread.is_alive():
        raise TimeoutError
    if failed or not found:
        raise FetchError(Problem.NO_SERVER)
    return found


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Timed(io.RawIOBase):
    """Reads from a socket until the deadline and no longer, however slowly it drips."""

    def __init__(self, wire: ssl.SSLSocket, deadline: float) -> None:
        self.wire, self.deadline = wire, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer
        self.wire.settimeout(_left(self.deadline))
        return self.wire.recv_into(buffer)
