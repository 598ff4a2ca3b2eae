from collections.abc import Container
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from directory.forms.fields import LineField
from spaces.models import OfficePhoto

ROWS = 4  # pictures sent at once
NO_WORDS = _(
    "Say in a few words what it shows: colleagues who cannot see it know the room by them."
)


class PhotoForm(forms.Form):
    """One picture and what it shows; an empty row is no picture. Whether it is one, ``add_photo`` finds out."""

    file = forms.FileField(
        label=_("Picture"),
        required=False,
        widget=forms.FileInput({"accept": "image/jpeg,image/png,image/webp"}),
        error_messages={"empty": _("That file is empty. Choose the picture again.")},
    )
    alt = LineField(
        label=_("What it shows"),
        max_length=200,
        required=False,
        help_text=_("“Two armchairs by a window, a lamp between them.”"),
    )

    def __init__(
        self, *args: Any, too_large: Container[str | None] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.too_large = too_large

    @property
    def is_empty(self) -> bool:
        """Nothing was chosen here, and nothing written."""
        return not (
            self.cleaned_data.get("file") or self.cleaned_data.get("alt") or self.errors
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.add_prefix("file") in self.too_large:
            self.add_error(
                "file", _("That file is larger than 12 MB. Send a smaller copy of it.")
            )
        elif cleaned.get("file") and not cleaned.get("alt"):
            self.add_error("alt", NO_WORDS)
        elif cleaned.get("alt") and not cleaned.get("file") and not self.errors:
            self.add_error("file", _("Choose the picture for these words."))
        return cleaned


class WordsForm(forms.ModelForm):
    """What a photo shows, put better."""

    alt = LineField(
        label=_("What it shows"), max_length=200, error_messages={"required": NO_WORDS}
    )

    class Meta:
        model = OfficePhoto
        fields = ["alt"]
