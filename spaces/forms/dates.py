"""From when, for how long: the part that searching, asking and posting have in common."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MOST_WEEKS = 53


FROM_WHEN = {"required": _("From which date on?")}


class DayField(forms.DateField):
    """One date, chosen or typed."""

    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {
        "required": _("Choose a date."),
        "invalid": _("That is not a date we can read. Choose one, like 2026-12-01."),
    }


def dates_in(query: Mapping[str, str]) -> dict[str, date]:
    """The first and the last date that an address names; what is no date there is left out."""
    found = {}
    for name in ("first_date", "last_date"):
        with suppress(ValueError):
            found[name] = date.fromisoformat(query.get(name, ""))
    return found


class DatesMixin(forms.Form):
    """``first_date`` and ``weeks``, or ``until``, which wins. Cleans ``last_date`` too, both dates included."""

    first_date = DayField(
        label=_("From"),
        error_messages=FROM_WHEN,
    )
    weeks = forms.IntegerField(
        label=_("For so many weeks"),
        required=False,
        widget=forms.NumberInput({"min": 1, "max": MOST_WEEKS, "size": 4}),
        error_messages={"invalid": _("Type a number of weeks, from 1 to 53.")},
    )
    until = DayField(
        label=_("Or until"),
        required=False,
    )

    def clean_weeks(self) -> int | None:
        weeks: int | None = self.cleaned_data["weeks"]
        if weeks is not None and not 1 <= weeks <= MOST_WEEKS:
            raise forms.ValidationError(
                _(
                    "Choose between 1 week and 53 weeks: that is how far the calendar reaches."
                )
            )
        return weeks

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first: date | None = cleaned.get("first_date")
        if first is None:
            return cleaned
        today = timezone.localdate()
        until: date | None = cleaned.get("until")
        if until and until < first:
            self.add_error("until", _("The end must not be before the start."))
        if first < today:
            self.add_error(
                "first_date", _("That is in the past. Choose today or a later date.")
            )
        if first > today + timedelta(weeks=MOST_WEEKS):
            self.add_error(
                "first_date",
                _("That is too far ahead: the calendar reaches 53 weeks from today."),
            )
        reach = today + timedelta(weeks=MOST_WEEKS)
        weeks = timedelta(weeks=cleaned.get("weeks") or 1)
        last = until or min(first, reach) + weeks - timedelta(days=1)
        cleaned["last_date"] = min(last, reach)
        return cleaned
