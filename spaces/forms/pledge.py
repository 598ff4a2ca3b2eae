from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from directory.enums import DistanceUnit
from directory.geo import METRES
from directory.models import Community
from spaces.forms.fields import WeekField, WeekFormMixin
from spaces.forms.money import MoneyField
from spaces.forms.need import LEAST_METRES, MOST_METRES
from spaces.forms.search import UNITS
from spaces.models import Office, Pledge
from spaces.models.office import OfficeQuerySet
from spaces.models.pledge import MOST_WEEKS

WEEKS = [1, 2, 3, 4, 6, 8, 13, MOST_WEEKS]


class PledgeForm(WeekFormMixin):
    """Which hours of which room somebody would lend, how far away, for how much and how long."""

    hours = WeekField(label=_("Which hours would you lend?"))
    office = forms.ModelChoiceField(
        label=_("In which room?"),
        queryset=Office.objects.none(),
        empty_label=None,
        error_messages={
            "required": _("Choose a room."),
            "invalid_choice": _("Choose among the rooms you let."),
        },
    )
    weeks = forms.TypedChoiceField(
        label=_("For how many weeks?"),
        choices=[(number, number) for number in WEEKS],
        coerce=int,
        initial=2,
        error_messages={
            "required": _("For how many weeks?"),
            "invalid_choice": _("Choose one of these."),
        },
    )
    price = MoneyField(
        label=_("Price for an hour"),
        initial="free",
        required=False,
        help_text=_("Free for displaced colleagues, unless you type a price."),
    )
    radius = forms.FloatField(
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal", "size": 4}),
        error_messages={
            "required": _("How far away may it be?"),
            "invalid": _("Type a number, like 5."),
        },
    )
    joins_drills = forms.BooleanField(
        label=_("I take part in drills"),
        required=False,
        help_text=_(
            "Now and then moderators try whether a bad day would be covered. Then you get one mail that says DRILL."
        ),
    )

    def __init__(
        self,
        *args: Any,
        community: Community,
        offices: OfficeQuerySet,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.community = community
        unit = UNITS[DistanceUnit(community.distance_unit)]
        self.fields["radius"].label = _("How far from your room, in %(unit)s?") % {
            "unit": unit
        }
        office: Any = self.fields["office"]
        office.queryset = offices

    def clean_radius(self) -> int:
        metres: float = (
            self.cleaned_data["radius"]
            * METRES[DistanceUnit(self.community.distance_unit)]
        )
        if not LEAST_METRES <= metres <= MOST_METRES:
            raise forms.ValidationError(
                _("Choose how far: at least 100 metres, at most 200 km.")
            )
        return round(metres)

    def pledged(self) -> dict[str, Any]:
        """What ``make_pledge`` takes beside the room; of a valid form."""
        cleaned = self.cleaned_data
        return {
            "spans": cleaned["hours"],
            "weeks": cleaned["weeks"],
            "radius_metres": cleaned["radius"],
            "price_cents": cleaned["price"] or 0,
            "joins_drills": cleaned["joins_drills"],
        }


def initial_of_pledge(pledge: Pledge | None, community: Community) -> dict[str, Any]:
    if pledge is None:
        return {"radius": "5"}
    metres = METRES[DistanceUnit(community.distance_unit)]
    return {
        "hours": pledge.spans,
        "office": pledge.office_id,
        "weeks": pledge.weeks,
        "price": pledge.price_cents or "free",
        "radius": f"{round(pledge.radius_metres / metres, 1):g}",
        "joins_drills": pledge.joins_drills,
    }
