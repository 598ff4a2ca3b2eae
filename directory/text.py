import re
from unicodedata import combining, normalize

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


ALIKE = {  # Cyrillic, Greek and other letters that are read as these
    0x430: "a",
    0x435: "e",
    0x43E: "o",
    0x440: "p",
    0x441: "c",
    0x443: "y",
    0x445: "x",
    0x456: "i",
    0x458: "j",
    0x455: "s",
    0x43A: "k",
    0x43C: "m",
    0x442: "t",
    0x43D: "h",
    0x432: "b",
    0x501: "d",
    0x51B: "q",
    0x51D: "w",
    0x3B1: "a",
    0x3BF: "o",
    0x3BD: "v",
    0x3C1: "p",
    0x3C4: "t",
    0x3B9: "i",
    0x3BA: "k",
    0x3C5: "u",
    0x3C7: "x",
    0x261: "g",
    0x251: "a",
    0x131: "i",
    0x142: "l",
}
SAME_DOMAIN = {"googlemail.com": "gmail.com"}


def bare_address(email: str) -> tuple[str, str]:
    """Alike for two addresses that may be one mailbox, or that one of them means to be taken for.

    Dots, what follows a plus, and letters of other scripts count for nothing. Only ever a hint: for some servers they do.
    In SQL the first part is ``bare_local()``.
    """
    local, _at, domain = email.strip().lower().rpartition("@")
    if not domain.isascii() or "xn--" in domain:
        ways = {way.rpartition("@")[2] for way in ways_to_write(email)}
        read = min(ways, key=str.isascii)
        letters = normalize("NFKD", read.translate(ALIKE))
        domain = "".join(letter for letter in letters if not combining(letter))
    return local.partition("+")[0].replace(".", ""), SAME_DOMAIN.get(domain, domain)


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
