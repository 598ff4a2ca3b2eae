from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from directory.enums import DistanceUnit, TermGroup, TermKind
from directory.geo import METRES, place_of_zip
from directory.models import Community, Term, Therapist
from spaces.enums import Sort
from spaces.forms.booking import MOST_PEOPLE, said_span
from spaces.forms.dates import DatesMixin
from spaces.forms.fields import WeekField, WeekFormMixin, known_zip
from spaces.forms.money import MoneyField
from spaces.forms.office import STEP_FREE
from spaces.queries import Wanted

NEAREST, FARTHEST = 0.5, 100  # of the community's unit
UNITS = {DistanceUnit.KM: _("km"), DistanceUnit.MI: _("miles")}
FACETS = {
    "attributes": TermKind.OFFICE_ATTRIBUTE,
    "terms": TermKind.OFFICE_TERM,
}
UNKNOWN = _("“%(value)s” is not in our lists any more. Choose something else.")


class Facet(NamedTuple):
    """A vocabulary as boxes to tick, under their headings."""

    field: forms.BoundField
    name: str
    chosen: list[str]
    groups: list[tuple[str | Promise, list[Term]]]


def _by_heading(terms: Iterable[Term]) -> list[tuple[str | Promise, list[Term]]]:
    found: dict[str, list[Term]] = defaultdict(list)
    for term in terms:
        found[term.group].append(term)
    return [
        (TermGroup(group).label if group else "", found[group])
        for group in [*TermGroup.values, ""]
        if group in found
    ]


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
    attributes = forms.MultipleChoiceField(
        label=_("What it has"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": UNKNOWN},
    )
    terms = forms.MultipleChoiceField(
        label=_("On which terms"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": UNKNOWN},
    )
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=Sort)

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
        self._offer_terms([slug for name in FACETS for slug in known.getlist(name)])

    def _offer_terms(self, kept: Collection[str]) -> None:
        """The vocabularies, in one query; words that went out of use stay with the searches that name them."""
        terms = Term.objects.filter(kind__in=FACETS.values()).exclude(slug=STEP_FREE)
        self.vocabulary = [
            term for term in terms if not term.retired or term.slug in kept
        ]
        for name, kind in FACETS.items():
            self.fields[name].choices = [  # type: ignore[attr-defined]
                (term.slug, term.label) for term in self.vocabulary if term.kind == kind
            ]

    @property
    def facets(self) -> list[Facet]:
        return [
            Facet(self[name], name, self[name].value() or [], _by_heading(terms))
            for name, kind in FACETS.items()
            if (terms := [term for term in self.vocabulary if term.kind == kind])
        ]

    def _defaults(self) -> dict[str, str]:
        return {
            "first_date": timezone.localdate().isoformat(),
            "weeks": "4",
            "near": self.therapist.zip_code,
            "radius": "5",
            "sort": Sort.FIT,
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

    @property
    def order(self) -> Sort:
        return Sort(self.cleaned_data["sort"] or Sort.FIT)

    @property
    def chosen_terms(self) -> list[Term]:
        chosen = {
            (kind, slug)
            for name, kind in FACETS.items()
            for slug in self.cleaned_data[name]
        }
        return [term for term in self.vocabulary if (term.kind, term.slug) in chosen]

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
            attributes=self.chosen_terms,
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
            if name in FACETS:
                said.setlist(name, self.cleaned_data[name])
            elif name != "hours" and self.data.get(name):
                said[name] = self.data[name]
        if said.get("sort") == Sort.FIT:
            del said["sort"]
        return said.urlencode()

    def kept(self) -> str:
        """The search as it is saved: with its dates, however they were said, and in no order."""
        said = QueryDict(self.address(), mutable=True)
        for name in ("weeks", "sort", "page"):
            said.pop(name, None)
        said["first_date"] = self.cleaned_data["first_date"].isoformat()
        said["until"] = self.cleaned_data["last_date"].isoformat()
        said["radius"] = f"{self.cleaned_data['radius']:g}"
        return said.urlencode()
