from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.domain.membership import SUPERVISED
from directory.enums import Frequency, TermKind, Topic
from directory.geo import METRES, place_of_zip
from directory.models import Community, Term, Therapist
from directory.queries import members_named
from directory.text import one_line

LIKELY_NAMES = 3
FARTHEST = 100  # in the community's unit
UNKNOWN_ZIP = gettext_lazy(
    "We know no such ZIP code. It has five digits, as on a letter."
)
QUIET_HOURS = [
    (minute, f"{minute // 60:02}:{minute % 60:02}") for minute in range(0, 1440, 30)
]


class LineField(forms.CharField):
    """One line of text: what would break a mail's header or a card is gone, emoji and any script may stay."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


class ZipField(LineField):
    widget = forms.TextInput({"inputmode": "numeric", "autocomplete": "postal-code"})

    def clean(self, value: Any) -> str:
        code = super().clean(value)
        if not code:
            return ""
        place = place_of_zip(code)
        if place is None:
            raise forms.ValidationError(UNKNOWN_ZIP)
        return place.zip


class JoinForm(forms.Form):
    name = LineField(
        label=gettext_lazy("Your name"),
        max_length=200,
        widget=forms.TextInput({"autocomplete": "name", "dir": "auto"}),
    )
    credentials = LineField(
        label=gettext_lazy("Letters after your name"),
        max_length=120,
        help_text=gettext_lazy("As colleagues know you: LMFT, PhD …"),
    )
    licence_kind = forms.ModelChoiceField(
        label=gettext_lazy("Licence or registration"),
        queryset=Term.objects.none(),
        empty_label=gettext_lazy("Choose one"),
    )
    licence_number = LineField(
        label=gettext_lazy("Its number"),
        max_length=40,
        help_text=gettext_lazy("Associates: your registration number."),
    )
    jurisdiction = LineField(
        label=gettext_lazy("State"),
        max_length=60,
        help_text=gettext_lazy("Its name or its two letters: California, CA."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Valid until"), widget=forms.DateInput({"type": "date"})
    )
    supervisor_name = LineField(
        label=gettext_lazy("Your supervisor"),
        max_length=200,
        required=False,
        help_text=gettext_lazy(
            "Associates and trainees: whose licence do you work under?"
        ),
    )
    zip_code = ZipField(
        label=gettext_lazy("ZIP code of your practice"),
        max_length=10,
        help_text=gettext_lazy("We keep the place to about a kilometre, no more."),
    )
    neighbourhood = LineField(
        label=gettext_lazy("Neighbourhood"), max_length=80, required=False
    )
    agreement = forms.BooleanField(
        label=gettext_lazy("I agree"),
        error_messages={
            "required": gettext_lazy("Without agreeing to this nobody can be a member.")
        },
    )

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields["licence_kind"]
        assert isinstance(kinds, forms.ModelChoiceField)  # noqa: S101 -- declared so above
        kinds.queryset = Term.objects.current().of_kind(TermKind.CREDENTIAL)
        self.fields["jurisdiction"].initial = community.jurisdiction
        self.fields["agreement"].label = community.agreement
        self.questions = {
            f"question_{number}": question
            for number, line in enumerate(community.join_questions.splitlines())
            if (question := line.strip())
        }
        for name, question in self.questions.items():
            self.fields[name] = forms.CharField(
                label=question,
                max_length=2000,
                widget=forms.Textarea({"rows": 3, "dir": "auto"}),
            )
        self.order_fields([name for name in self.fields if name != "agreement"])

    def clean_expires_on(self) -> date:
        expires_on: date = self.cleaned_data["expires_on"]
        if expires_on < timezone.localdate():
            raise forms.ValidationError(
                _("This day is past. Until when is it valid now?")
            )
        return expires_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind = cleaned.get("licence_kind")
        if kind and kind.slug in SUPERVISED and not cleaned.get("supervisor_name"):
            self.add_error(
                "supervisor_name",
                _("Whose licence do you work under? Give your supervisor's name."),
            )
        return cleaned

    def answers(self) -> dict[str, Any]:
        """What ``apply_to_join`` wants to know."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "agreement" and name not in self.questions
        }

    def said(self) -> dict[str, str]:
        """The moderators' questions, answered."""
        return {
            question: self.cleaned_data[name]
            for name, question in self.questions.items()
        }


class SettingsForm(forms.ModelForm):
    radius = forms.IntegerField(
        label=gettext_lazy("How far away may the need be?"),
        min_value=1,
        max_value=FARTHEST,
    )
    quiet_from_minute = forms.TypedChoiceField(
        label=gettext_lazy("Quiet from"), coerce=int, choices=QUIET_HOURS
    )
    quiet_to_minute = forms.TypedChoiceField(
        label=gettext_lazy("Quiet until"), coerce=int, choices=QUIET_HOURS
    )
    daily_cap = forms.IntegerField(
        label=gettext_lazy("Mails a day, at most"),
        min_value=1,
        max_value=50,
        required=False,
    )
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("What we may write about"),
        choices=Topic.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy(
            "What concerns your own bookings and requests always comes, at once."
        ),
    )

    class Meta:
        model = Therapist
        fields = [
            "helps_in_emergencies",
            "quiet_from_minute",
            "quiet_to_minute",
            "daily_cap",
            "agrees_to_be_named",
        ]
        labels = {
            "helps_in_emergencies": gettext_lazy(
                "I would help a colleague who lost their room"
            ),
            "agrees_to_be_named": gettext_lazy(
                "My name may stand on building pages and where helpers are thanked"
            ),
        }

    field_order = ["helps_in_emergencies", "radius", "topics"]

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = (
            METRES[community.unit] / 1000
        )  # kilometres in one of the community's units
        off = self.instance.preferences.filter(frequency=Frequency.OFF).values_list(
            "topic", flat=True
        )
        self.initial["topics"] = [
            topic for topic in Topic.values if topic not in set(off)
        ]
        self.initial["radius"] = max(
            1, round(self.instance.emergency_radius_km / self.unit)
        )
        self.fields["radius"].help_text = community.get_distance_unit_display()
        self.fields["daily_cap"].help_text = _("Empty: %(cap)s, as for everybody.") % {
            "cap": community.daily_cap
        }

    def save(self, commit: bool = True) -> Therapist:
        self.instance.emergency_radius_km = max(
            1, round(self.cleaned_data["radius"] * self.unit)
        )
        self.instance.save(update_fields=[*self.Meta.fields, "emergency_radius_km"])
        therapist: Therapist = self.instance
        return therapist


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
        people = Therapist.objects.visible_to(self.me).exclude(pk=self.me.pk)
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


class DayForm(forms.Form):
    """One day to come: of a licence, of an insurance."""

    day = forms.DateField(
        label=gettext_lazy("Valid until"), widget=forms.DateInput({"type": "date"})
    )


class AttestForm(DayForm):
    attests = forms.BooleanField(
        label=gettext_lazy(
            "I have professional and premises liability insurance until this day"
        ),
        error_messages={
            "required": gettext_lazy("Tick this: it is your word that hosts rely on.")
        },
    )


class MessageForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your words"),
        max_length=4000,
        widget=forms.Textarea({"rows": 5, "dir": "auto"}),
    )


class InviteForm(forms.Form):
    name = LineField(label=gettext_lazy("Their name"), max_length=200)
    email = forms.EmailField(label=gettext_lazy("Their email address"))
