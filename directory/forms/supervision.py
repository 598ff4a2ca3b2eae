from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.forms.fields import LineField
from directory.models import Therapist
from directory.queries import members_named, people_shown_to

LIKELY_NAMES = 3


class MemberField(LineField):
    """A colleague by name. Cleans to the member; a name that nobody has is answered with likely ones."""

    widget = forms.TextInput({"autocomplete": "off", "dir": "auto"})
    me: Therapist

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        if not name:
            return None
        found = list(members_named(name, by=self.me)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise forms.ValidationError(
                _("Two members have this name. Ask a moderator to enter the link.")
            )
        people = people_shown_to(self.me).exclude(pk=self.me.pk)
        likely = [person.name for person in people.called(name)[:LIKELY_NAMES]]
        raise forms.ValidationError(
            _("No member has this name. Do you mean %(names)s?")
            % {"names": _(" or ").join(f"“{other}”" for other in likely)}
            if likely
            else _("No member has this name. Your supervisor has to join first.")
        )


class SupervisionForm(forms.Form):
    """Whose licence one works under."""

    supervisor = MemberField(
        label=gettext_lazy("Your supervisor"),
        max_length=200,
        help_text=gettext_lazy("The name as it stands in the directory."),
    )
    employer = LineField(
        label=gettext_lazy("Your employer"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("The practice or institute you work for."),
    )
    stand_in = MemberField(
        label=gettext_lazy("Who answers while they are away?"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Another member. You can leave this empty."),
    )

    def __init__(self, *args: Any, me: Therapist, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, MemberField):
                field.me = me
