from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from directory.enums import DistanceUnit
from directory.geo import METRES, place_of_zip, within
from directory.models import Community
from spaces.domain.drill import buildings_with_rooms
from spaces.forms.fields import known_zip
from spaces.forms.incident import CLOSED_FOR
from spaces.forms.search import UNITS
from spaces.models import Building


class DrillForm(forms.Form):
    """Over one building, or over all near a ZIP code; for how long it would be closed."""

    marks_optional = False

    building = forms.ModelChoiceField(
        label=_("Which building?"),
        queryset=Building.objects.none(),
        required=False,
        empty_label=_("an area, see below"),
    )
    near = forms.CharField(
        label=_("Or all near this ZIP code"),
        required=False,
        max_length=10,
        validators=[known_zip],
        widget=forms.TextInput({"inputmode": "numeric", "size": 6}),
    )
    radius = forms.FloatField(
        initial="1",
        required=False,
        min_value=0.1,
        max_value=20,
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal", "size": 4}),
        error_messages={"invalid": _("Type a number, like 1.")},
    )
    days = forms.TypedChoiceField(
        label=_("Closed for about"),
        choices=CLOSED_FOR,
        coerce=int,
        initial="14",
        error_messages={"required": _("For how long would it be closed?")},
    )
    mails_who_joined = forms.BooleanField(
        label=_("Mail those who said that they take part in drills"),
        required=False,
        help_text=_(
            "Each who would have been asked gets one mail that says DRILL. Nobody else gets anything."
        ),
    )

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.community = community
        unit = UNITS[DistanceUnit(community.distance_unit)]
        self.fields["radius"].label = _("within, in %(unit)s") % {"unit": unit}
        building: Any = self.fields["building"]
        building.queryset = Building.objects.filter(buildings_with_rooms())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and bool(cleaned["building"]) == bool(cleaned["near"]):
            self.add_error(
                "building", _("Choose a building, or type a ZIP code: one of the two.")
            )
        return cleaned

    def drilled(self) -> dict[str, Any]:
        """What ``start_drill`` takes; of a valid form."""
        cleaned = self.cleaned_data
        return {
            "buildings": self._buildings(),
            "days": cleaned["days"],
            "mails_who_joined": cleaned["mails_who_joined"],
        }

    def _buildings(self) -> list[Building]:
        found = place_of_zip(self.cleaned_data["near"])
        if found is None:
            return [self.cleaned_data["building"]]
        metres = (self.cleaned_data["radius"] or 1) * METRES[
            DistanceUnit(self.community.distance_unit)
        ]
        near = within(found.latitude, found.longitude, metres)
        return list(Building.objects.filter(buildings_with_rooms()).filter(near))
