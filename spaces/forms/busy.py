from django import forms
from django.utils.translation import gettext_lazy as _

from spaces.fetch import FetchError, tidy_url


class BusyCalendarForm(forms.Form):
    name = forms.CharField(
        label=_("What do you call it?"),
        max_length=80,
        help_text=_("“Practice”, “Family”. Only you see it."),
        error_messages={"required": _("Give it a name, so that you know it again.")},
    )
    url = forms.CharField(
        label=_("Its private address"),
        max_length=2000,
        widget=forms.TextInput(
            {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text=_("It begins with https:// or webcal:// and often ends in .ics."),
        error_messages={"required": _("Paste the address here.")},
    )

    def clean_url(self) -> str:
        try:
            return tidy_url(self.cleaned_data["url"])
        except FetchError as error:
            raise forms.ValidationError(
                _(
                    "That is no address we may read. It begins with https:// or webcal://, without a password or a port."
                )
            ) from error
