from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from spaces.enums import Audience
from spaces.forms.dates import MOST_WEEKS, date_input
from spaces.forms.fields import WeekField, WeekFormMixin
from spaces.forms.money import MoneyField

SHORTEST = [
    (30, _("half an hour")),
    (60, _("an hour")),
    (90, _("an hour and a half")),
    (120, _("2 hours")),
    (180, _("3 hours")),
    (240, _("4 hours")),
]
UNREADABLE = {
    "invalid": _("That is not a date we can read. Choose one, like 2026-12-01.")
}


class PeriodMixin(forms.Form):
    """A first and a last date that make sense together."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last, today = (
            cleaned.get("first_date"),
            cleaned.get("last_date"),
            timezone.localdate(),
        )
        if first and first > today + timedelta(weeks=MOST_WEEKS):
            self.add_error(
                "first_date",
                _("That is too far ahead: the calendar reaches 53 weeks from today."),
            )
        if first and first < today - self.looks_back:
            self.add_error(
                "first_date", _("That is in the past. Choose today or a later date.")
            )
        if first and last and last < first:
            self.add_error("last_date", _("The end must not be before the start."))
        return cleaned

    looks_back = timedelta()


class OpeningForm(WeekFormMixin, PeriodMixin):
    """Hours to offer: one price and one audience; an evening price is a second round."""

    hours = WeekField(label=_("Which hours do you offer?"))
    first_date = forms.DateField(
        label=_("From"),
        widget=date_input(),
        error_messages={**UNREADABLE, "required": _("From which date on?")},
    )
    last_date = forms.DateField(
        label=_("Until"),
        required=False,
        widget=date_input(),
        error_messages=UNREADABLE,
        help_text=_(
            "Leave it empty for “until further notice”. For one date alone, give that date twice."
        ),
    )
    price = MoneyField(
        label=_("Price for an hour"),
        help_text=_(
            "18, or “free”. A share of fees is never a price here: that would be fee splitting."
        ),
        error_messages={"required": _("What does an hour cost? Type “free” if it is.")},
    )
    audience = forms.ChoiceField(
        label=_("For"), choices=Audience, initial=Audience.ALL, widget=forms.RadioSelect
    )
    shortest_minutes = forms.TypedChoiceField(
        label=_("Shortest stretch you let"), choices=SHORTEST, coerce=int, initial=60
    )

    def openings(self) -> dict[str, Any]:
        """What ``post_hours`` takes; of a valid form."""
        cleaned = dict(self.cleaned_data)
        return {
            "spans": cleaned.pop("hours"),
            "price_cents": cleaned.pop("price"),
            **cleaned,
        }


class ClosureForm(PeriodMixin):
    """Whole days on which the office is not to be had."""

    first_date = forms.DateField(
        label=_("Closed from"),
        widget=date_input(),
        error_messages={**UNREADABLE, "required": _("From which date on?")},
    )
    last_date = forms.DateField(
        label=_("Until, that day included"),
        widget=date_input(),
        error_messages={
            **UNREADABLE,
            "required": _("Until when? You can open it again earlier."),
        },
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=200,
        help_text=_("Colleagues read it: “holiday”, “painters”."),
        error_messages={"required": _("A word why, so that nobody wonders.")},
    )

    def clean_last_date(self) -> date:
        last: date = self.cleaned_data["last_date"]
        if last > timezone.localdate() + timedelta(weeks=MOST_WEEKS):
            raise forms.ValidationError(
                _("That is too far ahead: the calendar reaches 53 weeks from today.")
            )
        return last


class UsualHoursForm(WeekFormMixin):
    hours = WeekField(label=_("When do you use this office yourself?"), required=False)
