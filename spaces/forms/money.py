from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from spaces.models.opening import MOST_CENTS
from spaces.words import cents_of, say_money


class MoneyField(forms.CharField):
    """A sum as people type it: "18", "$18.50", "free". Cleans to cents, or None where nothing was typed."""

    widget = forms.TextInput(
        attrs={"inputmode": "decimal", "autocomplete": "off", "size": 8}
    )
    default_error_messages = {
        "required": _("What does an hour cost? Type “free” if it is."),
        "unknown": _("Type a sum such as 18 or 18.50, or “free”."),
        "negative": _(
            "A price cannot be less than nothing. Type 0 or “free” if it is free."
        ),
        "huge": _("%(most)s an hour is the most we take. Is that a typing error?"),
    }

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        return str(value // 100) if value % 100 == 0 else f"{value / 100:.2f}"

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]  # a sum, not the text of one
        if isinstance(value, int):
            return value
        text = super().to_python(value)
        if not text:
            return None
        cents = cents_of(text)
        if cents is None:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        if cents < 0:
            raise ValidationError(self.error_messages["negative"], code="negative")
        if cents > MOST_CENTS:
            raise ValidationError(
                self.error_messages["huge"],
                code="huge",
                params={"most": say_money(MOST_CENTS)},
            )
        return cents

    def run_validators(self, value: Any) -> None:
        """The text's length was looked at by ``cents_of``; the sum by ``to_python``."""
