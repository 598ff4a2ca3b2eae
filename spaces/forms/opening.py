from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from spaces.enums import Audience
from spaces.forms.dates import FROM_WHEN, MOST_WEEKS, DayField
from spaces.forms.fields import WeekField, WeekFormMixin
from spaces.forms.money import MoneyField
from spaces.models import Office, Opening
from spaces.models.office import OfficeQuerySet
from spaces.week import say_spans

SHORTEST = [
    (30, _("half an hour")),
    (60, _("an hour")),
    (90, _("an hour and a half")),
    (120, _("2 hours")),
    (180, _("3 hours")),
    (240, _("4 hours")),
]
ONE_OF_THESE = {
    "required": _("Choose one of these."),
    "invalid_choice": _("Choose one of these."),
}
ROOMS = {
    "required": _("Choose at least one room."),
    "invalid_choice": _("Choose among the rooms you let."),
    "invalid_pk_value": _("Choose among the rooms you let."),
}


class PeriodMixin(forms.Form):
    """A first and a last date that make sense together. ``earliest`` is the first date that is not too long ago."""

    earliest: date | None = None

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
        if first and first < min(today, self.earliest or today):
            self.add_error(
                "first_date", _("That is in the past. Choose today or a later date.")
            )
        if first and last and last < first:
            self.add_error("last_date", _("The end must not be before the start."))
        return cleaned


class RoomsField(forms.ModelMultipleChoiceField):
    """Some of one's own rooms."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Office.objects.none(), **{"error_messages": ROOMS, **kwargs})

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} · {obj.building}"


class OfferedMixin(WeekFormMixin, PeriodMixin):
    """What is offered: hours, dates, one price, one audience."""

    hours = WeekField(label=_("Which hours do you offer?"))
    first_date = DayField(
        label=_("From"),
        error_messages=FROM_WHEN,
    )
    last_date = DayField(
        label=_("Until"),
        required=False,
        help_text=_(
            "Leave it empty for “until further notice”. For one date alone, give that date twice."
        ),
    )
    price = MoneyField(
        label=_("Price for an hour"),
        help_text=_(
            "18, or “free”. Never a share of what a colleague earns: paying a part of one’s fees to whoever sends or "
            "houses the work is fee splitting, which licensing boards forbid."
        ),
    )
    audience = forms.ChoiceField(
        label=_("For"),
        choices=Audience,
        initial=Audience.ALL,
        widget=forms.RadioSelect,
        error_messages=ONE_OF_THESE,
    )
    shortest_minutes = forms.TypedChoiceField(
        label=_("Shortest stretch you let"),
        choices=SHORTEST,
        coerce=int,
        initial=60,
        error_messages=ONE_OF_THESE,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        shortest = cleaned.get("shortest_minutes", 0)
        for span in cleaned.get("hours", []):
            if span.minutes < shortest and "shortest_minutes" not in self.errors:
                self.add_error(
                    "shortest_minutes",
                    _("Nobody could take %(hours)s: it is shorter than that.")
                    % {"hours": say_spans([span])},
                )
        return cleaned

    def offered(self) -> dict[str, Any]:
        """What ``post_hours`` and ``change_opening`` take; of a valid form."""
        cleaned = dict(self.cleaned_data)
        return {
            "spans": cleaned.pop("hours"),
            "price_cents": cleaned.pop("price"),
            **cleaned,
        }


class OpeningForm(OfferedMixin):
    """Hours to offer, in one room or in several; an evening price is a second round."""

    offices = RoomsField(label=_("In which rooms?"))

    def __init__(self, *args: Any, office: Office, rooms: OfficeQuerySet) -> None:
        super().__init__(*args)
        self.initial = {"first_date": timezone.localdate(), "offices": [office.pk]}
        self.fields["offices"].queryset = rooms  # type: ignore[attr-defined]  # a RoomsField
        if len(rooms) < 2:
            del self.fields["offices"]


class ChangeForm(OfferedMixin):
    """An opening as it is, to be changed."""

    def __init__(self, *args: Any, opening: Opening) -> None:
        super().__init__(*args)
        self.earliest = opening.first_date
        self.initial = {
            "hours": [opening.span],
            "first_date": opening.first_date,
            "last_date": opening.last_date,
            "price": opening.price_cents,
            "audience": opening.audience,
            "shortest_minutes": max(
                minutes
                for minutes, _words in SHORTEST
                if minutes <= max(opening.shortest_minutes, SHORTEST[0][0])
            ),
        }

    def clean_last_date(self) -> date | None:
        last: date | None = self.cleaned_data["last_date"]
        if last and last < timezone.localdate():
            raise forms.ValidationError(
                _("That is in the past. To stop offering these hours, end them below.")
            )
        return last


class EndForm(forms.Form):
    """From when on hours are offered no longer."""

    end_from = DayField(
        label=_("Offered no longer from"),
        required=False,
        help_text=_("Empty: from today. What is booked stays booked."),
    )

    def clean_end_from(self) -> date | None:
        day: date | None = self.cleaned_data["end_from"]
        if day and day < timezone.localdate():
            raise forms.ValidationError(
                _("That is in the past. Choose today or a later date.")
            )
        if day and day > timezone.localdate() + timedelta(weeks=MOST_WEEKS):
            raise forms.ValidationError(
                _("That is too far ahead: the calendar reaches 53 weeks from today.")
            )
        return day


class CopyForm(forms.Form):
    """One week's hours for other weeks, other rooms."""

    week = DayField(
        label=_("The week to copy"),
        error_messages={
            "required": _("Which week? Any day of it will do."),
        },
        help_text=_("Any day of it."),
    )
    first_week = DayField(
        label=_("To the week of"),
        error_messages={
            "required": _("To which week? Any day of it will do."),
        },
    )
    weeks = forms.IntegerField(
        label=_("And so many weeks in all"),
        initial=1,
        widget=forms.NumberInput({"min": 1, "max": MOST_WEEKS}),
        error_messages={
            "required": _("For how many weeks? 1 is that week alone."),
            "invalid": _("Type a number of weeks, from 1 to 53."),
        },
    )
    offices = RoomsField(label=_("In which rooms?"))

    def __init__(self, *args: Any, rooms: OfficeQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["offices"].queryset = rooms  # type: ignore[attr-defined]  # a RoomsField

    def clean_week(self) -> date:
        week: date = self.cleaned_data["week"]
        if abs(week - timezone.localdate()) > timedelta(weeks=MOST_WEEKS):
            raise forms.ValidationError(
                _("That is too far away: choose a week within a year of today.")
            )
        return week

    def clean_first_week(self) -> date:
        first: date = self.cleaned_data["first_week"]
        today = timezone.localdate()
        if first < today - timedelta(days=today.weekday()):
            raise forms.ValidationError(
                _("That week is past. Choose this one or a later.")
            )
        if first > today + timedelta(weeks=MOST_WEEKS):
            raise forms.ValidationError(
                _("That is too far ahead: the calendar reaches 53 weeks from today.")
            )
        return first

    def clean_weeks(self) -> int:
        weeks: int = self.cleaned_data["weeks"]
        if not 1 <= weeks <= MOST_WEEKS:
            raise forms.ValidationError(
                _(
                    "Choose between 1 week and 53 weeks: that is how far the calendar reaches."
                )
            )
        return weeks


class UsualHoursForm(WeekFormMixin):
    hours = WeekField(label=_("When do you use this office yourself?"), required=False)
