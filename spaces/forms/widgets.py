from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from spaces.hours import DAY, STEP, Span, cells, clock
from spaces.week import SHOWN_FROM, SHOWN_TO, WEEK, day_name, say_week

LISTS = 2  # rows of day / from / to for those without JavaScript
STARTS = tuple((minute, clock(minute)) for minute in range(0, DAY, STEP))
ENDS = tuple((minute, clock(minute)) for minute in range(STEP, DAY + STEP, STEP))
CHECKED = SafeString(" checked")
ON_THE_HOUR = SafeString(' class="hour"')


class WeekWidget(forms.Widget):
    """The week to paint. Below it is a plain form: ``<name>=<day>-<minute>`` for each ticked half hour.

    Rows of ``<name>_day``, ``<name>_from``, ``<name>_to`` say the same without ticking; a link may say a whole span
    as ``<name>=<day>-<from>-<to>``. All of it is one list of such strings, which ``WeekField`` reads.
    """

    template_name = "components/week_paint.html"
    use_fieldset = True

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> list[str]:
        rows = zip_longest(
            *(_values(data, f"{name}_{part}") for part in ("day", "from", "to")),
            fillvalue="",
        )
        return [*_values(data, name), *("-".join(row) for row in rows if any(row))]

    def value_omitted_from_data(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> bool:  # nothing painted is an answer too
        return False

    def get_context(
        self, name: str, value: Iterable[Span] | None, attrs: dict[str, Any] | None
    ) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        painted = {(cell.weekday, cell.start) for cell in cells(value or [])}
        context["widget"] |= {
            "days": [day_name(weekday) for weekday in WEEK],
            "parts": [
                _part(name, painted, 0, SHOWN_FROM, _("Earlier: 00:00–08:00")),
                _part(name, painted, SHOWN_FROM, SHOWN_TO, None),
                _part(name, painted, SHOWN_TO, DAY, _("Later: 21:00–24:00")),
            ],
            "said": say_week(value or []),
            "is_painted": bool(painted),
            "lists": range(LISTS),
            "weekdays": _options(tuple((day, day_name(day)) for day in WEEK)),
            "starts": _options(STARTS),
            "ends": _options(ENDS),
        }
        return context


def _values(data: Mapping[str, Any], name: str) -> list[str]:
    if isinstance(data, MultiValueDict):
        return data.getlist(name)
    value = data.get(name, [])
    return [value] if isinstance(value, str) else list(value)


def _part(
    name: str, painted: set[tuple[int, int]], start: int, end: int, summary: Any
) -> dict[str, Any]:
    days = tuple(day_name(weekday) for weekday in WEEK)
    rows = (
        _row(
            name,
            minute,
            days,
            tuple((weekday, minute) in painted for weekday in WEEK),
        )
        for minute in range(start, end, STEP)
    )
    is_painted = any(start <= minute < end for _day, minute in painted)
    return {
        "rows": SafeString("\n".join(rows)),
        "summary": summary,
        "is_open": is_painted,
        "from": clock(start),
        "to": clock(end),
    }


@lru_cache(maxsize=4096)
def _row(
    name: str, minute: int, days: tuple[str, ...], painted: tuple[bool, ...]
) -> SafeString:
    """A half hour with its boxes. A page has 336 of them, and hardly ever other ones than the page before."""
    boxes = format_html_join(
        "",
        '<td><input type="checkbox" name="{}" value="{}-{}" aria-label="{} {}"{}>',
        (
            (name, weekday, minute, day, clock(minute), CHECKED if is_painted else "")
            for weekday, day, is_painted in zip(WEEK, days, painted, strict=True)
        ),
    )
    return format_html(
        '<tr{}><th scope="row"><span>{}</span></th>{}</tr>',
        ON_THE_HOUR if minute % 60 == 0 else "",
        clock(minute),
        boxes,
    )


@lru_cache
def _options(choices: tuple[tuple[int, str], ...]) -> SafeString:
    return format_html_join("", '<option value="{}">{}</option>', choices)
