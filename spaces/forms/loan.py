from datetime import date, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.forms.client_words import ClientWordsMixin
from spaces.enums import LoanKind
from spaces.forms.dates import DayField

LONGEST = timedelta(days=366)
NO_CLIENTS = _("Nothing about clients, please, not even a first name.")


class LoanForm(ClientWordsMixin):
    kind = forms.ChoiceField(
        label=_("Do you have it, or need it?"),
        choices=[
            (LoanKind.LENDS, _("I lend it")),
            (LoanKind.GIVES, _("I give it away")),
            (LoanKind.SEEKS, _("I look for it")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what comes nearest.")},
    )
    thing = forms.CharField(
        label=_("What?"),
        max_length=120,
        help_text=_("“Two chairs and a lamp”, “a locked cabinet”, “help with moving”."),
        error_messages={"required": _("Say what it is.")},
    )
    note = forms.CharField(
        label=_("More about it"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_(
            "Size, where it stands, when it can be had. Nothing about clients."
        ),
    )
    until = DayField(
        label=_("Until"),
        help_text=_("When you need it back; or from when on you no longer need it."),
        error_messages={
            "required": _("Until when?"),
        },
    )

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        today = timezone.localdate()
        if until < today:
            raise forms.ValidationError(
                _("That date is past. Choose today or a later one.")
            )
        if until > today + LONGEST:
            raise forms.ValidationError(_("Choose a date within a year."))
        return until


class LoanWordForm(ClientWordsMixin):
    note = forms.CharField(
        label=_("A word to the other one"),
        max_length=1000,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("When and where to pick it up, for instance."),
        error_messages={"required": _("Write something first.")},
    )
