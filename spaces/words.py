"""Money, dates and hours as people say them: "$18 / hour", "free", "Thu 3 Dec, 18:00–21:00". No models, no queries."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

SIGNS = {"USD": "$", "CAD": "$", "AUD": "$", "NZD": "$", "EUR": "€", "GBP": "£"}
SUM = re.compile(r"-?\d{1,12}([.,]\d{1,2})?")
YEAR_GOES_WITHOUT_SAYING = timedelta(days=320)


def cents_of(text: str) -> int | None:
    """What was typed for a sum: "18", "$18.50", "18,50", "free". None where that is no sum at all."""
    plain = text.strip().strip("$€£").strip().casefold()
    if plain in {"free", _("free").casefold()}:
        return 0
    return int(Decimal(plain.replace(",", ".")) * 100) if SUM.fullmatch(plain) else None


def say_money(cents: int, currency: str = "USD") -> str:
    """``5400`` is "$54", ``1850`` is "$18.50"."""
    number = f"{cents // 100:,}" if cents % 100 == 0 else f"{cents / 100:,.2f}"
    sign = SIGNS.get(currency)
    return f"{sign}{number}" if sign else f"{number} {currency}"


def say_price(cents: int, currency: str = "USD") -> str:
    """What an hour costs."""
    return (
        _("%(amount)s / hour") % {"amount": say_money(cents, currency)}
        if cents
        else _("free")
    )


def say_date(day: date) -> str:
    """ "Thu 3 Dec"; with its year once that could be mistaken."""
    is_near = abs(day - timezone.localdate()) < YEAR_GOES_WITHOUT_SAYING
    return date_format(day, "D j M" if is_near else "D j M Y")


def say_moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{say_date(local.date())}, {local:%H:%M}"
