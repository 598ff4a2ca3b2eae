from django import forms
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin
from spaces.forms.booking import NO_CLIENTS


class PostForm(ClientWordsMixin):
    """A word to everybody with a room or hours in a building."""

    text = forms.CharField(
        label=_("A word to the others here"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=NO_CLIENTS,
        error_messages={"required": _("Write a line or two first.")},
    )
