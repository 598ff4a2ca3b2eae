"""What an answer by mail says: "yes all", "yes Wed 17-19, Thu", "no", "not for this incident". Pure.

Never a guess: an answer is plain only where every word of it is understood and says one thing. Of any other it is told
what was understood, so that the person can be asked.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from spaces.hours import DAY, STEP

NOON = 720
LONGEST = 2000  # characters: who writes more does not say yes or no

# Each is a list with | between, longer and shorter ways to say the same; translators may add any number.
WORDS: dict[str, Promise | str] = {
    "yes": pgettext_lazy("answer by mail", "yes|yes please|yep|yeah"),
    "all": pgettext_lazy(
        "answer by mail",
        "all|all of it|all of them|all of these|all hours|all the hours|everything",
    ),
    "no": pgettext_lazy(
        "answer by mail",
        "no|nope|no thanks|no thank you|not this time|not now|sorry no|i cannot|i can't|cannot|can't",
    ),
    "never": pgettext_lazy(
        "answer by mail",
        "not for this incident|do not ask me about this again|don't ask me about this again",
    ),
    "to": pgettext_lazy("answer by mail: 17 to 19", "to|until|till"),
    "break": pgettext_lazy("answer by mail: Wed and Thu", "and"),
    "courtesy": pgettext_lazy(
        "answer by mail: words that change nothing",
        "on|from|at|please|thanks|thank you|many thanks|hi|hi there|hello|hello there|hi all|hello all|dear|dear all|"
        "sorry|of course|gladly|happy to help|good luck|best|best wishes|all the best|regards|best regards|"
        "kind regards|warm regards|cheers|warmly|take care",
    ),
}
DAYS: list[Promise | str] = [
    pgettext_lazy("answer by mail", "mon|monday|mondays"),
    pgettext_lazy("answer by mail", "tue|tues|tuesday|tuesdays"),
    pgettext_lazy("answer by mail", "wed|weds|wednesday|wednesdays"),
    pgettext_lazy("answer by mail", "thu|thur|thurs|thursday|thursdays"),
    pgettext_lazy("answer by mail", "fri|friday|fridays"),
    pgettext_lazy("answer by mail", "sat|saturday|saturdays"),
    pgettext_lazy("answer by mail", "sun|sunday|sundays"),
]
TOKEN = re.compile(
    r"""(?P<time>(?:\d{4}|\d{1,2}(?:[:.]\d{2})?)(?:\ ?[ap]\.?m\b\.?)?(?![^\W_]))
      | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
      | (?P<dash>-+)
      | (?P<break>[,;.!&+\n]+)
      | (?P<space>[^\S\n]+)
      | (?P<other>.)""",
    re.VERBOSE,
)
TIME = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))? ?([ap]?)")
DASHES = re.compile("[\u2010-\u2015\u2212]")  # hyphens, dashes, minus
APOSTROPHES = re.compile("[\u2018\u2019\u02bc]")


class Part(NamedTuple):
    """A day, or hours of it. ``is_either_half``: twelve hours later could be meant as well ("5-7")."""

    weekday: int
    start: int | None = None
    end: int | None = None
    is_either_half: bool = False


@dataclass(frozen=True)
class Said:
    """``choice`` is yes, no or never; empty where it says none of them, or more than one. Hours alone may be a yes.

    A plain "yes" that is neither ``is_all`` nor has ``parts`` names no hours.
    """

    choice: str = ""
    is_all: bool = False
    parts: tuple[Part, ...] = ()
    is_plain: bool = False
    is_thanks: bool = False  # kind words and nothing else


class _Item(NamedTuple):
    kind: str  # of WORDS; or day, time, range, dash, unknown
    value: tuple[int, ...] = ()
    text: str = ""


def understand(text: str, names: Iterable[str] = ()) -> Said:
    """``names`` may stand in it without changing anything: a greeting's, a signature's."""
    if len(text) > LONGEST:
        return Said()
    items = _ranges(_items(_tokens(text), _phrases(names)))
    kinds = {item.kind for item in items}
    parts, is_sure = _parts(items)
    said = kinds & {"yes", "no", "never"}
    is_known = "unknown" not in kinds
    is_all = "all" in kinds
    choice = "never" if said == {"no", "never"} else "".join(said)
    if len(said) > 1 and choice != "never":
        choice = ""
    elif is_known and (parts or is_all):
        choice = choice or "yes"  # hours and nothing else: to be asked about
    is_sure = is_sure and is_known and bool(said) and bool(choice)
    is_plain = is_sure and _is_one_thing(choice, items, has_parts=bool(parts))
    is_thanks = "courtesy" in kinds and not kinds - {"courtesy", "break"}
    return Said(choice, is_all, tuple(parts), is_plain, is_thanks)


def _is_one_thing(choice: str, items: Sequence[_Item], *, has_parts: bool) -> bool:
    """All or some, and neither with a no. "All" belongs to the "yes" before it: "Thanks, all" means people."""
    kinds = [item.kind for item in items if item.kind != "break"]
    if choice != "yes":
        return not has_parts and "all" not in kinds
    before = [kinds[at - 1] for at, kind in enumerate(kinds) if kind == "all" and at]
    return (
        kinds[:1] != ["all"] and set(before) <= {"yes"} and not (before and has_parts)
    )


# --- Words ---------------------------------------------------------------------------


def _tokens(text: str) -> list[_Item]:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = APOSTROPHES.sub("'", DASHES.sub("-", text)).replace("\r", "\n")
    found = []
    for match in TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(_Item(kind, text=match.group()))
    return found


def _phrases(names: Iterable[str]) -> dict[tuple[str, ...], _Item]:
    """The words of each way to say something. A name that is a word of ours counts as that word."""
    known = {
        tuple(str(name).casefold().replace("’", "'").split()): _Item("courtesy")
        for name in names
    }
    known |= {
        tuple(phrase.split()): _Item(kind)
        for kind, phrases in WORDS.items()
        for phrase in str(phrases).casefold().split("|")
    }
    known |= {
        (name,): _Item("day", (weekday,))
        for weekday, day_names in enumerate(DAYS)
        for name in str(day_names).casefold().split("|")
    }
    known.pop((), None)
    return known


def _items(
    tokens: Sequence[_Item], phrases: dict[tuple[str, ...], _Item]
) -> list[_Item]:
    """The longest phrase that fits, again and again."""
    longest = max(len(words) for words in phrases)
    found, at = [], 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "word":
            length, item = _longest(tokens[at : at + longest], phrases)
            found.append(item)
            at += length
            continue
        found.append(
            token if token.kind in {"time", "dash", "break"} else _Item("unknown")
        )
        at += 1
    return found


def _longest(
    tokens: Sequence[_Item], phrases: dict[tuple[str, ...], _Item]
) -> tuple[int, _Item]:
    for length in range(len(tokens), 0, -1):
        words = tuple(token.text for token in tokens[:length])
        if words in phrases:
            return length, phrases[words]
    return 1, _Item("unknown")


# --- Hours ---------------------------------------------------------------------------


def _ranges(items: Sequence[_Item]) -> list[_Item]:
    """``17 - 19`` becomes one item. A time alone says nothing, nor do days with a dash between."""
    found: list[_Item] = []
    at = 0
    while at < len(items):
        item, following = items[at], items[at + 1 : at + 3]
        kinds = [item.kind, *(other.kind for other in following)]
        if kinds[0] == "time":
            is_range = (
                len(kinds) == 3 and kinds[1] in {"dash", "to"} and kinds[2] == "time"
            )
            minutes = _minutes(item.text, following[1].text) if is_range else None
            found.append(_Item("range", minutes) if minutes else _Item("unknown"))
            at += 3 if is_range else 1
            continue
        between_days = item.kind == "dash" and _is_between_days(items, at)
        found.append(_Item("unknown") if between_days or item.kind == "to" else item)
        at += 1
    return found


def _is_between_days(items: Sequence[_Item], at: int) -> bool:
    around = [*items[max(at - 1, 0) : at], *items[at + 1 : at + 2]]
    return [item.kind for item in around] == ["day", "day"]


def _minutes(first: str, second: str) -> tuple[int, int, int] | None:
    """Start, end, and 1 where it could be twelve hours later; None where it is no span of half hours.

    The half of the day that is said of one time tells of the other: "11-1pm" begins in the morning, "5-7pm" does not.
    """
    start, end = _clock(first), _clock(second)
    if start is None or end is None:
        return None
    is_said = bool(start[1] or end[1])
    readings = [
        (a, b or DAY)
        for a in _halves(*start, is_open=is_said)
        for b in _halves(*end, is_open=is_said)
        if a < (b or DAY)
    ]
    if not readings:
        return None
    a, b = min(readings, key=lambda pair: pair[1] - pair[0])
    if a % STEP or b % STEP:
        return None
    return a, b, int(not is_said and b <= NOON + 30 and not first.startswith("0"))


def _halves(minute: int, half: str, *, is_open: bool) -> list[int]:
    """What a time can mean: 5 is 5:00 or, where somebody said am or pm, 17:00 as well. 12:30 am is half past midnight."""
    if not (half or is_open) or minute >= NOON + 60:
        return [minute]
    return [minute % NOON + (NOON if each == "p" else 0) for each in half or "ap"]


def _clock(text: str) -> tuple[int, str] | None:
    match = TIME.match(text)
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if minute > 59 or hour * 60 + minute > DAY or (half and not 1 <= hour <= 12):
        return None
    return hour * 60 + minute, half


def _parts(items: Sequence[_Item]) -> tuple[list[Part], bool]:
    """Hours belong to the day before them. Not sure: hours without a day; "Wed, Thu 17-19", where they may belong to both."""
    parts: list[Part] = []
    waiting: list[int] = []  # days whose hours have not been said
    is_sure = True
    for item in items:
        if item.kind == "day":
            waiting.append(item.value[0])
        elif item.kind == "range":
            days = waiting or [part.weekday for part in parts[-1:]]
            is_sure = is_sure and len(days) == 1
            start, end, is_either = item.value
            parts += [Part(day, start, end, bool(is_either)) for day in days]
            waiting = []
        elif item.kind not in {"break", "courtesy", "dash"}:
            parts += [Part(day) for day in waiting]
            waiting = []
    return _unique([*parts, *(Part(day) for day in waiting)]), is_sure


def _unique(parts: Collection[Part]) -> list[Part]:
    return list(dict.fromkeys(parts))
