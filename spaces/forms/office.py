from typing import Any

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from directory.enums import TermKind
from directory.geo import Place, place_of_zip
from directory.models import Term, Therapist
from spaces.forms.fields import known_zip
from spaces.models import Building, Office

STEP_FREE = "step-free"  # a term too, but offices have a column of their own for it


class OfficeForm(forms.ModelForm):
    """A room as its host describes it."""

    use_required_attribute = (
        False  # a new address is needed only where no building is chosen
    )

    attributes = forms.ModelMultipleChoiceField(
        Term.objects.current()
        .of_kind(TermKind.OFFICE_ATTRIBUTE)
        .exclude(slug=STEP_FREE),
        label=_("What it has"),
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
            "change_over_minutes",
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
            "capacity": forms.NumberInput({"min": 1, "max": 200}),
        }
        help_texts = {
            "terms": _(
                "Paying, cancelling, what to leave tidy. Nobody may be kept out by who they are or what they suffer from."
            ),
        }

    def clean_change_over_minutes(self) -> int:
        minutes: int = self.cleaned_data["change_over_minutes"]
        if minutes > 60:
            raise forms.ValidationError(
                _("At most an hour: it lies inside the hours that are paid for.")
            )
        return minutes


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
