from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from directory.geo import place_of_zip
from directory.text import one_line

FARTHEST = 100  # in the community's unit
UNKNOWN_ZIP = _("We know no such ZIP code. It has five digits, as on a letter.")


class LineField(forms.CharField):
    """One line of text: what would break a mail's header or a card is gone, emoji and any script may stay."""

    default_error_messages = {"required": _("This cannot stay empty.")}

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


class ZipField(LineField):
    widget = forms.TextInput({"inputmode": "numeric", "autocomplete": "postal-code"})
    default_error_messages = {"required": _("Which ZIP code?")}

    def clean(self, value: Any) -> str:
        code = super().clean(value)
        if not code:
            return ""
        place = place_of_zip(code)
        if place is None:
            raise forms.ValidationError(UNKNOWN_ZIP)
        return place.zip
