"""What members say of themselves, and who sees it."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from directory.domain.membership import locate
from directory.domain.profile import remove_photo, schools_called
from directory.enums import Audience, TermKind
from directory.errors import UnknownPlaceError
from directory.forms.client_words import ClientWordsMixin
from directory.forms.fields import LineField, ZipField
from directory.models import Term, Therapist

SAID_FIELDS = {  # of which each person says who sees them
    "photo": gettext_lazy("Photo"),
    "pronouns": gettext_lazy("Pronouns"),
    "headline": gettext_lazy("In one sentence"),
    "bio": gettext_lazy("About my work"),
    "contact_email": gettext_lazy("Email for colleagues"),
    "phone": gettext_lazy("Phone"),
    "website": gettext_lazy("Website"),
    "schools": gettext_lazy("Schools"),
}


class TermsField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, kind: TermKind, label: Any) -> None:
        super().__init__(queryset=Term.objects.none(), label=label, required=False)
        self.kind = kind


class ProfileForm(ClientWordsMixin, forms.ModelForm):
    name = LineField(
        label=gettext_lazy("Name"),
        max_length=200,
        widget=forms.TextInput({"dir": "auto"}),
    )
    zip_code = ZipField(label=gettext_lazy("ZIP code"), max_length=10)
    website = forms.URLField(
        label=gettext_lazy("Website"),
        required=False,
        assume_scheme="https",
        error_messages={
            "invalid": gettext_lazy(
                "That is no address of a page, such as example.org."
            )
        },
    )
    specialties = TermsField(TermKind.SPECIALTY, gettext_lazy("What I work on"))
    modalities = TermsField(TermKind.MODALITY, gettext_lazy("How I work"))
    populations = TermsField(TermKind.POPULATION, gettext_lazy("With whom"))
    ages = TermsField(TermKind.AGE, gettext_lazy("Of which ages"))
    formats = TermsField(TermKind.FORMAT, gettext_lazy("How sessions take place"))
    payers = TermsField(TermKind.PAYER, gettext_lazy("Who pays"))
    supervised = TermsField(TermKind.SUPERVISED, gettext_lazy("Licences I supervise"))
    schools = forms.CharField(
        label=gettext_lazy("Schools and institutes I come from"),
        required=False,
        max_length=1300,
        widget=forms.Textarea({"rows": 3, "dir": "auto"}),
        help_text=gettext_lazy("One a line. Who comes from the same ones finds you."),
    )
    photo = forms.FileField(
        label=gettext_lazy("Photo"),
        required=False,
        widget=forms.FileInput({"accept": "image/jpeg,image/png,image/webp"}),
        help_text=gettext_lazy(
            "JPEG, PNG or WebP. We keep the picture alone, not where and when it was taken."
        ),
    )
    without_photo = forms.BooleanField(
        label=gettext_lazy("Remove my photo"), required=False
    )
    languages = TermsField(TermKind.LANGUAGE, gettext_lazy("In which languages"))

    class Meta:
        model = Therapist
        fields = [
            "name",
            "pronouns",
            "credentials",
            "headline",
            "bio",
            "contact_email",
            "phone",
            "website",
            "zip_code",
            "neighbourhood",
            "consults",
            "supervises",
            "takes_referrals",
            "co_leads_groups",
            "would_have_coffee",
            "has_public_page",
        ]
        labels = {
            "has_public_page": gettext_lazy("I want a public page, too"),
        }
        field_classes = {
            "pronouns": LineField,
            "credentials": LineField,
            "headline": LineField,
            "phone": LineField,
            "neighbourhood": LineField,
            "supervises": LineField,
        }
        widgets = {"bio": forms.Textarea({"rows": 8, "dir": "auto"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = list(self.instance.terms.all())
        self.initial["schools"] = "\n".join(
            term.label for term in chosen if term.kind == TermKind.SCHOOL
        )
        for name, label in SAID_FIELDS.items():
            self.fields[f"audience_{name}"] = forms.ChoiceField(
                label=label,
                choices=Audience.choices,
                required=False,
                initial=self.instance.audience_of(name),
            )
        for field_name, field in self.fields.items():
            if isinstance(field, TermsField):
                mine = [term.pk for term in chosen if term.kind == field.kind]
                field.queryset = Term.objects.of_kind(field.kind).current_or(mine)
                self.initial[field_name] = mine

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "zip_code" in cleaned:
            try:
                locate(self.instance, zip_code=cleaned["zip_code"])
            except UnknownPlaceError as error:
                self.add_error("zip_code", str(error))
        if cleaned.get("supervised") and not cleaned.get("supervises"):
            labels = ", ".join(term.label for term in cleaned["supervised"])
            cleaned["supervises"] = labels[:120]
        return cleaned

    def audiences(self) -> list[forms.BoundField]:
        return [self[f"audience_{name}"] for name in SAID_FIELDS]

    def save(self, commit: bool = True) -> Therapist:
        """Only what the form shows: a standing that changes meanwhile stays changed."""
        said = {
            name: self.cleaned_data[f"audience_{name}"]
            or self.instance.audience_of(name)
            for name in SAID_FIELDS
        }
        self.instance.audience = {
            name: audience
            for name, audience in said.items()
            if audience in {Audience.ME, Audience.PUBLIC}
        }
        self.instance.confirmed_at = timezone.now()
        self.instance.save(
            update_fields=[
                *self.Meta.fields,
                "latitude",
                "longitude",
                "audience",
                "confirmed_at",
            ]
        )
        names = [
            name for name, field in self.fields.items() if isinstance(field, TermsField)
        ]
        chosen = [term for name in names for term in self.cleaned_data[name]]
        chosen += schools_called(self.cleaned_data["schools"].splitlines())
        self.instance.terms.set(chosen)
        if self.cleaned_data["without_photo"]:
            remove_photo(self.instance)
        therapist: Therapist = self.instance
        return therapist
