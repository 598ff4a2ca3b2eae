"""A week as a picture and in words: blocks of hours, their states, how they are laid out. Presentation only, no models."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from spaces.hours import DAY, STEP, Span, clock, merge_spans

WEEK = range(7)
SHOWN_FROM, SHOWN_TO = 8 * 60, 21 * 60  # what a week shows at least
FOLD = 4  # so many empty half hours in a row fold into one line


class State(NamedTuple):
    word: str | Promise  # said inside the block
    icon: str  # a symbol of static/icons.svg, or ""


STATES: dict[str, State] = {
    "free": State(_("Free"), "ring"),  # can be asked for
    "open": State(_("Open"), "ring"),  # needed, nobody offers yet
    "nice": State(_("Nice to have"), ""),  # needed less; nobody is asked because of it
    "offered": State(_("Offered"), "half"),
    "booked": State(_("Booked"), "check"),
    "part": State(_("Partly booked"), "half"),
    "asked": State(_("Asked for"), "note"),
    "held": State(_("Held"), "lock"),
    "mine": State(_("Yours"), "check"),
    "taken": State(_("Taken"), ""),
    "usual": State(_("Your own hours"), ""),
    "busy": State(_("Busy elsewhere"), ""),
    "displaced": State(_("Displaced"), "flame"),
    "closed": State(_("Closed"), "close"),
    "wanted": State(_("Wanted"), "ring"),
    "fits": State(_("Fits"), "check"),  # of what is wanted, what this office has
    "misses": State(_("Misses"), "half"),  # and what it has not
}


@dataclass(frozen=True)
class Block:
    """Hours of a weekday (0 is Monday, minutes of the day) in one of ``STATES``; label and detail are said inside."""

    weekday: int
    start: int
    end: int
    state: str
    label: str | Promise = ""
    detail: str | Promise = ""
    url: str = ""

    @property
    def word(self) -> str:
        return str(self.label or STATES[self.state].word)

    @property
    def icon(self) -> str:
        return STATES[self.state].icon

    @property
    def hours(self) -> str:
        return f"{clock(self.start)}–{clock(self.end)}"


@dataclass(frozen=True)
class DateChoice:
    """One date of a request in ``components/_dates.html``: a box to untick, or the reason why it is not to be had.

    With a ``key``, what it was asked for as, another time can be chosen for it: ``starts``, ``ends`` as they are typed.
    """

    value: str
    day: date
    hours: str
    cents: int
    minutes: int
    note: str | Promise = ""
    is_open: bool = True
    is_ticked: bool = True
    key: str = ""
    starts: str = ""
    ends: str = ""
    is_other: bool = False


class Head(NamedTuple):
    """What stands over a column of a week to read: a weekday, a date, a room."""

    text: str
    url: str = ""
    is_now: bool = False


class Cell(NamedTuple):
    rowspan: int
    blocks: list[Block]  # usually one; more where hours overlap


@dataclass
class Row:
    minute: int
    until: int
    cells: list[Cell] = field(default_factory=list)

    @property
    def is_gap(self) -> bool:
        return self.until - self.minute > STEP

    @property
    def is_hour(self) -> bool:
        return self.minute % 60 == 0

    @property
    def label(self) -> str:
        return clock(self.minute)

    @property
    def until_label(self) -> str:
        return clock(self.until)


def day_name(weekday: int) -> str:
    return str(WEEKDAYS_ABBR[weekday])


def say_spans(spans: Iterable[Span]) -> str:
    """``Tue 18:00–21:00, Thu 18:00–21:00``"""
    return ", ".join(
        f"{day_name(span.weekday)} {clock(span.start)}–{clock(span.end)}"
        for span in merge_spans(spans)
    )


def say_hours(minutes: int) -> str:
    """``90`` is ``1.5``: hours as a number, without a needless ``.0``."""
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".")


def say_week(spans: Iterable[Span]) -> str:
    """What is painted and how much it is, for the line under the grid."""
    spans = merge_spans(spans)
    if not spans:
        return gettext("Nothing painted yet.")
    minutes = sum(span.minutes for span in spans)
    words = ngettext(
        "%(hours)s hour a week", "%(hours)s hours a week", 1 if minutes == 60 else 2
    )
    return f"{say_spans(spans)} · {words % {'hours': say_hours(minutes)}}"


def say_blocks(blocks: Iterable[Block]) -> str:
    """The picture in words: ``Free Tue 18:00–21:00; Taken Wed 09:00–12:00``."""
    said: dict[str, list[Span]] = {}
    for block in blocks:
        said.setdefault(block.word, []).append(
            Span(block.weekday, block.start, block.end)
        )
    return "; ".join(
        f"{word} {say_spans(spans)}" for word, spans in said.items()
    ) or gettext("Nothing")


def week_rows(blocks: Iterable[Block], days: Sequence[int]) -> list[Row]:
    """Half-hour rows of a table; a block spans rows, long empty stretches are one row, overlapping blocks share a cell."""
    groups = {
        weekday: _groups([block for block in blocks if block.weekday == weekday])
        for weekday in days
    }
    starts = {
        (weekday, group[0]): group for weekday in days for group in groups[weekday]
    }
    if not starts:
        return []
    busy = {
        minute
        for start, end, _blocks in starts.values()
        for minute in range(start, end, STEP)
    }
    rows: list[Row] = []
    for minute in _minutes(busy):
        cells = []
        for weekday in days:
            if group := starts.get((weekday, minute)):
                cells.append(Cell((group[1] - minute) // STEP, group[2]))
            elif not any(start < minute < end for start, end, _ in groups[weekday]):
                cells.append(Cell(1, []))
        rows.append(Row(minute, minute + STEP, cells))
    return _folded(rows, busy)


def _minutes(busy: set[int]) -> range:
    first, last = min(busy), max(busy) + STEP
    return range(first - first % 60, last + -last % 60, STEP)


def _groups(blocks: list[Block]) -> list[tuple[int, int, list[Block]]]:
    """Blocks of one day on the half-hour grid, those that overlap together: (start, end, blocks)."""
    found: list[tuple[int, int, list[Block]]] = []
    for block in sorted(blocks, key=lambda block: (block.start, block.end)):
        start, end = (
            block.start - block.start % STEP,
            min(DAY, block.end + -block.end % STEP),
        )
        if found and start < found[-1][1]:
            before = found.pop()
            found.append((before[0], max(before[1], end), [*before[2], block]))
        else:
            found.append((start, end, [block]))
    return found


def _folded(rows: list[Row], busy: set[int]) -> list[Row]:
    kept: list[Row] = []
    empty: list[Row] = []
    for row in [*rows, None]:
        if row and row.minute not in busy:
            empty.append(row)
            continue
        if len(empty) >= FOLD:
            kept.append(Row(empty[0].minute, empty[-1].until))
        else:
            kept.extend(empty)
        empty = []
        if row:
            kept.append(row)
    return kept
