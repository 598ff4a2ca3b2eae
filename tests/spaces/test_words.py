from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from spaces.words import (
    cents_of,
    say_date,
    say_moment,
    say_money,
    say_price,
)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("18", 1800),
        ("$18", 1800),
        (" $ 18.50 ", 1850),
        ("18,5", 1850),
        ("0", 0),
        ("free", 0),
        ("FREE", 0),
        ("-3", -300),
        ("18.005", None),
        ("1e400", None),
        ("NaN", None),
        ("Infinity", None),
        ("eighteen", None),
        ("1,000,000", None),
        ("", None),
        ("١٨", 1800),
    ],
)
def test_sums_are_read_as_people_type_them(text, cents):
    assert cents_of(text) == cents


@pytest.mark.parametrize(
    ("cents", "currency", "said"),
    [
        (5400, "USD", "$54"),
        (1850, "USD", "$18.50"),
        (123_400, "EUR", "€1,234"),
        (1800, "CHF", "18 CHF"),
        (5, "USD", "$0.05"),
    ],
)
def test_sums_are_said_without_needless_cents(cents, currency, said):
    assert say_money(cents, currency) == said


def test_prices_are_said():
    assert (say_price(1800), say_price(0)) == ("$18 / hour", "free")


def test_a_date_says_its_year_only_where_it_could_be_mistaken():
    today = timezone.localdate()

    assert say_date(date(2016, 12, 1)) == "Thu 1 Dec 2016"
    assert not say_date(today + timedelta(days=200)).endswith(
        str((today + timedelta(days=200)).year)
    )


def test_a_moment_is_said_in_its_own_zone():
    moment = datetime(2016, 12, 1, 17, tzinfo=ZoneInfo("UTC"))

    assert say_moment(moment, ZoneInfo("Europe/Berlin")) == "Thu 1 Dec 2016, 18:00"
