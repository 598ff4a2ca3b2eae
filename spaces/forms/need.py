from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.enums import DistanceUnit, TermKind
from directory.forms.client_words import ClientWordsMixin
from directory.geo import METRES, place_of_zip, snap
from directory.models import Community, Term, Therapist, TherapistQuerySet
from spaces import hours
from spaces.domain.need import Wish
from spaces.forms.booking import MOST_PEOPLE
from spaces.forms.dates import DatesMixin, DayField
from spaces.forms.fields import WeekField, WeekFormMixin, known_zip
from spaces.forms.money import MoneyField
from spaces.forms.office import STEP_FREE
from spaces.forms.search import UNITS
from spaces.models import Building, Incident, Need

MOST_METRES, LEAST_METRES = 200_000, 100
MOST_NOTE = 1000


@dataclass(frozen=True)
class Spot:
    """Around where rooms are looked for, unless a ZIP code says otherwise."""

    place: str
    latitude: float
    longitude: float
    timezone: str


def spot_of_need(need: Need) -> Spot:
    return Spot(need.place, need.latitude, need.longitude, need.timezone)


def spot_of_building(building: Building) -> Spot:
    return Spot(
        building.district,
        *snap(building.latitude, building.longitude),
        building.timezone,
    )


def spot_of_person(person: Therapist, community: Community) -> Spot:
    if person.latitude is None or person.longitude is None:
        return Spot(
            community.area, community.latitude, community.longitude, community.timezone
        )
    return Spot(
        person.neighbourhood or community.area,
        person.latitude,
        person.longitude,
        community.timezone,
    )


class NeedForm(ClientWordsMixin, WeekFormMixin, DatesMixin):
    """The week that is needed, and what a room for it must be."""

    buttons = ["publish"]

    hours = WeekField(label=_("Which hours do you need?"))
    nice = WeekField(
        label=_("Which would be nice, too?"),
        required=False,
        help_text=_(
            "Colleagues see them beside the others. Nobody is asked because of these alone."
        ),
    )
    until = DayField(
        label=_("Until"),
        error_messages={
            "required": _("Until which date?"),
        },
    )
    near = forms.CharField(
        label=_("Near another ZIP code"),
        required=False,
        max_length=10,
        validators=[known_zip],
        widget=forms.TextInput(
            {"inputmode": "numeric", "autocomplete": "postal-code", "size": 6}
        ),
    )
    radius = forms.FloatField(
        label=_("How far would you go?"),
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal", "size": 4}),
        error_messages={
            "required": _("How far would you go?"),
            "invalid": _("Type a number, like 5."),
        },
    )
    most = MoneyField(
        label=_("Most you pay for an hour"),
        required=False,
        help_text=_("Leave it empty if any price will do."),
    )
    people = forms.IntegerField(
        label=_("People in the room"),
        initial=2,
        widget=forms.NumberInput({"min": 1, "max": MOST_PEOPLE}),
        error_messages={
            "required": _("How many people, you included?"),
            "invalid": _("Type a number, like 2."),
        },
    )
    step_free = forms.BooleanField(label=_("It must be step-free"), required=False)
    attributes = forms.ModelMultipleChoiceField(
        Term.objects.none(),
        label=_("What the room must have"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": _(
                "That is not in our lists any more. Choose something else."
            ),
            "invalid_pk_value": _(
                "That is not in our lists any more. Choose something else."
            ),
        },
    )
    note = forms.CharField(
        label=_("A word to colleagues"),
        required=False,
        max_length=MOST_NOTE,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("About the room, never about clients."),
    )
    therapist = forms.ModelChoiceField(
        label=_("For whom?"),
        queryset=Therapist.objects.none(),
        required=False,
        empty_label=None,
    )

    def __init__(
        self,
        *args: Any,
        spot: Spot,
        community: Community,
        people_asked_for: TherapistQuerySet | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.spot, self.community = spot, community
        del self.fields["weeks"]
        attributes: Any = self.fields["attributes"]
        attributes.queryset = (
            Term.objects.current_or(self.initial.setdefault("attributes", []))
            .of_kind(TermKind.OFFICE_ATTRIBUTE)
            .exclude(slug=STEP_FREE)
        )
        unit = UNITS[DistanceUnit(community.distance_unit)]
        self.fields["radius"].label = _("How far would you go, in %(unit)s?") % {
            "unit": unit
        }
        if people_asked_for is None or len(people_asked_for) < 2:
            del self.fields["therapist"]
        else:
            therapist: Any = self.fields["therapist"]
            therapist.queryset = people_asked_for

    def clean_weeks(self) -> int | None:
        return None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        until: date | None = cleaned.get("until")
        if until and until > timezone.localdate() + hours.HORIZON:
            self.add_error("until", _("Hours can be asked for up to 53 weeks ahead."))
        return cleaned

    def clean_radius(self) -> float:
        radius: float = self.cleaned_data["radius"]
        metres = radius * METRES[DistanceUnit(self.community.distance_unit)]
        if not LEAST_METRES <= metres <= MOST_METRES:
            raise forms.ValidationError(
                _("Choose how far you would go: at least 100 metres, at most 200 km.")
            )
        return metres

    def clean_people(self) -> int:
        people: int = self.cleaned_data["people"]
        if not 1 <= people <= MOST_PEOPLE:
            raise forms.ValidationError(
                _("Choose between 1 and %(most)s people."), params={"most": MOST_PEOPLE}
            )
        return people

    def wish(self) -> Wish:
        """What the domain takes, of a valid form."""
        cleaned = self.cleaned_data
        spot = self._spot()
        return Wish(
            spans=cleaned["hours"],
            nice=cleaned["nice"],
            attributes=list(cleaned["attributes"]),
            first_date=cleaned["first_date"],
            last_date=cleaned["last_date"],
            timezone=spot.timezone,
            place=spot.place,
            latitude=spot.latitude,
            longitude=spot.longitude,
            radius_metres=round(cleaned["radius"]),
            most_cents=cleaned["most"],
            people=cleaned["people"],
            is_step_free=cleaned["step_free"],
            note=cleaned["note"],
        )

    def _spot(self) -> Spot:
        found = (
            place_of_zip(self.cleaned_data["near"])
            if self.cleaned_data["near"]
            else None
        )
        if found is None:
            return self.spot
        return Spot(
            found.city.title(), *snap(found.latitude, found.longitude), found.timezone
        )


def initial_of(need: Need, community: Community) -> dict[str, Any]:
    """A draft of yesterday begins today; what is open keeps its dates to come."""
    metres = METRES[DistanceUnit(community.distance_unit)]
    return {
        "hours": need.spans,
        "nice": need.nice_spans,
        "attributes": list(need.attributes.values_list("pk", flat=True)),
        "first_date": max(need.first_date, timezone.localdate()),
        "until": need.last_date,
        "radius": f"{need.radius_metres / metres:g}",
        "most": need.most_cents,
        "people": need.people,
        "step_free": need.is_step_free,
        "note": need.note,
    }


def initial_of_incident(
    incident: Incident | None, until: date | None
) -> dict[str, Any]:
    """Until the reopening, or for four weeks."""
    today = timezone.localdate()
    last = until if incident and until and until > today else None
    return {"first_date": today, "until": last, "radius": "5", "people": 2}
