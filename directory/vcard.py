"""A colleague as a vCard 4.0 (RFC 6350)."""

from directory.models import Community, Therapist
from directory.text import one_line

LONGEST = 75  # octets in a line


def vcard(therapist: Therapist, community: Community, url: str) -> str:
    *given, family = therapist.name.split() or [""]
    lines = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"FN:{escape(therapist.name)}",
        f"N:{escape(family)};{escape(' '.join(given))};;;",
        *_known("TITLE", therapist.credentials),
        *_known("NOTE", therapist.headline),
        *_known("EMAIL;TYPE=work", therapist.contact_email),
        *_known("TEL;VALUE=text;TYPE=work", therapist.phone),
        *_known("URL;TYPE=work", therapist.website),
        *_known("CATEGORIES", community.name),
        f"SOURCE:{url}",
        "END:VCARD",
    ]
    return "".join(f"{fold(line)}\r\n" for line in lines)


def _known(name: str, value: str) -> list[str]:
    return [f"{name}:{escape(value)}"] if value else []


def escape(text: str) -> str:
    for character in "\\,;":
        text = text.replace(character, f"\\{character}")
    return one_line(text)


def fold(line: str) -> str:
    """Lines of at most 75 octets, never broken within a character."""
    folded, length = [], 0
    for character in line:
        octets = len(character.encode())
        if length + octets > LONGEST:
            folded.append("\r\n ")
            length = 1
        folded.append(character)
        length += octets
    return "".join(folded)
