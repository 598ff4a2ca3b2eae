from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.enums import Frequency, Topic
from directory.forms.fields import FARTHEST
from directory.geo import METRES
from directory.models import Community, Therapist
from directory.queries import frequencies_of

QUIET_HOURS = [
    (minute, f"{minute // 60:02}:{minute % 60:02}") for minute in range(0, 1440, 30)
]

OFFERED = {
    Topic.EMERGENCIES: [Frequency.AT_ONCE, Frequency.DAILY, Frequency.OFF],
    Topic.HOURS: list(Frequency),
    Topic.BUILDINGS: list(Frequency),
    Topic.COMMUNITY: [Frequency.DAILY, Frequency.WEEKLY, Frequency.OFF],
}
"""Nobody calls for help once a week, and news is what was collected."""


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

    class Meta:
        model = Therapist
        fields = [
            "helps_in_emergencies",
            "quiet_from_minute",
            "quiet_to_minute",
            "daily_cap",
            "agrees_to_be_named",
            "hides_from_newcomers",
        ]
        help_texts = {
            "hides_from_newcomers": gettext_lazy(
                "In the directory and its search, on your profile and among new colleagues. Not from those you write "
                "with or have hours with. Rooms you offer show your name all the same."
            ),
        }
        labels = {
            "helps_in_emergencies": gettext_lazy(
                "I would help a colleague who lost their room"
            ),
            "agrees_to_be_named": gettext_lazy(
                "My name may stand on building pages and where helpers are thanked"
            ),
            "hides_from_newcomers": gettext_lazy(
                "Hide me from anyone who joined less than 30 days ago"
            ),
        }

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = (
            METRES[community.unit] / 1000
        )  # kilometres in one of the community's units
        chosen = frequencies_of([self.instance.pk])[self.instance.pk]
        for topic, offered in OFFERED.items():
            self.fields[topic] = forms.ChoiceField(
                label=topic.label.capitalize(),
                choices=[(one.value, one.label.capitalize()) for one in offered],
                initial=chosen[topic],
                help_text=_("New colleagues, hours near you, who needs a room.")
                if topic == Topic.COMMUNITY
                else "",
            )
        self.initial["radius"] = max(
            1, round(self.instance.emergency_radius_km / self.unit)
        )
        self.fields["radius"].help_text = community.get_distance_unit_display()
        self.fields["daily_cap"].help_text = _("Empty: %(cap)s, as for everybody.") % {
            "cap": community.daily_cap
        }

    @property
    def frequencies(self) -> dict[Topic, str]:
        return {topic: self.cleaned_data[topic] for topic in OFFERED}

    @property
    def topics(self) -> list[forms.BoundField]:
        return [self[topic] for topic in OFFERED]

    def save(self, commit: bool = True) -> Therapist:
        self.instance.emergency_radius_km = max(
            1, round(self.cleaned_data["radius"] * self.unit)
        )
        self.instance.save(update_fields=[*self.Meta.fields, "emergency_radius_km"])
        therapist: Therapist = self.instance
        return therapist
