"""Money in minor units, by the exponents of ISO 4217. There is no currency conversion."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

#: Exponents that differ from 2, from ISO 4217's list of active codes (table A.1).
_EXPONENTS = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"], 0
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


class MoneyError(ValueError):
    """An amount that is not money: not a number, too fine for its currency, or no currency."""


def exponent(currency: str) -> int:
    """How many decimals a currency has."""
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise MoneyError(f"'{currency[:8]}' is not a currency code of ISO 4217 such as EUR")
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Any, currency: str) -> int:
    """An amount such as 119.9 or "119.90" in minor units; more decimals than there are: error."""
    if isinstance(amount, bool) or not isinstance(amount, (int, float, str)):
        raise MoneyError("an amount is a number such as 119.90")
    try:
        scaled = Decimal(str(amount)).scaleb(exponent(currency))
    except InvalidOperation:
        raise MoneyError("an amount is a number such as 119.90") from None
    if not scaled.is_finite() or abs(scaled) >= 10**15:
        raise MoneyError("an amount must be finite and below a thousand billion")
    rounded = scaled.to_integral_value()
    if abs(scaled - rounded) > Decimal("0.01"):
        raise MoneyError(f"{currency} has {exponent(currency)} decimals")
    return int(rounded)
