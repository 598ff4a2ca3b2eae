import re

from django.utils.encoding import punycode
from django.utils.translation import gettext

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def one_line(text: str) -> str:
    """Without anything that could end a header, break a card or turn the direction of what follows."""
    return " ".join(CONTROL.sub(" ", text).split())


def plain_address(email: str) -> str:
    """An address as it is kept: lower case, its domain as it travels (``bücher.example`` is ``xn--bcher-kva.example``)."""
    local, _at, domain = email.strip().lower().rpartition("@")
    try:
        return f"{local}@{punycode(domain)}"
    except UnicodeError:
        return f"{local}@{domain}"


def ways_to_write(email: str) -> set[str]:
    """The same address with its domain as it is read and as it travels."""
    plain = plain_address(email)
    local, _at, domain = plain.rpartition("@")
    try:
        return {plain, f"{local}@{domain.encode('ascii').decode('idna')}"}
    except UnicodeError:
        return {plain}


BROWSERS = {  # how a browser names itself, the most particular first
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
DEVICES = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "Chromebook",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "Linux": "Linux",
}


def say_device(user_agent: str) -> str:
    """``Safari, iPhone``: enough to know one's own again."""
    found = (
        next((name for mark, name in names.items() if mark in user_agent), "")
        for names in (BROWSERS, DEVICES)
    )
    return ", ".join(filter(None, found)) or gettext("A browser we do not know")
