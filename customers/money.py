"""Money in minor units, by the exponents of ISO 4217. There is no currency conversion."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

#: Exponents that differ from 2, from ISO 4217's list of active codes (table A.1).
_EXPONENTS = {
    **dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"], 0),
    **dict.fromkeys(["UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
#: Codes of the same list that are no money one pays with: metals, units of account, tests, "none".
_NO_MONEY = frozenset(
    ["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"]
)
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_MOST = 10**15


class MoneyError(ValueError):
    """An amount that is not money: not a number, too fine for its currency, or no currency."""


def exponent(currency: str) -> int:
    """How many decimals a currency has."""
    code = len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    if not code or currency in _NO_MONEY:
        raise MoneyError(f"'{currency[:8]}' is not a currency code of ISO 4217 such as EUR")
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Any, currency: str) -> int:
    """An amount such as 119.9 or "119.90" in minor units; more decimals than there are: error."""
    if isinstance(amount, bool) or not isinstance(amount, (int, float, str)):
        raise MoneyError("an amount is a number such as 119.90")
    if isinstance(amount, int) and abs(amount) >= _MOST:
        raise MoneyError("an amount must be below a thousand billion")
    text = str(amount).strip()
    if not _NUMBER.fullmatch(text):
        raise MoneyError("an amount is a number such as 119.90")
    decimals = exponent(currency)
    scaled = Decimal(text).scaleb(decimals)
    if abs(scaled) >= _MOST:
        raise MoneyError("an amount must be below a thousand billion")
    rounded = scaled.to_integral_value()
    if abs(scaled - rounded) > Decimal("0.01"):
        raise MoneyError(f"{currency} has {decimals} decimals")
    return int(rounded)
