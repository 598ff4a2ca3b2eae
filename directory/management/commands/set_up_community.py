from argparse import ArgumentParser
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext_lazy as _

from directory.domain.community import set_up_community
from directory.geo import place_of_zip
from directory.models import Community


class SetUpForm(forms.ModelForm):
    timezone = forms.ChoiceField(
        label=_("Time zone, such as America/Los_Angeles"),
        choices=lambda: [(zone, zone) for zone in sorted(available_timezones())],
        error_messages={"invalid_choice": _("There is no time zone “%(value)s”.")},
    )
    zip = forms.CharField(label=_("ZIP code in the middle of the area"), required=False)
    email = forms.EmailField(label=_("Email of the first moderator"))
    moderator = forms.CharField(label=_("Their name"), max_length=200)

    class Meta:
        model = Community
        fields = [
            "name",
            "area",
            "timezone",
            "distance_unit",
            "currency",
            "jurisdiction",
        ]
        labels = {
            "name": _("Name of the community"),
            "area": _("Area, such as Berkeley and Oakland"),
            "distance_unit": _("Distances in km or mi"),
            "currency": _("Currency, such as USD"),
            "jurisdiction": _("State or country whose licences count"),
        }

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].upper()
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise forms.ValidationError(_("A currency is three letters, such as USD."))
        return currency

    def clean_zip(self) -> str:
        code: str = self.cleaned_data["zip"]
        place = place_of_zip(code) if code else None
        if code and place is None:
            raise forms.ValidationError(
                _("There is no ZIP code “%(zip)s”."), params={"zip": code}
            )
        if place is not None:
            self.instance.latitude = place.latitude
            self.instance.longitude = place.longitude
        return code


class Command(BaseCommand):
    help = "Name the community and its first moderator. Asks for what no option gives; may be run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, field in SetUpForm.base_fields.items():
            parser.add_argument(
                f"--{name.replace('_', '-')}", dest=name, help=str(field.label)
            )
        parser.add_argument(
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Ask nothing: what no option gives stays as it is",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        community = Community.objects.current()
        known = {
            name: options[name] or str(getattr(community, name, ""))
            for name in SetUpForm.base_fields
        }
        asked = [name for name in known if not options[name]]
        if options["interactive"]:
            known |= {name: self.ask(name, known[name]) for name in asked}
        form = SetUpForm(known, instance=community)
        if not form.is_valid():
            raise CommandError(
                "\n".join(
                    f"--{name.replace('_', '-')}: {' '.join(map(str, errors))}"
                    for name, errors in form.errors.items()
                )
            )
        moderator = set_up_community(
            form.instance,
            moderator_email=form.cleaned_data["email"],
            moderator_name=form.cleaned_data["moderator"],
        )
        self.stdout.write(
            f"{community.name} is set up. {moderator.name} signs in at {settings.BASE_URL}/accounts/login/"
            f" with {moderator.address}; a code comes by mail."
        )

    def ask(self, name: str, current: str) -> str:
        label = SetUpForm.base_fields[name].label
        shown = f" [{current}]" if current else ""
        return input(f"{label}{shown}: ").strip() or current
