from django import forms
from django.utils.translation import gettext_lazy


class DayForm(forms.Form):
    """One day to come: of a licence, of an insurance."""

    day = forms.DateField(
        label=gettext_lazy("Valid until"),
        widget=forms.DateInput({"type": "date"}),
        error_messages={"required": gettext_lazy("Until which day is it valid?")},
    )


class AttestForm(DayForm):
    attests = forms.BooleanField(
        label=gettext_lazy(
            "I have professional and premises liability insurance until this day"
        ),
        error_messages={
            "required": gettext_lazy("Tick this: it is your word that hosts rely on.")
        },
    )
    certificate = forms.FileField(
        label=gettext_lazy("Certificate"),
        required=False,
        widget=forms.FileInput(
            {"accept": "application/pdf,image/jpeg,image/png,image/webp"}
        ),
        help_text=gettext_lazy(
            "A PDF, or a photo of it (JPEG, PNG, WebP), up to 12 MB. You and the moderators can read it, nobody else."
        ),
    )
    without_certificate = forms.BooleanField(
        label=gettext_lazy("Remove the certificate"), required=False
    )
