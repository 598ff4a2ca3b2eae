"""Before something is sent that looks as if it were about a client, its author is asked."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from directory.client_words import client_words

CHOICE = "client_words"
KEEP, LEAVE_OUT = "keep", "leave-out"


class ClientWordsMixin(forms.Form):
    """Every longer text of the form is looked at, where it was changed. One more button sends it all the same; where
    the text may be empty, another sends the rest without it.
    """

    buttons: ClassVar[Sequence[str]] = ()  # what the form's own buttons are called

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned = self.cleaned_data if cleaned is None else cleaned
        choice = self.data.get(CHOICE)
        for name, field in self.fields.items():
            is_long = isinstance(field.widget, forms.Textarea)
            if not is_long or choice == KEEP or name not in self.changed_data:
                continue
            if found := client_words(cleaned.get(name) or ""):
                if choice == LEAVE_OUT and not field.required:
                    cleaned[name] = ""
                else:
                    self.add_error(name, self._ask(found, may_go=not field.required))
        return cleaned

    def _ask(self, found: Sequence[str], *, may_go: bool) -> SafeString:
        said = ", ".join(f"“{words}”" for words in found)
        choices = [(KEEP, _("Send it all the same"))]
        if may_go:
            choices.insert(0, (LEAVE_OUT, _("Leave this text out and send the rest")))
        return format_html(
            '{} {}<span class="cluster buttons">{}</span>',
            _(
                "%(words)s looks as if it were about a client. Nothing about clients belongs here, not even without "
                "a name. You can change it above, or:"
            )
            % {"words": said},
            format_html_join(
                "",
                '<input type="hidden" name="{}" value="{}">',
                [(name, self.data[name]) for name in self.buttons if name in self.data],
            ),
            format_html_join(
                " ",
                '<button class="button button--quiet" name="{}" value="{}">{}</button>',
                [(CHOICE, value, label) for value, label in choices],
            ),
        )
