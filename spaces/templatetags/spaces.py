"""Weeks, hours and money in templates. Presentation only, no queries."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from directory.enums import DistanceUnit
from directory.geo import METRES
from spaces.hours import DAY, Span
from spaces.hours import clock as clock_of
from spaces.week import (
    SHOWN_FROM,
    SHOWN_TO,
    STATES,
    WEEK,
    Block,
    DateChoice,
    Head,
    day_name,
    say_blocks,
    say_hours,
    say_spans,
    week_rows,
)
from spaces.words import say_money, say_price

register = template.Library()

HOUR = 6  # units of the small picture; a block is at least so tall, or a short near miss is not seen
RECT = '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2" />'
FEW_DATES = 12  # of a list longer than MOST_DATES stand before its fold on a phone
MOST_DATES = 15
LAST = ("fits", "misses", "open", "wanted", "displaced")  # drawn over the rest


@register.filter
def clock(minute: int) -> str:
    """1080 is ``18:00``."""
    return clock_of(minute)


@register.filter
def hours(minutes: int) -> str:
    """90 minutes are ``1.5``."""
    return say_hours(minutes)


@register.filter
def pattern(spans: Iterable[Span]) -> str:
    """``Tue 18:00–21:00, Thu 18:00–21:00``"""
    return say_spans(spans)


@register.filter
def to_be_had(dates: Iterable[DateChoice]) -> list[DateChoice]:
    return [date for date in dates if date.is_open]


@register.filter
def not_to_be_had(dates: Iterable[DateChoice]) -> list[DateChoice]:
    return [date for date in dates if not date.is_open]


@register.filter
def first_dates(dates: Sequence[Any]) -> Sequence[Any]:
    """What a phone shows of a long list before its fold."""
    return dates[:FEW_DATES] if len(dates) > MOST_DATES else dates


@register.filter
def later_dates(dates: Sequence[Any]) -> Sequence[Any]:
    return dates[FEW_DATES:] if len(dates) > MOST_DATES else []


@register.filter
def has_other_time(dates: Iterable[DateChoice]) -> bool:
    return any(date.is_other for date in dates)


@register.filter
def zone_name(timezone: str) -> str:
    """``America/Los_Angeles`` is ``Los Angeles``."""
    return timezone.rpartition("/")[2].replace("_", " ")


@register.filter
def far(metres: int, unit: str) -> str:
    """5000 metres are ``5 km``, in the community's unit."""
    return f"{round(metres / METRES[DistanceUnit(unit)], 1):g} {unit}"


@register.filter
def took(time: timedelta) -> str:
    """``5 min``, ``3 h 20 min``, ``6 days``"""
    minutes = max(0, round(time.total_seconds() / 60))
    if minutes >= 2 * DAY:
        return ngettext("%(days)s day", "%(days)s days", minutes // DAY) % {
            "days": minutes // DAY
        }
    parts = divmod(minutes, 60)
    if parts[0]:
        return gettext("%(hours)s h %(minutes)s min") % {
            "hours": parts[0],
            "minutes": parts[1],
        }
    return gettext("%(minutes)s min") % {"minutes": minutes}


@register.simple_tag(takes_context=True)
def money(context: Context, cents: int) -> str:
    """``$54`` in the community's currency."""
    return say_money(cents, context["community"].currency)


@register.simple_tag(takes_context=True)
def price(context: Context, cents: int) -> str:
    """``$18 / hour`` or ``free``."""
    return say_price(cents, context["community"].currency)


@register.inclusion_tag("components/_week_read.html")
def week_read(
    blocks: Sequence[Block],
    caption: str,
    *,
    days: Sequence[int] = WEEK,
    heads: Sequence[Head] = (),
) -> dict[str, Any]:
    """A week to read. ``days=0123`` style subsets are weekday numbers in order.

    ``heads``, one for each column, say something else than the weekday; then ``days`` only counts the columns.
    """
    if heads:
        days = range(len(heads))
    titles = dict(
        zip(days, heads or [Head(day_name(day)) for day in days], strict=True)
    )
    shown = [block for block in blocks if block.weekday in days]
    by_day = {
        weekday: sorted(
            (b for b in shown if b.weekday == weekday), key=lambda b: b.start
        )
        for weekday in days
    }
    return {
        "caption": caption,
        "blocks": shown,
        "heads": list(titles.values()),
        "shows_picture": not heads or len(heads) == len(WEEK),
        "rows": week_rows(shown, days),
        "agenda": [
            (titles[weekday], found)
            for weekday, found in by_day.items()
            if found or titles[weekday].url
        ],
    }


@register.inclusion_tag("components/_mini_week.html")
def mini_week(
    blocks: Sequence[Block], label: str = "", size: str = ""
) -> dict[str, Any]:
    """The week as a small picture; what was searched for lies over what is there."""
    first = min([SHOWN_FROM, *(block.start for block in blocks)])
    last = max([SHOWN_TO, *(block.end for block in blocks)])
    in_order = sorted(
        blocks, key=lambda block: LAST.index(block.state) if block.state in LAST else -1
    )
    column = (last - first) * HOUR // 60
    return {
        "label": label or say_blocks(blocks),
        "size": size,
        "height": column + 14,
        "days": _mini_days(column, get_language() or ""),
        "rects": format_html_join(
            "", RECT, (_rect(block, first, column) for block in in_order)
        ),
    }


@lru_cache
def _mini_days(column: int, language: str) -> SafeString:
    return format_html_join(
        "",
        '<text x="{}" y="8">{}</text><rect class="day" x="{}" y="12" width="16" height="{}" rx="2" />',
        (
            (20 * weekday + 10, day_name(weekday)[0], 20 * weekday + 2, column)
            for weekday in WEEK
        ),
    )


def _rect(block: Block, first: int, column: int) -> tuple[str, int, int, int, int]:
    """What ``RECT`` names, in its order."""
    over = (
        1 if block.state in ("misses", "open", "wanted") else 0
    )  # wider than its day, so that it stands out
    height = max(HOUR, (block.end - block.start) * HOUR // 60)
    y = min((block.start - first) * HOUR // 60, column - height)
    return (
        block.state,
        20 * block.weekday + 2 - over,
        12 + y,
        16 + 2 * over,
        height,
    )


@register.inclusion_tag("components/_progress.html")
def coverage_bar(booked: int, offered: int, still_open: int) -> dict[str, Any]:
    """How far a need is covered, in minutes."""
    total = max(1, booked + offered + still_open)
    at = {"booked": 1000 * booked // total, "offered": 1000 * offered // total}
    return {
        "booked": say_hours(booked),
        "offered": say_hours(offered),
        "open": say_hours(still_open),
        "at": at,
        "hatches": range(-24, at["offered"], 18),
    }


@register.inclusion_tag("components/_legend.html")
def legend(*states: str) -> dict[str, Any]:
    return {"states": [(state, str(STATES[state].word)) for state in states]}
