"""The states whose licences count, under one name each: whoever writes “CA” means California."""

from typing import Any

from django.db import models

STATES = {
    "AL": "Alabama",
    "AK": "Alaska",
    "AZ": "Arizona",
    "AR": "Arkansas",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DE": "Delaware",
    "DC": "District of Columbia",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "IA": "Iowa",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "ME": "Maine",
    "MD": "Maryland",
    "MA": "Massachusetts",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MS": "Mississippi",
    "MO": "Missouri",
    "MT": "Montana",
    "NE": "Nebraska",
    "NV": "Nevada",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NY": "New York",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VT": "Vermont",
    "VA": "Virginia",
    "WA": "Washington",
    "WV": "West Virginia",
    "WI": "Wisconsin",
    "WY": "Wyoming",
    "PR": "Puerto Rico",
    "GU": "Guam",
}
ALSO = {"cal": "California", "calif": "California", "washington dc": STATES["DC"]}
KNOWN = (
    {code.casefold(): name for code, name in STATES.items()}
    | {name.casefold(): name for name in STATES.values()}
    | ALSO
)


def jurisdiction_named(text: str) -> str:
    """A state of the United States by its full name, however it was written; any other place as it was written."""
    tidy = " ".join(text.split())
    word = tidy.casefold().replace(".", "").replace(",", "").removeprefix("state of ")
    return KNOWN.get(word, tidy)


class JurisdictionField(models.CharField):
    """Kept, compared and looked up by its one name, whoever writes it: a form, the admin, a command."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return jurisdiction_named(text) if isinstance(text, str) else text

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """As it is kept, so it reads from now on."""
        named = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, named)
        return named
