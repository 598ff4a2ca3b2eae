"""What members write to and about each other, applicants and moderators to one another."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin

NO_CLIENTS = _("Nothing about clients, please, not even a first name.")


class MessageForm(ClientWordsMixin):
    text = forms.CharField(
        label=_("Your message"),
        max_length=4000,
        widget=forms.Textarea({"rows": 5, "dir": "auto"}),
        help_text=NO_CLIENTS,
        error_messages={"required": _("Write a word or two first.")},
    )


class ReportForm(ClientWordsMixin):
    text = forms.CharField(
        label=_("What happened?"),
        max_length=4000,
        widget=forms.Textarea({"rows": 5, "dir": "auto"}),
        help_text=NO_CLIENTS,
        error_messages={"required": _("Say in a sentence or two what happened.")},
    )
    with_messages = forms.BooleanField(
        label=_("Moderators may read what we wrote to each other"), required=False
    )

    def __init__(self, *args: Any, has_conversation: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_conversation:
            del self.fields["with_messages"]

    def clean(self) -> dict[str, Any]:
        return {"with_messages": False, **(super().clean() or {})}


class ApplicationMessageForm(ClientWordsMixin):
    text = forms.CharField(
        label=_("Your words"),
        max_length=4000,
        widget=forms.Textarea({"rows": 5, "dir": "auto"}),
        error_messages={"required": _("Write a word or two first.")},
    )
