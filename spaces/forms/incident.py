from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin
from spaces.enums import IncidentKind
from spaces.forms.dates import DayField
from spaces.models import Building, IncidentScope, IncidentUpdate, Office

CLOSED_FOR = [
    ("1", _("a day")),
    ("3", _("three days")),
    ("7", _("a week")),
    ("14", _("two weeks")),
    ("30", _("a month")),
    ("90", _("three months")),
]


class OfficesField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Office) -> str:
        return f"{obj.name} · {obj.building.name}"


class IncidentForm(forms.Form):
    """Where, what, send: three taps, the third of them the button. The rest has an answer already."""

    building = forms.ModelChoiceField(
        label=_("Which building?"),
        queryset=Building.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": _("Choose the building.")},
    )
    kind = forms.ChoiceField(
        label=_("What happened?"),
        choices=IncidentKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what comes nearest.")},
    )
    offices = OfficesField(
        label=_("Only these rooms"),
        queryset=Office.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Tick nothing if the whole building is concerned."),
    )
    closed_for = forms.ChoiceField(
        label=_("Closed for about"),
        choices=CLOSED_FOR,
        initial="14",
        required=False,
        help_text=_("A guess is enough; it can be changed at any time."),
    )
    summary = forms.CharField(
        label=_("In a few words"),
        max_length=200,
        required=False,
        help_text=_(
            "“Fire on the ground floor, smoke everywhere.” Nothing about clients."
        ),
    )

    def __init__(
        self, *args: Any, buildings: QuerySet[Building], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        building: Any = self.fields["building"]
        building.queryset = buildings
        found = list(buildings)
        if len(found) == 1:
            self.initial["building"] = found[0].pk
        offices: Any = self.fields["offices"]
        offices.queryset = (
            Office.objects.filter(building__in=found)
            .select_related("building")
            .order_by("building__name", "name")
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        building = cleaned.get("building")
        if any(
            office.building_id != building.pk
            for office in cleaned.get("offices") or []
            if building
        ):
            self.add_error("offices", _("Some of these rooms are in another building."))
        return cleaned

    def report(self) -> dict[str, Any]:
        """What ``report_incident`` takes, of a valid form."""
        cleaned = self.cleaned_data
        days = int(cleaned["closed_for"] or 14)
        return {
            "kind": IncidentKind(cleaned["kind"]),
            "offices": list(cleaned["offices"]),
            "until": timezone.now() + timedelta(days=days),
            "summary": cleaned["summary"],
        }


class UpdateForm(ClientWordsMixin, forms.ModelForm):
    class Meta:
        model = IncidentUpdate
        fields = ["text"]
        widgets = {"text": forms.Textarea({"rows": 3})}
        error_messages = {"text": {"required": _("Write a line or two first.")}}


class RoomReopeningForm(forms.Form):
    """One room of a closed building opens on another day than the rest. No date: it is open now."""

    office = forms.ModelChoiceField(
        label=_("Room"),
        queryset=Office.objects.none(),
        empty_label=None,
        error_messages={"required": _("Choose the room.")},
    )
    until = DayField(
        label=_("Open again on"),
        required=False,
        help_text=_("Empty: it is open now."),
    )

    def __init__(self, *args: Any, offices: QuerySet[Office], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        office: Any = self.fields["office"]
        office.queryset = offices

    @property
    def moment(self) -> datetime | None:
        day, office = self.cleaned_data["until"], self.cleaned_data["office"]
        if day is None:
            return None
        return datetime(day.year, day.month, day.day, tzinfo=office.building.zone)


class ReopeningForm(forms.Form):
    """The day on which a place is expected to open again, there."""

    until = DayField(
        label=_("Open again on"),
    )

    def __init__(self, *args: Any, scope: IncidentScope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.initial["until"] = scope.until.astimezone(scope.building.zone).date()

    @property
    def moment(self) -> datetime:
        day = self.cleaned_data["until"]
        return datetime(day.year, day.month, day.day, tzinfo=self.scope.building.zone)
