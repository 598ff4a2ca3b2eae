"""Waiting for dates, moving them to another room, handing them on."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin
from spaces.enums import HandOnKind
from spaces.forms.booking import HOW_MANY, MOST_PEOPLE, NO_CLIENTS, TickedDatesField
from spaces.models import Occurrence


class WaitForm(forms.Form):
    """Dates that somebody else has."""

    dates = TickedDatesField()
    people = forms.IntegerField(
        initial=2,
        min_value=1,
        max_value=MOST_PEOPLE,
        error_messages={"required": HOW_MANY},
    )


class TickedField(forms.TypedMultipleChoiceField):
    """Dates of a booking by their ids, drawn by the page itself."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            coerce=int,
            error_messages={
                "required": _("Tick at least one date."),
                "invalid_choice": _(
                    "One of these dates is not to be chosen any more. Look through them again, please."
                ),
            },
            **kwargs,
        )

    def offer(self, dates: Sequence[Occurrence]) -> None:
        self.choices = [(date.pk, str(date.pk)) for date in dates]


class MoveForm(forms.Form):
    """Which room, which dates."""

    room = forms.TypedChoiceField(
        coerce=int, error_messages={"required": _("Choose a room.")}
    )
    dates = TickedField()

    def __init__(
        self, *args: Any, rooms: Sequence[int], dates: Sequence[Occurrence]
    ) -> None:
        super().__init__(*args)
        room: Any = self.fields["room"]
        room.choices = [(pk, str(pk)) for pk in rooms]
        ticked: Any = self.fields["dates"]
        ticked.offer(dates)


class HandOnForm(ClientWordsMixin):
    """What is offered, and how."""

    dates = TickedField()
    kind = forms.ChoiceField(
        label=_("For good, or lent?"),
        choices=[
            (HandOnKind.HAND_ON, _("Hand on: they have the dates and pay the host")),
            (HandOnKind.LEND, _("Lend: they use the room, you go on paying")),
        ],
        initial=HandOnKind.HAND_ON,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether for good, or lent.")},
    )
    message = forms.CharField(
        label=_("A word with it"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=NO_CLIENTS,
    )

    def __init__(self, *args: Any, dates: Sequence[Occurrence], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ticked: Any = self.fields["dates"]
        ticked.offer(dates)
