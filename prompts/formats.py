"""How amounts, percents, dates and lists are written in a locale.

Values come in our units: minor units of an ISO 4217 currency, basis points, microseconds UTC.
Spaces that only typesetters know (no-break, narrow) become plain ones: in a text message each
would double its price.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent

# ISO 4217 exponents that are not 2. CLDR differs for some: it says what shops print.
_NONE: Final = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_EXPONENTS: Final = {
    **dict.fromkeys(_NONE, 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


@lru_cache(maxsize=64)
def locale_of(name: str) -> Locale:
    """The locale of a tag such as `de` or `de-AT`. Raises ValueError for one nobody knows."""
    try:
        return Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise ValueError(f"'{name}' is not a locale such as en or de-AT") from error


def exponent(currency: str) -> int:
    """How many decimals one unit of this currency has."""
    return _EXPONENTS.get(currency, 2)


def money(amount_minor: int, currency: str, locale: str) -> str:
    """An amount as people of this locale write it, with all of the currency's decimals."""
    digits = exponent(currency)
    amount = Decimal(amount_minor).scaleb(-digits)
    pattern = locale_of(locale).currency_formats["standard"].pattern
    if digits != 2:
        pattern = pattern.replace(".00", "." + "0" * digits if digits else "")
    text = format_currency(
        amount, currency, format=pattern, locale=locale_of(locale), currency_digits=False
    )
    # A currency without a sign of its own is a word before a number.
    return _plain(re.sub(r"(?<=[^\W\d_])(?=\d)", " ", text))


def percent(share_bp: int, locale: str) -> str:
    """Basis points as a percent with no more decimals than it has."""
    pattern = locale_of(locale).percent_formats[None].pattern.replace("0", "0.##", 1)
    return _plain(format_percent(Decimal(share_bp) / 10_000, pattern, locale=locale_of(locale)))


def number(value: int, locale: str) -> str:
    """A whole number with the locale's grouping."""
    return _plain(format_decimal(value, locale=locale_of(locale)))


def day(value: date, locale: str) -> str:
    """A calendar day, written out."""
    return _plain(format_date(value, "long", locale=locale_of(locale)))


def moment(at_us: int, zone: str, locale: str) -> str:
    """An instant as day and time where the person is; marked UTC where that is not known."""
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"'{zone}' is not a time zone such as Europe/Berlin") from error
    at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(there)
    clock = _plain(format_time(at.timetz(), "short", locale=locale_of(locale)))
    unplaced = zone in ("UTC", "Etc/UTC")
    return f"{day(at.date(), locale)}, {clock}{' UTC' if unplaced else ''}"


def listed(names: Sequence[str], locale: str) -> str:
    """Names joined as this locale joins them: `a, b and c`."""
    return _plain(format_list(list(names), locale=locale_of(locale)))


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")
