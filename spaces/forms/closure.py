from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from spaces.forms.dates import FROM_WHEN, MOST_WEEKS, DayField
from spaces.forms.opening import ONE_OF_THESE, PeriodMixin
from spaces.hours import DAY, STEP, clock

TIMES = [(minute, clock(minute)) for minute in range(0, DAY + STEP, STEP)]


class ClosureForm(PeriodMixin):
    """Whole days, or hours within them, at which the office is not to be had."""

    marks_optional = False  # hours that are left as they are mean the whole day

    first_date = DayField(
        label=_("Closed from"),
        error_messages=FROM_WHEN,
    )
    last_date = DayField(
        label=_("Until, that day included"),
        error_messages={
            "required": _("Until when? You can open it again earlier."),
        },
    )
    start = forms.TypedChoiceField(
        label=_("Each day from"),
        choices=TIMES[:-1],
        coerce=int,
        initial=0,
        required=False,
        error_messages=ONE_OF_THESE,
    )
    end = forms.TypedChoiceField(
        label=_("To"),
        choices=TIMES[1:],
        coerce=int,
        initial=DAY,
        required=False,
        error_messages=ONE_OF_THESE,
        help_text=_("00:00 to 24:00 is the whole day."),
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=200,
        help_text=_("Colleagues read it: “holiday”, “painters”."),
        error_messages={"required": _("A word why, so that nobody wonders.")},
    )
    cancels = forms.BooleanField(
        label=_("Cancel these dates"),
        required=False,
        help_text=_(
            "Nothing is due for them. Each guest is told once, with your reason."
        ),
    )

    def clean_last_date(self) -> date:
        last: date = self.cleaned_data["last_date"]
        if last > timezone.localdate() + timedelta(weeks=MOST_WEEKS):
            raise forms.ValidationError(
                _("That is too far ahead: the calendar reaches 53 weeks from today.")
            )
        return last

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["start"] = cleaned.get("start") or 0
        cleaned["end"] = cleaned.get("end") or DAY
        if not self.errors and cleaned["end"] <= cleaned["start"]:
            self.add_error(
                "end",
                _(
                    "The end has to come after the start. For a night, close until 24:00 and the next day from 00:00."
                ),
            )
        return cleaned

    def closed(self) -> tuple[date, date, int, int]:
        """What ``closed_periods`` takes; of a valid form."""
        cleaned = self.cleaned_data
        return (
            cleaned["first_date"],
            cleaned["last_date"],
            cleaned["start"],
            cleaned["end"],
        )
