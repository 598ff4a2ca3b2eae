"""What is suggested: hours in place of others, rooms to ask for them, and the dates that come of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spaces import hours
from spaces.hours import Dated, Span, clock
from spaces.models import Office
from spaces.queries import Wanted
from spaces.week import day_name, say_spans


class Change(NamedTuple):
    """Hours in place of wanted ones, and how much of a change that is."""

    kind: str
    wanted: Span
    span: Span
    cost: float

    def __str__(self) -> str:
        if self.kind == "day":
            return _("%(day)s instead of %(wanted)s") % {
                "day": say_spans([self.span]),
                "wanted": day_name(self.wanted.weekday),
            }
        return _("%(hours)s instead of %(start)s–%(end)s") % {
            "hours": say_spans([self.span]),
            "start": clock(self.wanted.start),
            "end": clock(self.wanted.end),
        }


@dataclass(frozen=True)
class Part:
    """What to ask one office for: ``dates`` in order, all of them free."""

    office: Office
    metres: float | None
    spans: list[Span]
    dates: list[tuple[date, Span]]
    is_exact: bool = True  # the pattern from first to last date has no other dates

    @property
    def first(self) -> date:
        return self.dates[0][0]

    @property
    def last(self) -> date:
        return self.dates[-1][0]


KINDS = {
    "shift": gettext_lazy("Half an hour’s shift"),
    "shorter": gettext_lazy("A little shorter"),
    "day": gettext_lazy("Another day"),
    "two": gettext_lazy("Two rooms together"),
}


@dataclass(frozen=True)
class Suggestion:
    kind: str
    parts: list[Part]
    changes: list[Change] = field(default_factory=list)
    room_changes: int = 0
    minutes_between: int = 0
    cost: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        return str(KINDS[self.kind])


def dates_of(spans: Sequence[Span], wanted: Wanted, zone: ZoneInfo) -> list[Dated]:
    """The dates to come of a pattern, in the time wanted."""
    now = timezone.now()
    dated = hours.expand(spans, wanted.first_date, wanted.last_date, zone)
    return [item for item in dated if item.period and item.period.lower > now]
