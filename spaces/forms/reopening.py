"""What becomes of a borrowed room: the terms of a sublet. Ending it needs a day alone (``changes.DayForm``)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from spaces.forms.booking import said_span
from spaces.forms.dates import FROM_WHEN, DayField
from spaces.forms.money import MoneyField
from spaces.hours import Span
from spaces.week import say_spans


class SubletForm(forms.Form):
    """Which of the borrowed hours go on, from when until when, for how much."""

    hours = forms.MultipleChoiceField(
        label=_("Which hours go on"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Tick at least one."),
            "invalid_choice": _("Choose among the borrowed hours."),
        },
    )
    price = MoneyField(
        label=_("Price for an hour"),
        help_text=_("18, or “free”."),
    )
    first_date = DayField(
        label=_("From"),
        error_messages=FROM_WHEN,
    )
    last_date = DayField(
        label=_("Until"),
        error_messages={"required": _("Until which date?")},
    )

    def __init__(self, *args: Any, spans: Sequence[Span], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.span_of = {said_span(span): span for span in spans}
        field: Any = self.fields["hours"]
        field.choices = [
            (value, say_spans([span])) for value, span in self.span_of.items()
        ]
        self.initial.setdefault("hours", list(self.span_of))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first_date"), cleaned.get("last_date")
        if first and last and last < first:
            self.add_error("last_date", _("The end must not be before the start."))
        return cleaned

    def terms(self) -> dict[str, Any]:
        """What ``propose_sublet`` takes, of a valid form."""
        cleaned = self.cleaned_data
        return {
            "spans": [self.span_of[value] for value in cleaned["hours"]],
            "price_cents": cleaned["price"],
            "first_date": cleaned["first_date"],
            "last_date": cleaned["last_date"],
        }
