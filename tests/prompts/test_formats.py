"""Amounts, percents and instants, written as each locale writes them, from our units."""

from __future__ import annotations

from datetime import date

import pytest

from prompts import formats

MARCH_5_NOON = 1_772_712_000_000_000


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "expected"),
    [
        (123_450, "EUR", "de", "1.234,50 €"),
        (123_450, "EUR", "en", "€1,234.50"),
        (1234, "JPY", "en", "¥1,234"),
        (1_234_567, "KWD", "en", "KWD 1,234.567"),
        (5, "EUR", "de", "0,05 €"),
    ],
)
def test_p12_money_is_written_from_minor_units(
    minor: int, currency: str, locale: str, expected: str
) -> None:
    assert formats.money(minor, currency, locale) == expected


@pytest.mark.parametrize(
    ("share", "locale", "expected"),
    [(1000, "en", "10%"), (1250, "de", "12,5 %"), (5, "en", "0.05%"), (10_000, "de", "100 %")],
)
def test_p12_percent_is_written_from_basis_points(share: int, locale: str, expected: str) -> None:
    assert formats.percent(share, locale) == expected


def test_an_instant_is_written_where_the_person_is() -> None:
    at = MARCH_5_NOON
    assert formats.moment(at, "Europe/Berlin", "de") == "5. März 2026, 13:00"
    assert formats.moment(at, "America/New_York", "en") == "March 5, 2026, 7:00 AM"
    assert formats.moment(at, "Etc/UTC", "en") == "March 5, 2026, 12:00 PM UTC"
    with pytest.raises(ValueError, match="time zone"):
        formats.moment(at, "Mars/Olympus", "en")


def test_lists_days_and_numbers_follow_the_locale() -> None:
    assert formats.listed(["a", "b", "c"], "de") == "a, b und c"
    assert formats.day(date(2026, 3, 5), "de") == "5. März 2026"
    assert formats.number(12_345, "de") == "12.345"


def test_an_unknown_locale_is_refused() -> None:
    with pytest.raises(ValueError, match="not a locale"):
        formats.locale_of("xx-YY")
