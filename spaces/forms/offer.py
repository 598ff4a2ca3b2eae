from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin
from directory.geo import place_of_zip
from spaces.domain.place import Place
from spaces.forms.booking import MOST_PEOPLE
from spaces.forms.dates import DayField
from spaces.forms.fields import WeekField, WeekFormMixin
from spaces.forms.money import MoneyField
from spaces.hours import Span, merge_spans
from spaces.models import Office

ELSEWHERE = "elsewhere"
MOST_MESSAGE = 1000


class OfferForm(ClientWordsMixin, WeekFormMixin):
    """Which of the hours, in which room, for how much. Free unless a price is typed."""

    buttons = ["answer"]

    hours = WeekField(required=False)  # the cards, one per stretch
    more = WeekField(label=_("Paint only the parts you can spare"), required=False)
    office = forms.ChoiceField(
        label=_("Which room?"),
        error_messages={"required": _("Choose a room, or describe another place.")},
    )
    street = forms.CharField(
        label=_("Street and number"), max_length=200, required=False
    )
    zip_code = forms.CharField(
        label=_("ZIP code"),
        max_length=10,
        required=False,
        widget=forms.TextInput(
            {"inputmode": "numeric", "autocomplete": "postal-code", "size": 6}
        ),
    )
    capacity = forms.IntegerField(
        label=_("How many does it seat?"),
        initial=2,
        required=False,
        widget=forms.NumberInput({"min": 1, "max": MOST_PEOPLE}),
    )
    step_free = forms.BooleanField(
        label=_("No step from the street to a chair"), required=False
    )
    price = MoneyField(
        label=_("Price for an hour"),
        initial="free",
        required=False,
        help_text=_("Free for displaced colleagues, unless you type a price."),
    )
    until = DayField(
        label=_("Until"),
        required=False,
        help_text=_("Empty: as long as it is needed."),
    )
    message = forms.CharField(
        label=_("A word to them"),
        max_length=MOST_MESSAGE,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, *args: Any, offices: Sequence[Office], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offices = {str(office.pk): office for office in offices}
        office: Any = self.fields["office"]
        office.choices = [
            *(
                (pk, f"{found.name}, {found.building.district}")
                for pk, found in self.offices.items()
            ),
            (ELSEWHERE, _("Another place …")),
        ]
        self.initial.setdefault("office", next(iter(self.offices), ELSEWHERE))

    @property
    def spans(self) -> list[Span]:
        return merge_spans([*self.cleaned_data["hours"], *self.cleaned_data["more"]])

    @property
    def chosen_office(self) -> Office | None:
        return self.offices.get(self.cleaned_data["office"])

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until and until < timezone.localdate():
            raise forms.ValidationError(
                _("That is in the past. Choose a later date, or none.")
            )
        return until

    def clean_capacity(self) -> int:
        capacity: int = self.cleaned_data["capacity"] or 2
        if not 1 <= capacity <= MOST_PEOPLE:
            raise forms.ValidationError(
                _("Choose between 1 and %(most)s people."), params={"most": MOST_PEOPLE}
            )
        return capacity

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("office") == ELSEWHERE:
            if not cleaned.get("street"):
                self.add_error(
                    "street", _("Where is it? Only whoever accepts your offer is told.")
                )
            if "zip_code" in cleaned and place_of_zip(cleaned["zip_code"]) is None:
                self.add_error(
                    "zip_code",
                    _("We know no such ZIP code. Type five digits, like 94618."),
                )
        return cleaned

    def place(self) -> Place:
        """The place described on the spot, of a valid form without a chosen office."""
        cleaned = self.cleaned_data
        found = place_of_zip(cleaned["zip_code"])
        if found is None:
            raise ValueError("A valid form has a ZIP code that is known.")
        return Place(
            street=cleaned["street"],
            city=found.city.title(),
            zip_code=found.zip,
            latitude=found.latitude,
            longitude=found.longitude,
            timezone=found.timezone,
            capacity=cleaned["capacity"],
            is_step_free=cleaned["step_free"],
        )
