from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin
from spaces.forms.booking import NO_CLIENTS

MOST_CHARACTERS = 4000


class MessageForm(ClientWordsMixin):
    text = forms.CharField(
        label=_("Your message"),
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea({"rows": 3, "dir": "auto"}),
        help_text=NO_CLIENTS,
        error_messages={"required": _("Write a word or two first.")},
    )

    def clean_text(self) -> Any:
        """A message is text; what no eye can see has no place in it."""
        return self.cleaned_data["text"].replace("\x00", "")
