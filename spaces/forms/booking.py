from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin
from spaces.forms.dates import DatesMixin
from spaces.forms.fields import MinuteField, WeekField, WeekFormMixin
from spaces.hours import DAY, Span

MOST_DATES = 7 * 53
MOST_PEOPLE = 200
NO_CLIENTS = _("Nothing about clients, please, not even a first name.")
HOW_MANY = _("For how many people? Count the guest, too.")


def said_date(day: date, span: Span) -> str:
    """How a date is named in a form: ``2026-12-01-1080-1260``."""
    return f"{day.isoformat()}-{span.start}-{span.end}"


def said_span(span: Span) -> str:
    """How hours of a week are named in an address: ``1-1080-1260``."""
    return "-".join(str(part) for part in span)


class TickedDates(forms.Widget):
    """Reads the boxes that ``components/_dates.html`` draws."""

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> list[str]:
        return (
            data.getlist(name)
            if isinstance(data, MultiValueDict)
            else list(data.get(name, []))
        )


class TickedDatesField(forms.Field):
    """Dates as ``said_date`` names them; cleans to days with their spans."""

    widget = TickedDates
    default_error_messages = {
        "required": _("Tick at least one date."),
        "unknown": _(
            "One of these dates is not a date we can read. Look through them again, please."
        ),
        "many": _("That is more than a year of dates. Ask for fewer, please."),
    }

    def to_python(self, value: Iterable[str] | None) -> list[tuple[date, Span]]:
        texts = list(dict.fromkeys(value or []))
        if len(texts) > MOST_DATES:
            raise ValidationError(self.error_messages["many"], code="many")
        return [self._dated(text) for text in texts]

    def _dated(self, text: str) -> tuple[date, Span]:
        try:
            day = date.fromisoformat(text[:10])
            start, end = (int(part) for part in text[11:].split("-"))
        except ValueError:
            raise ValidationError(
                self.error_messages["unknown"], code="unknown"
            ) from None
        if not 0 <= start < end <= DAY:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        return day, Span(day.weekday(), start, end)


@dataclass(frozen=True)
class OtherTime:
    """What was typed beside one date of a request, instead of its hours."""

    starts: str
    ends: str
    span: Span | None = None
    error: str = ""


def other_time(data: Mapping[str, Any], key: str, own: Span) -> OtherTime | None:
    """None where the date keeps its own hours."""
    starts = data.get(f"from-{key}", "").strip()
    ends = data.get(f"to-{key}", "").strip()
    if not (starts or ends):
        return None
    try:
        span = Span(
            own.weekday,
            MinuteField().clean(starts),
            MinuteField(is_end=True).clean(ends),
        )
    except ValidationError as error:
        return OtherTime(starts, ends, error=" ".join(error.messages))
    if span == own:
        return None
    if span.end <= span.start:
        return OtherTime(
            starts,
            ends,
            error=gettext("The end has to come after the start, on the same day."),
        )
    return OtherTime(starts, ends, span)


class PatternForm(WeekFormMixin, DatesMixin):
    """Which hours of the week, from when until when: the first step of asking."""

    hours = WeekField(label=_("Which hours?"))
    any_room = forms.BooleanField(
        label=_("Any suitable room here"),
        required=False,
        help_text=_("The same hosts have more rooms in this building; they choose."),
    )


class BookingRequestForm(ClientWordsMixin):
    """The second step: these dates, for so many people, with a word to the host."""

    dates = TickedDatesField()
    people = forms.IntegerField(
        label=_("People, you included"),
        initial=2,
        min_value=1,
        max_value=MOST_PEOPLE,
        error_messages={"required": HOW_MANY},
        widget=forms.NumberInput({"size": 4}),
    )
    message = forms.CharField(
        label=_("A word to the host"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=NO_CLIENTS,
    )


class AnswerForm(ClientWordsMixin):
    """What goes with a yes or a no."""

    note = forms.CharField(
        label=_("A word to the other side"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text=NO_CLIENTS,
    )


class ApprovalForm(AnswerForm):
    """A yes or a no that somebody pressed: what says neither answers nothing."""

    answer = forms.ChoiceField(
        choices=[("yes", _("Approve")), ("no", _("Decline"))],
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ["required", "invalid_choice"],
            _("Nothing is answered yet. Approve it or decline it, please."),
        ),
    )
