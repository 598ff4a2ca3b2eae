from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.domain.membership import SUPERVISED
from directory.enums import TermKind
from directory.forms.client_words import ClientWordsMixin
from directory.forms.fields import LineField, ZipField
from directory.models import Community, Term


class JoinForm(ClientWordsMixin):
    name = LineField(
        label=gettext_lazy("Your name"),
        max_length=200,
        widget=forms.TextInput({"autocomplete": "name", "dir": "auto"}),
    )
    credentials = LineField(
        label=gettext_lazy("Letters after your name"),
        max_length=120,
        help_text=gettext_lazy("As colleagues know you: LMFT, PhD …"),
    )
    licence_kind = forms.ModelChoiceField(
        label=gettext_lazy("Licence or registration"),
        queryset=Term.objects.none(),
        empty_label=gettext_lazy("Choose one"),
        error_messages={"required": gettext_lazy("Which one is it?")},
    )
    licence_number = LineField(
        label=gettext_lazy("Its number"),
        max_length=40,
        help_text=gettext_lazy("Associates: your registration number."),
    )
    jurisdiction = LineField(
        label=gettext_lazy("State"),
        max_length=60,
        help_text=gettext_lazy("Its name or its two letters: California, CA."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Valid until"),
        widget=forms.DateInput({"type": "date"}),
        error_messages={"required": gettext_lazy("Until which day is it valid?")},
    )
    supervisor_name = LineField(
        label=gettext_lazy("Your supervisor"),
        max_length=200,
        required=False,
        help_text=gettext_lazy(
            "Associates and trainees: whose licence do you work under?"
        ),
    )
    zip_code = ZipField(
        label=gettext_lazy("ZIP code of your practice"),
        max_length=10,
        help_text=gettext_lazy("We keep the place to about a kilometre, no more."),
    )
    neighbourhood = LineField(
        label=gettext_lazy("Neighbourhood"), max_length=80, required=False
    )
    agreement = forms.BooleanField(
        label=gettext_lazy("I agree"),
        error_messages={
            "required": gettext_lazy("Without agreeing to this nobody can be a member.")
        },
    )

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields["licence_kind"]
        assert isinstance(kinds, forms.ModelChoiceField)  # noqa: S101 -- declared so above
        kinds.queryset = Term.objects.current().of_kind(TermKind.CREDENTIAL)
        self.fields["jurisdiction"].initial = community.jurisdiction
        self.fields["agreement"].label = community.agreement
        self.questions = {
            f"question_{number}": question
            for number, line in enumerate(community.join_questions.splitlines())
            if (question := line.strip())
        }
        for name, question in self.questions.items():
            self.fields[name] = forms.CharField(
                label=question,
                max_length=2000,
                error_messages={"required": _("A sentence or two, please.")},
                widget=forms.Textarea({"rows": 3, "dir": "auto"}),
            )
        self.order_fields([name for name in self.fields if name != "agreement"])

    def clean_expires_on(self) -> date:
        expires_on: date = self.cleaned_data["expires_on"]
        if expires_on < timezone.localdate():
            raise forms.ValidationError(
                _("This day is past. Until when is it valid now?")
            )
        return expires_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind = cleaned.get("licence_kind")
        if kind and kind.slug in SUPERVISED and not cleaned.get("supervisor_name"):
            self.add_error(
                "supervisor_name",
                _("Whose licence do you work under? Give your supervisor's name."),
            )
        return cleaned

    def answers(self) -> dict[str, Any]:
        """What ``apply_to_join`` wants to know."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "agreement" and name not in self.questions
        }

    def said(self) -> dict[str, str]:
        """The moderators' questions, answered."""
        return {
            question: self.cleaned_data[name]
            for name, question in self.questions.items()
        }


class InviteForm(forms.Form):
    name = LineField(label=gettext_lazy("Their name"), max_length=200)
    email = forms.EmailField(
        label=gettext_lazy("Their email address"),
        error_messages={
            "required": gettext_lazy("Where shall we write to?"),
            "invalid": gettext_lazy("That is no email address. Is a letter missing?"),
        },
    )
