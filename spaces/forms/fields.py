from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from directory.geo import place_of_zip
from spaces.forms.widgets import WeekWidget
from spaces.hours import DAY, STEP, Span, clock, merge_spans
from spaces.week import day_name


def known_zip(value: str) -> None:
    """A validator: the offline table has this ZIP code."""
    if place_of_zip(value) is None:
        raise ValidationError(
            _("We know no ZIP code “%(zip)s”. Type five digits, like 94618."),
            params={"zip": value},
        )


class WeekField(forms.Field):
    """Hours of a week, painted or chosen from lists. Cleans to a pattern: merged ``Span``s in order of the week."""

    widget = WeekWidget
    default_error_messages = {
        "required": _(
            "Paint at least half an hour, or choose a day and its hours from the lists."
        ),
        "unknown": _(
            "Some of these hours are not on the grid. Paint them again, please."
        ),
        "incomplete": _(
            "Choose a day, a start and an end for each row of the lists, or leave the row empty."
        ),
        "backwards": _(
            "The end has to come after the start, on %(day)s. Hours past midnight belong to the next day."
        ),
    }

    def prepare_value(self, value: Any) -> list[Span]:
        """What the widget draws: initial spans as they are, of what was sent all that can be read."""
        spans = []
        for item in value or []:
            try:
                spans.append(self._span(item) if isinstance(item, str) else Span(*item))
            except ValidationError:
                continue
        return merge_spans(spans)

    def to_python(self, value: Any) -> list[Span]:
        return merge_spans(
            self._span(item) if isinstance(item, str) else Span(*item)
            for item in value or []
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != self.prepare_value(data)

    def _span(self, text: str) -> Span:
        """``1-1080`` is half an hour, ``1-1080-1260`` three hours of Tuesday evening."""
        parts = text.split("-")
        if "" in parts:
            raise self._error("incomplete")
        if len(parts) not in (2, 3) or not all(
            part.isascii() and part.isdigit() and len(part) < 5 for part in parts
        ):
            raise self._error("unknown")
        weekday, start, end = (
            int(part) for part in [*parts, str(int(parts[1]) + STEP)][:3]
        )
        if weekday > 6 or start % STEP or end % STEP or start >= DAY or end > DAY:
            raise self._error("unknown")
        if end <= start:
            raise self._error("backwards", day=day_name(weekday))
        return Span(weekday, start, end)

    def _error(self, code: str, **params: str) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code, params=params)


class WeekFormMixin(forms.Form):
    """A form with a week: the lists' button (without JavaScript) only asks to see the grid painted again.

    Such a form is never valid and complains of nothing but the hours themselves, so a view needs no branch of its
    own: what is not valid is shown again.
    """

    @property
    def wants_repaint(self) -> bool:
        return self.is_bound and "repaint" in self.data

    def is_valid(self) -> bool:
        return not self.wants_repaint and super().is_valid()

    def full_clean(self) -> None:
        super().full_clean()
        if not self.wants_repaint:
            return
        for name in list(self.errors):
            if not isinstance(self.fields.get(name), WeekField) or self.has_error(
                name, "required"
            ):
                del self.errors[name]


class MinuteField(forms.Field):
    """A time of the day on the half hour, typed or chosen. Cleans to minutes; as an end 0:00 is midnight, 1440."""

    default_error_messages = {
        "required": _("From when until when? Like 18:00."),
        "unknown": _("Type a full or half hour, like 18:00 or 18:30."),
    }
    widget = forms.TimeInput({"type": "time", "step": STEP * 60}, format="%H:%M")

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_end = is_end

    def prepare_value(self, value: Any) -> Any:
        return clock(value % DAY) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if not value:
            return None
        hours, _colon, minutes = str(value).partition(":")
        parts = (hours, minutes[:2])
        if not all(
            part.isascii() and part.isdigit() and len(part) < 3 for part in parts
        ):
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        found = int(hours) * 60 + int(minutes[:2])
        if found == 0 and self.is_end:
            found = DAY
        if found % STEP or found > (DAY if self.is_end else DAY - STEP):
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        return found
