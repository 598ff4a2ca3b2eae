"""Changing dates of a running booking: which ones, to which hours, from which day on."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin
from spaces.forms.booking import NO_CLIENTS
from spaces.forms.dates import FROM_WHEN, DayField
from spaces.forms.fields import MinuteField, WeekField, WeekFormMixin
from spaces.hours import HORIZON, Span
from spaces.models.booking import OccurrenceQuerySet


class ChosenDatesForm(ClientWordsMixin):
    """Some dates of one booking."""

    dates: Any = forms.ModelMultipleChoiceField(
        queryset=None,
        error_messages={
            "required": _("Tick at least one date."),
            "invalid_choice": _("One of these dates is not one you can change here."),
            "invalid_pk_value": _("One of these dates is not one you can change here."),
        },
    )
    note = forms.CharField(
        label=_("A word to the other side"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text=NO_CLIENTS,
    )

    def __init__(self, *args: Any, dates: OccurrenceQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["dates"]
        field.queryset = dates


class DayForm(ClientWordsMixin):
    day = DayField(
        label=_("From"),
        error_messages=FROM_WHEN,
    )

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        today = timezone.localdate()
        if not today <= day <= today + HORIZON:
            raise ValidationError(
                _("Choose a date from today on, up to 53 weeks ahead.")
            )
        return day


class DateMoveForm(DayForm):
    """One date to another day or other hours."""

    starts = MinuteField(label=_("From"))
    ends = MinuteField(label=_("To"), is_end=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].label = _("On which day?")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"day", "starts", "ends"} <= cleaned.keys():
            day, start, end = (cleaned[name] for name in ("day", "starts", "ends"))
            if end <= start:
                raise ValidationError(
                    _("The end has to come after the start, on the same day.")
                )
            cleaned["to"] = (day, Span(day.weekday(), start, end))
        return cleaned


class ProposalForm(DateMoveForm):
    """Another time that a host proposes for a date."""

    message = forms.CharField(
        label=_("A word with it"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text=NO_CLIENTS,
    )


class DatesChangeForm(WeekFormMixin, DayForm):
    """Other hours of the week from a date on."""

    hours = WeekField(label=_("Which hours from then on?"))


class DatesEndForm(DayForm):
    note = forms.CharField(
        label=_("A word to the other side"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text=NO_CLIENTS,
    )
