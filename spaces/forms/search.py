from datetime import date

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import DistanceUnit
from directory.geo import METRES, place_of_zip
from directory.models import Community, Therapist
from spaces.forms.booking import MOST_PEOPLE, said_span
from spaces.forms.dates import DatesMixin
from spaces.forms.fields import WeekField, WeekFormMixin, known_zip
from spaces.forms.money import MoneyField
from spaces.queries import Wanted

NEAREST, FARTHEST = 0.5, 100  # of the community's unit
UNITS = {DistanceUnit.KM: _("km"), DistanceUnit.MI: _("miles")}


class SearchForm(WeekFormMixin, DatesMixin):
    """What is looked for. Always bound: what the address does not say is filled in for the person who looks."""

    marks_optional = False
    hours = WeekField(label=_("When do you need a room?"), required=False)
    near = forms.CharField(
        label=_("Near"),
        required=False,
        max_length=10,
        validators=[known_zip],
        widget=forms.TextInput(
            {
                "inputmode": "numeric",
                "autocomplete": "postal-code",
                "size": 6,
                "placeholder": "94618",
            }
        ),
    )
    radius = forms.FloatField(
        label=_("At most"),
        required=False,
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal"}),
    )
    most = MoneyField(label=_("Price up to"), required=False)
    people = forms.IntegerField(
        label=_("People"),
        required=False,
        widget=forms.NumberInput({"min": 1, "max": MOST_PEOPLE}),
    )
    step_free = forms.BooleanField(label=_("Step-free"), required=False)

    def __init__(
        self, query: QueryDict, *, therapist: Therapist, community: Community
    ) -> None:
        self.therapist, self.community = therapist, community
        known = query.copy()
        for name, value in self._defaults().items():
            known.setdefault(name, value)
        super().__init__(known)
        self.fields["first_date"].required = False
        unit = UNITS[DistanceUnit(community.distance_unit)]
        self.fields["radius"].label = _("At most, in %(unit)s") % {"unit": unit}

    def _defaults(self) -> dict[str, str]:
        return {
            "first_date": timezone.localdate().isoformat(),
            "weeks": "4",
            "near": self.therapist.zip_code,
            "radius": "5",
        }

    def clean_first_date(self) -> date:
        return self.cleaned_data["first_date"] or timezone.localdate()

    def clean_radius(self) -> float:
        radius: float | None = self.cleaned_data["radius"]
        if radius is None:
            return 5.0
        if not NEAREST <= radius <= FARTHEST:
            raise forms.ValidationError(
                _("Choose a distance between %(nearest)s and %(farthest)s %(unit)s."),
                params={
                    "nearest": NEAREST,
                    "farthest": FARTHEST,
                    "unit": UNITS[DistanceUnit(self.community.distance_unit)],
                },
            )
        return radius

    def clean_people(self) -> int | None:
        people: int | None = self.cleaned_data["people"]
        if people is not None and not 1 <= people <= MOST_PEOPLE:
            raise forms.ValidationError(
                _("Choose between 1 and %(most)s people."), params={"most": MOST_PEOPLE}
            )
        return people

    def wanted(self) -> Wanted:
        """What ``match_offices`` asks for; of a valid form."""
        cleaned = self.cleaned_data
        latitude, longitude = self.centre
        return Wanted(
            spans=cleaned["hours"],
            first_date=cleaned["first_date"],
            last_date=cleaned["last_date"],
            latitude=latitude,
            longitude=longitude,
            radius_metres=self.radius_metres,
            most_cents=cleaned["most"],
            people=cleaned["people"],
            is_step_free=cleaned["step_free"],
        )

    @property
    def radius_metres(self) -> float:
        return float(
            self.cleaned_data["radius"]
            * METRES[DistanceUnit(self.community.distance_unit)]
        )

    @property
    def centre(self) -> tuple[float, float]:
        place = (
            place_of_zip(self.cleaned_data["near"])
            if self.cleaned_data["near"]
            else None
        )
        if place:
            return place.latitude, place.longitude
        if self.therapist.latitude is not None and self.therapist.longitude is not None:
            return self.therapist.latitude, self.therapist.longitude
        return self.community.latitude, self.community.longitude

    def query(self) -> str:
        """The hours and dates as the address of a page that asks for them."""
        cleaned = self.cleaned_data
        said = QueryDict(mutable=True)
        said.setlist("hours", [said_span(span) for span in cleaned["hours"]])
        said["first_date"] = cleaned["first_date"].isoformat()
        said["until"] = cleaned["last_date"].isoformat()
        if cleaned["people"]:
            said["people"] = str(cleaned["people"])
        return said.urlencode()

    def address(self) -> str:
        """The whole search, as short as it can be said: for the address bar, and to send to a colleague."""
        said = QueryDict(mutable=True)
        said.setlist("hours", [said_span(span) for span in self.cleaned_data["hours"]])
        for name in self.fields:
            if name != "hours" and self.data.get(name):
                said[name] = self.data[name]
        if page := self.data.get("page"):
            said["page"] = page
        return said.urlencode()
