from django import forms
from django.utils.translation import gettext_lazy


class DayForm(forms.Form):
    """One day to come: of a licence, of an insurance."""

    day = forms.DateField(
        label=gettext_lazy("Valid until"), widget=forms.DateInput({"type": "date"})
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
