from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import django_filters
from django import forms
from django.db.models import F, Q
from django.http import QueryDict
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.fields import MultipleChoiceField

from directory.enums import TermKind
from directory.forms.fields import FARTHEST, LineField, ZipField
from directory.geo import METRES, Away, DistanceTo, nearer_than, place_of_zip, snap
from directory.models import Community, Term, Therapist, TherapistQuerySet
from directory.search import (
    WIDE,
    Counts,
    counts_of,
    has,
    holds,
    likest,
    who_chose,
    who_says,
    works_in,
)
from directory.text import one_line

FEW = 6  # choices of a facet shown at once; the others fold
BETWEEN = {
    "consults": gettext_lazy("Offers consultation"),
    "supervises": gettext_lazy("Supervises associates"),
    "takes_referrals": gettext_lazy("Takes referrals now"),
    "has_spare_hours": gettext_lazy("Has spare hours"),
    "seeks_hours": gettext_lazy("Seeks hours"),
    "co_leads_groups": gettext_lazy("Co-leads groups"),
    "would_have_coffee": gettext_lazy("Would have coffee"),
}
TERMS = {
    "supervised": (TermKind.SUPERVISED, gettext_lazy("Supervises which licence")),
    "language": (TermKind.LANGUAGE, gettext_lazy("Language")),
    "works": (TermKind.POPULATION, gettext_lazy("Works with")),
    "age": (TermKind.AGE, gettext_lazy("Ages")),
    "specialty": (TermKind.SPECIALTY, gettext_lazy("Works on")),
    "modality": (TermKind.MODALITY, gettext_lazy("How")),
    "format": (TermKind.FORMAT, gettext_lazy("Sessions")),
    "payer": (TermKind.PAYER, gettext_lazy("Who pays")),
    "school": (TermKind.SCHOOL, gettext_lazy("School")),
}
HELD = ("credential", TermKind.CREDENTIAL, gettext_lazy("Licence held"))
SORTS = {
    "best": gettext_lazy("best match"),
    "nearest": gettext_lazy("nearest"),
    "name": gettext_lazy("name"),
    "newest": gettext_lazy("newest"),
}
AROUND = {"radius", "zip", "sort"}
NEAREST = [F("metres").asc(nulls_last=True), "name", "pk"]
TOO_NEAR = gettext_lazy("At least %(limit_value)s, please.")
TOO_FAR = gettext_lazy("At most %(limit_value)s, please.")


class LineFilter(django_filters.CharFilter):  # type: ignore[misc]  # django-filter has no types
    field_class = LineField


class ZipFilter(django_filters.CharFilter):  # type: ignore[misc]
    field_class = ZipField


class AnyChoiceField(MultipleChoiceField):  # type: ignore[misc]
    """What nobody has finds nobody; a link from last year stays a link."""

    def to_python(self, value: Any) -> list[str]:
        return [one_line(text) for text in super().to_python(value)]

    def valid_value(self, value: str) -> bool:
        return True


class AnyChoiceFilter(django_filters.MultipleChoiceFilter):  # type: ignore[misc]
    field_class = AnyChoiceField


class TherapistFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Every box ticked narrows, save neighbourhoods and licences held, of which any will do.

    Distances are measured from the ZIP code asked for, else from the searcher's own place.
    """

    q = LineFilter(
        label=gettext_lazy("Name or word"),
        method="filter_words",
        max_length=200,
        widget=forms.TextInput(
            {"type": "search", "autocomplete": "off", "dir": "auto"}
        ),
    )
    between = AnyChoiceFilter(method="filter_between")
    supervised = AnyChoiceFilter(method="filter_terms")
    language = AnyChoiceFilter(method="filter_terms")
    works = AnyChoiceFilter(method="filter_terms")
    age = AnyChoiceFilter(method="filter_terms")
    specialty = AnyChoiceFilter(method="filter_terms")
    modality = AnyChoiceFilter(method="filter_terms")
    format = AnyChoiceFilter(method="filter_terms")
    payer = AnyChoiceFilter(method="filter_terms")
    school = AnyChoiceFilter(method="filter_terms")
    credential = AnyChoiceFilter(method="filter_later")
    where = AnyChoiceFilter(method="filter_later")
    zip = ZipFilter(
        label=gettext_lazy("Near ZIP code"),
        method="filter_later",
        max_length=10,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "postal-code"}),
    )
    radius = django_filters.NumberFilter(
        label=gettext_lazy("At most so far away"),
        method="filter_later",
        min_value=1,
        max_value=FARTHEST,
        error_messages={"min_value": TOO_NEAR, "max_value": TOO_FAR},
        widget=forms.NumberInput({"min": 1, "max": FARTHEST, "step": 1}),
    )
    sort = django_filters.ChoiceFilter(
        label=gettext_lazy("Sort by"),
        choices=list(SORTS.items()),
        empty_label=None,
        method="filter_later",
    )

    class Meta:
        model = Therapist
        fields: list[str] = []

    def __init__(
        self,
        *args: Any,
        me: Therapist,
        community: Community,
        said: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """``said``: who says which words, where another search has looked already."""
        super().__init__(*args, **kwargs)
        self.me = me
        self.community = community
        self.said = {} if said is None else said
        self.form.fields["radius"].help_text = community.get_distance_unit_display()

    def filter_words(
        self, people: TherapistQuerySet, name: str, value: str
    ) -> TherapistQuerySet:
        if value not in self.said:
            self.said[value] = who_says(value)
        return likest(people.filter(pk__in=self.said[value]), value)

    def filter_between(
        self, people: TherapistQuerySet, name: str, value: list[str]
    ) -> TherapistQuerySet:
        for facet in value:
            people = people.filter(has(facet)) if facet in BETWEEN else people.none()
        return people

    def filter_terms(
        self, people: TherapistQuerySet, name: str, value: list[str]
    ) -> TherapistQuerySet:
        for slug in value:
            term = self.terms.get((TERMS[name][0], slug))
            people = people.filter(pk__in=who_chose([term])) if term else people.none()
        return people

    @cached_property
    def terms(self) -> dict[tuple[str, str], Term]:
        """The terms asked for, by vocabulary and code; of one that gave way, what replaced it."""
        slugs = {slug for name in TERMS for slug in self.form.cleaned_data[name]}
        found = Term.objects.filter(slug__in=slugs) if slugs else Term.objects.none()
        return {
            (term.kind, term.slug): term.replaced_by or term
            for term in found.select_related("replaced_by")
        }

    def filter_later(
        self, people: TherapistQuerySet, name: str, value: Any
    ) -> TherapistQuerySet:
        return people  # together, in filter_queryset

    def filter_queryset(self, queryset: TherapistQuerySet) -> TherapistQuerySet:
        people: TherapistQuerySet = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        self.centre = centre = self._centre(asked.get("zip"))
        self.radius_metres: float | None = None
        if radius := asked.get("radius"):
            if centre is None:
                self.form.add_error("zip", _("Near where? Give a ZIP code."))
            else:
                self.radius_metres = metres = (
                    float(radius) * METRES[self.community.unit]
                )
                people = (
                    people.near(*centre, metres)
                    if not any(asked[name] for name in asked if name not in AROUND)
                    else people.filter(nearer_than(*centre, metres))
                )
        if centre is not None:
            people = people.annotate(metres=DistanceTo(*centre))
        self.counted, self.any_of = people, self._any_of()
        people = people.filter(*self.any_of.values())
        order = self._order(centre is not None)
        self.is_by_distance = order == NEAREST
        return people.order_by(*order)

    def in_order(self, total: int) -> TherapistQuerySet:
        """``qs``, of which ``total`` are known to be. Of very many the nearest are read from the index: sorting all of
        them for one page takes longer."""
        people: TherapistQuerySet = self.qs
        if self.is_by_distance and self.centre is not None and total > WIDE:
            return people.order_by(Away(*self.centre), "name", "pk")
        return people

    def counts(self) -> Counts:
        """Of each facet, how many there are with everything else that was asked for."""
        _ = self.qs
        return counts_of(self.counted, self.any_of)

    def _any_of(self) -> dict[str, Q]:
        asked = self.form.cleaned_data
        said = {"where": works_in, "credential": holds}
        return {name: said[name](asked[name]) for name in said if asked.get(name)}

    def _centre(self, zip_code: str | None) -> tuple[float, float] | None:
        place = place_of_zip(zip_code) if zip_code else None
        if place is not None:
            return snap(place.latitude, place.longitude)
        if self.me.latitude is None or self.me.longitude is None:
            return None
        return self.me.latitude, self.me.longitude

    def _order(self, has_centre: bool) -> list[Any]:
        asked = self.form.cleaned_data
        sort = asked.get("sort")
        if sort == "newest":
            return [F("joined_at").desc(nulls_last=True), "name", "pk"]
        if asked.get("q") and sort in {"", "best"}:
            return ["-likeness", "name", "pk"]
        if has_centre and sort != "name":
            return NEAREST
        return ["name", "pk"]


# --- What the search form and the chips show -----------------------------------


@dataclass(frozen=True)
class Choice:
    value: str
    label: str | Promise
    count: int | None
    is_chosen: bool

    @property
    def key(self) -> str:
        """Of its box, whatever is written there: the focus stays on it when the list is swapped."""
        return f"{crc32(self.value.encode()):x}"


@dataclass(frozen=True)
class Facet:
    """A group of boxes: the most frequent first, the others folded."""

    name: str
    legend: str | Promise
    choices: list[Choice]

    @property
    def first(self) -> list[Choice]:
        return self.choices[: self._shown]

    @property
    def others(self) -> list[Choice]:
        return self.choices[self._shown :]

    @property
    def is_unfolded(self) -> bool:
        return any(choice.is_chosen for choice in self.others)

    @property
    def _shown(self) -> int:
        return FEW if len(self.choices) > FEW + 2 else FEW + 2


@dataclass(frozen=True)
class Chip:
    """One thing that was asked for, and the search without it."""

    label: str | Promise
    query: QueryDict = field(repr=False)

    @property
    def url(self) -> str:
        return f"?{self.query.urlencode()}"


def facets_of(counts: Counts, asked: QueryDict) -> list[Facet]:
    between = [
        Choice(facet, label, counts.facets[facet], facet in asked.getlist("between"))
        for facet, label in BETWEEN.items()
    ]
    facets = [Facet("between", gettext_lazy("Between colleagues"), between)]
    for name, (kind, legend) in TERMS.items():
        chosen = asked.getlist(name)
        choices = [
            Choice(term.slug, term.label, count, term.slug in chosen)
            for term, count in counts.terms.get(kind, [])
        ]
        facets.append(Facet(name, legend, choices))
    name, kind, legend = HELD
    held = [
        Choice(term.slug, term.label, count, term.slug in asked.getlist(name))
        for term, count in counts.terms.get(kind, [])
    ]
    facets.append(Facet(name, legend, held))
    places = [
        Choice(place, place, count, place in asked.getlist("where"))
        for place, count in counts.places
    ]
    facets.append(Facet("where", gettext_lazy("Where"), places))
    return [facet for facet in facets if facet.choices]


def chips_of(asked: QueryDict, community: Community) -> list[Chip]:
    return [
        Chip(label, _without(asked, name, value))
        for name, value, label in _asked_for(asked, community)
    ]


def _asked_for(
    asked: QueryDict, community: Community
) -> Iterator[tuple[str, str, str | Promise]]:
    if text := asked.get("q", "").strip():
        yield "q", text, _("“%(text)s”") % {"text": text}
    for facet in asked.getlist("between"):
        yield "between", facet, BETWEEN.get(facet, facet)
    held, kind, _legend = HELD
    kinds = {name: kind for name, (kind, _legend) in TERMS.items()} | {held: kind}
    slugs = [one_line(slug) for name in kinds for slug in asked.getlist(name)]
    labels = (
        {
            (term.kind, term.slug): term.label
            for term in Term.objects.filter(slug__in=slugs)
        }
        if slugs
        else {}
    )
    for name, kind in kinds.items():
        for slug in asked.getlist(name):
            yield name, slug, labels.get((kind, slug), slug)
    for place in asked.getlist("where"):
        yield "where", place, place
    if radius := asked.get("radius", "").strip():
        yield (
            "radius",
            radius,
            _("at most %(radius)s %(unit)s")
            % {"radius": radius, "unit": community.distance_unit},
        )
    if zip_code := asked.get("zip", "").strip():
        yield "zip", zip_code, _("from ZIP %(zip)s") % {"zip": zip_code}


def _without(asked: QueryDict, name: str, value: str) -> QueryDict:
    query = asked.copy()
    query.pop("page", None)
    query.setlist(
        name, [other for other in asked.getlist(name) if other.strip() != value]
    )
    return query
