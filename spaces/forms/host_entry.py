from datetime import date, timedelta
from typing import Any, NamedTuple

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.errors import DomainError
from directory.forms.client_words import ClientWordsMixin
from directory.forms.fields import LineField
from directory.models import Therapist
from spaces.domain.host_entry import guest_at
from spaces.forms.booking import (
    HOW_MANY,
    MOST_PEOPLE,
    NO_CLIENTS,
    TickedDatesField,
    said_span,
)
from spaces.forms.dates import FROM_WHEN, MOST_WEEKS, DayField
from spaces.forms.fields import WeekField, WeekFormMixin
from spaces.forms.money import MoneyField
from spaces.forms.opening import PeriodMixin
from spaces.guests import choosable_for, found_for
from spaces.models import Office


class Newcomer(NamedTuple):
    name: str
    email: str


class HostEntryForm(ClientWordsMixin, WeekFormMixin, PeriodMixin):
    """Whom, which hours, from when until when, for how much. ``guest`` is chosen among those a name found."""

    buttons = ["enter"]

    name = LineField(
        label=_("Their name"),
        max_length=200,
        error_messages={"required": _("For whom? Type a name.")},
        widget=forms.TextInput({"autocomplete": "off", "dir": "auto"}),
        help_text=_("Of a colleague here: a part of the name finds them."),
    )
    email = forms.EmailField(
        label=_("Their email"),
        max_length=254,
        required=False,
        widget=forms.EmailInput({"autocomplete": "off"}),
        help_text=_(
            "If they are no member: they get one invitation, and essential mails only."
        ),
        error_messages={
            "invalid": _(
                "That is no address mail can go to. One looks like name@example.org."
            )
        },
    )
    guest = forms.ModelChoiceField(
        Therapist.objects.none(),
        required=False,
        error_messages={
            "invalid_choice": _("Choose somebody from the list, or type the name anew.")
        },
    )
    hours = WeekField(label=_("Which hours?"))
    first_date = DayField(
        label=_("From"),
        error_messages=FROM_WHEN,
    )
    last_date = DayField(
        label=_("Until"),
        required=False,
        help_text=_(
            "Empty: as far as the calendar reaches, 53 weeks. For one date alone, give that date twice."
        ),
    )
    price = MoneyField(
        label=_("Price for an hour"),
        help_text=_("18, or “free”. As you agreed with them."),
    )
    people = forms.IntegerField(
        label=_("People, the guest included"),
        initial=2,
        min_value=1,
        max_value=MOST_PEOPLE,
        error_messages={"required": HOW_MANY},
        widget=forms.NumberInput({"size": 4}),
    )
    message = forms.CharField(
        label=_("A word to them"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=NO_CLIENTS,
    )
    dates = TickedDatesField(required=False)
    seen = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, office: Office, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.office = office
        self.found: list[Therapist] = []  # whom the name may mean
        self.known: Therapist | None = None  # whose address it is
        self.fields["guest"].queryset = choosable_for(office)  # type: ignore[attr-defined]

    def clean_people(self) -> int:
        people: int = self.cleaned_data["people"]
        if people > self.office.capacity:
            raise forms.ValidationError(
                _("This room seats %(count)s."), params={"count": self.office.capacity}
            )
        return people

    def clean_last_date(self) -> date | None:
        """Not beyond the calendar; empty stays empty, see ``last_day``."""
        last: date | None = self.cleaned_data["last_date"]
        if last and last > self.reach:
            raise forms.ValidationError(
                _("That is too far ahead: the calendar reaches 53 weeks from today.")
            )
        return last

    @property
    def reach(self) -> date:
        return timezone.localdate() + timedelta(weeks=MOST_WEEKS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["until"] = cleaned.get("last_date") or self.reach
        if not self.wants_repaint and not {"name", "email", "guest"} & set(self.errors):
            self._find()
        return cleaned

    def _find(self) -> None:
        """The address decides; else whom the name finds, to choose from."""
        cleaned = self.cleaned_data
        if cleaned["email"]:
            self._find_at(cleaned["email"])
            return
        self.found = found_for(self.office, cleaned["name"])
        if not self.found:
            self.add_error(
                "name",
                _(
                    "We found nobody of that name. Look at the spelling; or add their email, and they get an invitation."
                ),
            )
        elif cleaned["guest"] not in self.found:
            cleaned["guest"] = self.found[0] if len(self.found) == 1 else None

    def _find_at(self, email: str) -> None:
        try:
            self.known = guest_at(self.office, email)
        except DomainError as error:
            self.add_error("email", str(error))
        self.cleaned_data["guest"] = self.known

    @property
    def shown(self) -> str:
        """What the dates below the form were made from; sent back as ``seen``. Of a valid form."""
        cleaned = self.cleaned_data
        spans = ",".join(said_span(span) for span in cleaned["hours"])
        dates = f"{cleaned['first_date']}/{cleaned['until']}"
        who = f"{cleaned['name']} {cleaned['email']}"
        return f"{spans} {dates} {cleaned['price']} {who}"[:2000].strip()

    @property
    def was_looked_at(self) -> bool:
        """Whether the host saw these dates, of this person, for this price."""
        seen: str = self.cleaned_data["seen"]
        return seen == self.shown

    @property
    def newcomer(self) -> Newcomer | None:
        """Somebody who is new here; of a valid form."""
        cleaned = self.cleaned_data
        is_new = cleaned["email"] and self.known is None
        return Newcomer(cleaned["name"], cleaned["email"]) if is_new else None
