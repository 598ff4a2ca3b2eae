"""More buildings for an incident: which street, how far around; then which of them, until when."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from directory.enums import DistanceUnit
from spaces.forms.dates import DayField
from spaces.models import Building

AROUND = {  # metres, as the community counts distances
    DistanceUnit.KM: [
        ("200", _("200 m")),
        ("500", _("500 m")),
        ("1000", _("1 km")),
        ("2000", _("2 km")),
        ("5000", _("5 km")),
    ],
    DistanceUnit.MI: [
        ("161", _("0.1 mi")),
        ("402", _("¼ mi")),
        ("805", _("½ mi")),
        ("1609", _("1 mi")),
        ("4828", _("3 mi")),
    ],
}


class PlacesSearchForm(forms.Form):
    """Read from the address: looking changes nothing."""

    street = forms.ChoiceField(label=_("A whole street"), required=False)
    around = forms.ChoiceField(label=_("All buildings around it"), required=False)

    def __init__(
        self, *args: Any, streets: list[str], unit: DistanceUnit, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        around: Any = self.fields["around"]
        around.choices = [("", _("not around it")), *AROUND[unit]]
        field: Any = self.fields["street"]
        field.choices = [("", _("no street")), *((name, name) for name in streets)]


class PlacesForm(forms.Form):
    buildings: Any = forms.ModelMultipleChoiceField(
        queryset=None,
        error_messages={
            "required": _("Tick at least one building."),
            "invalid_choice": _("One of these buildings is not one you can add."),
            "invalid_pk_value": _("One of these buildings is not one you can add."),
        },
    )
    until = DayField(
        label=_("Open again on"),
    )

    def __init__(
        self, *args: Any, buildings: QuerySet[Building], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["buildings"]
        field.queryset = buildings

    def moment(self, building: Building) -> datetime:
        day = self.cleaned_data["until"]
        return datetime(day.year, day.month, day.day, tzinfo=building.zone)
