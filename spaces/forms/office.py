from typing import Any

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.forms.boundfield import BoundWidget
from django.utils.translation import gettext_lazy as _

from directory.enums import TermGroup, TermKind
from directory.forms.client_words import ClientWordsMixin
from directory.geo import Place, place_of_zip
from directory.models import Term, Therapist
from spaces.forms.fields import known_zip
from spaces.models import Building, Office

STEP_FREE = "step-free"  # a term too, but offices have a column of their own for it


Boxes = tuple[str, list[BoundWidget], int]
WHOLE = _("Type a whole number, please.")


class OfficeForm(ClientWordsMixin, forms.ModelForm):
    """A room as its host describes it. What it has and the terms it is let on are ticked from one vocabulary."""

    use_required_attribute = (
        False  # a new address is needed only where no building is chosen
    )

    attributes = forms.ModelMultipleChoiceField(
        Term.objects.none(),
        label=_("What it has"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    let_on = forms.ModelMultipleChoiceField(
        Term.objects.none(),
        label=_("Terms"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Office
        fields = [
            "name",
            "suite",
            "description",
            "capacity",
            "is_step_free",
            "attributes",
            "terms",
            "notice_days",
            "change_over_minutes",
            "allows_hand_on",
            "lease_permits",
            "directions",
            "entry_code",
            "alarm",
        ]
        widgets = {
            "description": forms.Textarea({"rows": 3}),
            "terms": forms.Textarea({"rows": 3}),
            "directions": forms.Textarea({"rows": 3}),
            "change_over_minutes": forms.NumberInput({"min": 0, "max": 60}),
            "notice_days": forms.NumberInput({"min": 0, "max": 92}),
            "capacity": forms.NumberInput({"min": 1, "max": 200}),
        }
        labels = {"terms": _("House rules, in your own words")}
        help_texts = {
            "terms": _(
                "Paying, cancelling, what to leave tidy. Nobody may be kept out by who they are or what they suffer from."
            ),
            "change_over_minutes": _(
                "How many minutes before the end of their hours guests leave. It lies inside the hours they pay for."
            ),
            "is_step_free": _(
                "No step from the street to a chair. Lift, doors and WC are ticked below."
            ),
        }
        error_messages = {
            "name": {
                "required": _("What do colleagues call this room?"),
                "max_length": _(
                    "A shorter name, please: at most %(limit_value)s signs."
                ),
            },
            "capacity": {
                "required": _("How many people does it seat, you included?"),
                "invalid": WHOLE,
                "min_value": _("A room seats between 1 and 200 people."),
                "max_value": _("A room seats between 1 and 200 people."),
            },
            "change_over_minutes": {
                "required": _("How many minutes? 0 if none are needed."),
                "invalid": WHOLE,
                "min_value": _("0 if none are needed."),
                "max_value": _(
                    "At most an hour: it lies inside the hours that are paid for."
                ),
            },
            "notice_days": {
                "required": _(
                    "How many days? 0 if dates can be given up until they begin."
                ),
                "invalid": WHOLE,
                "min_value": _("0 if dates can be given up until they begin."),
                "max_value": _("Ask for three months of notice at most."),
            },
            "lease_permits": {
                "required": _("Choose one of these; “I don’t know” is an answer."),
                "invalid_choice": _(
                    "Choose one of these; “I don’t know” is an answer."
                ),
            },
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = (
            list(self.instance.attributes.values_list("pk", flat=True))
            if self.instance.pk
            else []
        )
        self.initial["let_on"] = chosen
        self._offer("attributes", TermKind.OFFICE_ATTRIBUTE, chosen)
        self._offer("let_on", TermKind.OFFICE_TERM, chosen)

    def _offer(self, name: str, kind: TermKind, chosen: list[int]) -> None:
        terms = Term.objects.current_or(chosen).of_kind(kind).exclude(slug=STEP_FREE)
        self.fields[name].queryset = terms  # type: ignore[attr-defined]  # declared so above

    def attribute_groups(self) -> list[Boxes]:
        return self._groups("attributes")

    def term_groups(self) -> list[Boxes]:
        return self._groups("let_on")

    def _groups(self, name: str) -> list[Boxes]:
        """The boxes under their headings, in the headings' order, and how many of each are ticked."""
        found: dict[str, list[BoundWidget]] = {}
        for box in self[name]:
            found.setdefault(box.data["value"].instance.group, []).append(box)
        order = [*TermGroup.values, ""]
        return [
            (
                str(TermGroup(group).label) if group else str(_("More")),
                found[group],
                sum(box.data["selected"] for box in found[group]),
            )
            for group in sorted(found, key=order.index)
        ]

    def clean_change_over_minutes(self) -> int:
        minutes: int = self.cleaned_data["change_over_minutes"]
        if minutes > 60:
            raise forms.ValidationError(
                _("At most an hour: it lies inside the hours that are paid for.")
            )
        return minutes

    def clean(self) -> dict[str, Any]:
        """Both vocabularies are kept in one place."""
        cleaned = super().clean() or self.cleaned_data
        cleaned["attributes"] = [
            *cleaned.get("attributes", []),
            *cleaned.get("let_on", []),
        ]
        return cleaned


class NewOfficeForm(OfficeForm):
    """With its building: one that is known here, or a new address."""

    building = forms.ModelChoiceField(
        Building.objects.none(),
        label=_("Building"),
        required=False,
        empty_label=_("Not in the list, I type the address"),
        help_text=_(
            "If colleagues have rooms there too, choose it: then news of the house reaches you all."
        ),
    )
    street = forms.CharField(
        label=_("Street and number"),
        max_length=200,
        error_messages={
            "required": _("Choose a building, or type its street and number.")
        },
    )
    zip_code = forms.CharField(
        label=_("ZIP"),
        max_length=10,
        widget=forms.TextInput(
            {"inputmode": "numeric", "autocomplete": "postal-code", "size": 6}
        ),
        error_messages={
            "required": _(
                "Which ZIP code? It tells where the room is and what time it is there."
            )
        },
    )
    city = forms.CharField(
        label=_("City"),
        max_length=120,
        required=False,
        help_text=_("Empty: as the ZIP says."),
    )
    neighbourhood = forms.CharField(
        label=_("Neighbourhood"),
        max_length=120,
        required=False,
        help_text=_(
            "This and the distance is all that members see of the address before a booking is confirmed."
        ),
    )
    building_name = forms.CharField(
        label=_("What the house is called"),
        max_length=120,
        required=False,
        help_text=_("Empty: its street and number."),
    )

    field_order = [
        "building",
        "street",
        "zip_code",
        "city",
        "neighbourhood",
        "building_name",
    ]

    def __init__(
        self, *args: Any, buildings: QuerySet[Building], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = buildings  # type: ignore[attr-defined]

    def clean_zip_code(self) -> str:
        zip_code: str = self.cleaned_data["zip_code"]
        known_zip(zip_code)
        return zip_code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("building"):
            for name in ("street", "zip_code"):
                self.errors.pop(name, None)
        return cleaned

    @transaction.atomic
    def save_for(self, host: Therapist) -> Office:
        office: Office = self.save(commit=False)
        office.building = self.cleaned_data["building"] or self._building()
        office.save()
        self.save_m2m()
        office.hosts.add(host)
        return office

    def _building(self) -> Building:
        """The house at this address; a new one unless somebody typed the same before."""
        cleaned = self.cleaned_data
        place: Place = place_of_zip(cleaned["zip_code"])  # type: ignore[assignment]  # clean() looked
        known = Building.objects.filter(
            street__iexact=cleaned["street"], zip_code=place.zip
        ).first()
        return known or Building.objects.create(
            name=cleaned["building_name"] or cleaned["street"][:120],
            street=cleaned["street"],
            city=cleaned["city"] or place.city,
            neighbourhood=cleaned["neighbourhood"],
            zip_code=place.zip,
            latitude=place.latitude,
            longitude=place.longitude,
            timezone=place.timezone,
        )
