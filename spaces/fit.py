"""How free hours fit wanted ones, in words: "free except 24 Dec; Tue ends 20:30". Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from spaces import hours
from spaces.hours import Dated, Interval, Span, clock

MOST_NAMED = 3  # dates named one by one; more are counted
MOST_PARTS = 2  # ways in which dates are shorter that are told apart


@dataclass(frozen=True)
class Fit:
    total: int
    whole: int
    texts: list[str]
    fits: list[Span]
    misses: list[Span]


@dataclass(frozen=True)
class _Date:
    day: date
    has: Span | None  # the longest free stretch of it

    def is_whole(self, span: Span) -> bool:
        return self.has == span


def describe_misses(
    dated: Sequence[Dated], covered: Sequence[Interval], zone: ZoneInfo
) -> Fit:
    """Compare every wanted date (in order, none skipped by the clocks) with what is covered (sorted, disjoint)."""
    by_span: dict[Span, list[_Date]] = defaultdict(list)
    for item in dated:
        by_span[item.span].append(_Date(item.day, _longest(item, covered, zone)))
    texts, fits, misses = [], [], []
    gone = [span for span, dates in by_span.items() if not any(d.has for d in dates)]
    for span, dates in by_span.items():
        usual = Counter(d.has for d in dates if d.has).most_common(1)
        if not usual:
            misses.append(span)
            continue
        fits.append(usual[0][0])
        if usual[0][0] != span:
            misses.append(span)
        texts.extend(_shorter_dates(span, dates))
        texts.extend(_dates(span, dates, several=len(by_span) - len(gone) > 1))
    if gone:
        texts.append(_never(gone))
    whole = sum(d.is_whole(span) for span, dates in by_span.items() for d in dates)
    total = sum(len(dates) for dates in by_span.values())
    return Fit(total, whole, _once(texts), fits, misses)


def say_shortest(minutes: int) -> str:
    words = ngettext(
        "At least %(hours)s hour at a time",
        "At least %(hours)s hours at a time",
        1 if minutes == 60 else 2,
    )
    return words % {"hours": f"{minutes / 60:g}"}


def _longest(item: Dated, covered: Sequence[Interval], zone: ZoneInfo) -> Span | None:
    if item.period is None:
        return None
    parts = hours.intersection([(item.period.lower, item.period.upper)], covered)
    if not parts:
        return None
    lower, upper = max(parts, key=lambda part: part[1] - part[0])
    if (lower, upper) == (item.period.lower, item.period.upper):
        return item.span
    return hours.span_of(type(item.period)(lower, upper), zone)


def _shorter_dates(span: Span, dates: Sequence[_Date]) -> list[str]:
    """What the dates that have a part have of it: the commonest parts in words, with their dates unless it is always so."""
    parts: dict[Span, list[date]] = defaultdict(list)
    for item in dates:
        if item.has and item.has != span:
            parts[item.has].append(item.day)
    always = len(parts) == 1 and not any(d.is_whole(span) for d in dates)
    commonest = sorted(parts.items(), key=lambda part: -len(part[1]))
    found = [
        _shorter(span, has) if always else _on(_shorter(span, has), days)
        for has, days in commonest[:MOST_PARTS]
    ]
    if rest := [day for _has, days in commonest[MOST_PARTS:] for day in days]:
        found.append(_on(_("shorter"), sorted(rest)))
    return found


def _on(text: str, days: Sequence[date]) -> str:
    if len(days) <= MOST_NAMED:
        named = ", ".join(_short(day) for day in days)
        return _("%(what)s on %(dates)s") % {"what": text, "dates": named}
    return _("%(what)s on %(count)s dates") % {"what": text, "count": len(days)}


def _shorter(span: Span, has: Span) -> str:
    day = WEEKDAYS_ABBR[span.weekday]
    if has.start == span.start:
        return _("%(day)s ends %(time)s") % {"day": day, "time": clock(has.end)}
    if has.end == span.end:
        return _("%(day)s begins %(time)s") % {"day": day, "time": clock(has.start)}
    return _("%(day)s only %(start)s–%(end)s") % {
        "day": day,
        "start": clock(has.start),
        "end": clock(has.end),
    }


def _dates(span: Span, dates: Sequence[_Date], *, several: bool) -> list[str]:
    """The dates that have nothing: named, or "until", "from", or counted."""
    missing = [d.day for d in dates if d.has is None]
    if not missing:
        return []
    kept = [d.day for d in dates if d.has is not None]
    day = WEEKDAYS[span.weekday]
    if len(missing) <= MOST_NAMED:
        named = ", ".join(_short(day) for day in missing)
        return [_("free except %(dates)s") % {"dates": named}]
    if max(kept) < min(missing):
        text = _("free until %(date)s") % {"date": _short(max(kept))}
        return [
            text + ", " + _("then taken on %(day)ss") % {"day": day}
            if several
            else text
        ]
    if min(kept) > max(missing):
        return [
            _("%(day)ss only from %(date)s") % {"day": day, "date": _short(min(kept))}
        ]
    return [
        ngettext(
            "%(day)ss: %(count)s date is taken",
            "%(day)ss: %(count)s dates are taken",
            len(missing),
        )
        % {"day": day, "count": len(missing)}
    ]


def _never(spans: Sequence[Span]) -> str:
    days = sorted({span.weekday for span in spans})
    if len(days) == len(spans) and len(spans) <= MOST_NAMED:
        named = [str(WEEKDAYS[weekday]) + "s" for weekday in days]
        return _("%(days)s are not offered") % {"days": ", ".join(named)}
    named = [
        f"{WEEKDAYS_ABBR[span.weekday]} {clock(span.start)}–{clock(span.end)}"
        for span in sorted(spans)
    ]
    return _("not offered: %(hours)s") % {"hours": ", ".join(named)}


def _short(day: date) -> str:
    return date_format(day, "j M")


def _once(texts: Sequence[str]) -> list[str]:
    """Each once; several "free except …" become one."""
    prefix = _("free except %(dates)s") % {"dates": ""}
    excepted = [text.removeprefix(prefix) for text in texts if text.startswith(prefix)]
    rest = [text for text in dict.fromkeys(texts) if not text.startswith(prefix)]
    joined = [prefix + ", ".join(dict.fromkeys(excepted))] if excepted else []
    found = joined + rest
    return [capfirst(found[0]), *found[1:]] if found else []
