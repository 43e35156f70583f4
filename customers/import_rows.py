"""Rows as Segment messages, by kind: profiles, orders, consents; products as catalogue rows;
suppressions as entries of a list.

A row that cannot be taken raises `RowProblem`. Its text names the column and the rule, never what
the row holds: set-aside rows are listed without any personal data.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from customers import import_cells as cells
from customers.import_cells import RowProblem
from customers.money import MoneyError, to_minor
from customers.suppression_entries import HASHED, PLAIN

_USER = ("user_id", "customer_id")
_IDENTIFIERS = frozenset((*_USER, "anonymous_id", "email", "phone"))
_TOTAL = ("total", "revenue", "amount", "dollar_value")
_WHEN = ("timestamp", "ordered_at", "created_at", "updated_at", "at", "date")
_STATE = ("state", "consent", "status", "granted")
_NOT_TRAITS = frozenset((*_USER, "anonymous_id", *_WHEN, "zone", "time_zone"))
_TRAITS = {"first_name": "firstName", "last_name": "lastName"}
_TERMS = ("scope", "purpose", "channel", "reason")
_ADDRESS = ("country", "city", "postal_code", "street", "state")


class ImportKind(StrEnum):
    """What the rows of a file are about."""

    PROFILES = "profiles"
    PRODUCTS = "products"
    ORDERS = "orders"
    CONSENTS = "consents"
    SUPPRESSIONS = "suppressions"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the person who imports says about the file, where the file does not say it itself.

    `currency` for amounts without one, `zone` (IANA) for times without one, `region` (two letters)
    for phone numbers in national form.
    """

    kind: ImportKind | None = None
    currency: str | None = None
    zone: str | None = None
    region: str | None = None
    encoding: str | None = None

    def digest(self, file_sha256: str) -> str:
        """Names one file read one way: another way of reading it is another import."""
        said = (self.kind, self.currency, self.zone, self.region, self.encoding)
        return hashlib.sha256(repr((file_sha256, said)).encode()).hexdigest()


@dataclass(slots=True)
class Converter:
    """Turns the rows of one import, in the order of the file, into what is sent."""

    import_id: str
    kind: ImportKind
    reading: Reading
    _seen: Counter[bytes] = field(default_factory=Counter)

    def convert(self, line: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """A Segment message, a row for the catalogue, or `{row, entry}` of a suppression list.

        Raises RowProblem.
        """
        match self.kind:
            case ImportKind.SUPPRESSIONS:
                return {"row": str(line), "entry": self._suppression(row)}
            case ImportKind.PRODUCTS:
                return self._product(row)
            case ImportKind.ORDERS:
                return self._message("track", line, row, self._order(row))
            case ImportKind.CONSENTS:
                return self._message("track", line, row, self._consent(row))
            case ImportKind.PROFILES:
                return self._message("identify", line, row, {"traits": self._traits(row)})

    def _message(
        self, kind: str, line: int, row: Mapping[str, Any], content: dict[str, Any]
    ) -> dict[str, Any]:
        context: dict[str, Any] = {"historical": True}
        message: dict[str, Any] = {
            "type": kind,
            "messageId": "import-" + self._digest(str(line)),
            "userId": cells.identifier(row, "user_id", *_USER),
            "anonymousId": cells.identifier(row, "anonymous_id", "anonymous_id"),
            "timestamp": cells.instant(row, *_WHEN, zone=self.reading.zone),
            "context": context,
            **content,
        }
        reachable = self._reachable(row)
        if not (message["userId"] or message["anonymousId"] or reachable):
            raise RowProblem("names nobody: no user_id, anonymous_id, email or phone")
        if kind == "track":
            if message["timestamp"] is None:
                raise RowProblem(f"has no time: none of {', '.join(_WHEN)} is filled")
            if reachable:
                context["traits"] = reachable
        return {name: value for name, value in message.items() if value is not None}

    def _traits(self, row: Mapping[str, Any]) -> dict[str, Any]:
        traits = {
            _TRAITS.get(name, name): value
            for name, value in row.items()
            if name not in _NOT_TRAITS and name not in _ADDRESS and value not in ("", None)
        }
        traits |= self._reachable(row) | _known(
            timezone=cells.zone(row, "timezone", "time_zone", "zone"),
            locale=cells.locale(row, "locale"),
            address=_known(**{name: cells.text(row, name) for name in _ADDRESS}) or None,
        )
        return traits

    def _order(self, row: Mapping[str, Any]) -> dict[str, Any]:
        currency = self._currency(row)
        total = cells.amount(row, *_TOTAL)
        if total is None:
            raise RowProblem(f"has no amount: none of {', '.join(_TOTAL)} is filled")
        _minor(total, currency, "total")
        properties = _known(
            order_id=cells.text(row, "order_id") or self._made_order_id(row),
            total=float(total),
            currency=currency,
            coupon=cells.text(row, "coupon"),
            number_of_items=cells.count(row, "quantity", "number_of_items", "number_of_cds"),
            products=row.get("products") if isinstance(row.get("products"), list) else None,
        )
        return {"event": "Order Completed", "properties": properties}

    def _consent(self, row: Mapping[str, Any]) -> dict[str, Any]:
        granted = cells.granted(row, *_STATE)
        properties = _known(
            channel=cells.one_of(row, "channel", among=("email", "sms")),
            purpose=cells.one_of(row, "purpose", among=("marketing", "service")),
            source=cells.text(row, "source") or "import",
            evidence=cells.text(row, "evidence"),
            text_version=cells.text(row, "text_version"),
            form=cells.text(row, "form"),
            address=cells.text(row, "address"),
            double_opt_in=cells.confirmed(row, "double_opt_in"),
        )
        return {
            "event": "Consent Granted" if granted else "Consent Revoked",
            "properties": properties,
        }

    def _product(self, row: Mapping[str, Any]) -> dict[str, Any]:
        currency = self._currency(row)
        return {
            "sku": cells.needed(row, "sku"),
            "name": cells.needed(row, "name"),
            "price_minor": _money(row, "price", currency),
            "cost_minor": _money(row, "cost", currency),
            "currency": currency,
            "stock": cells.count(row, "stock"),
            "tax_bp": cells.count(row, "tax_bp") or 0,
            "category": cells.text(row, "category"),
        }

    def _suppression(self, row: Mapping[str, Any]) -> dict[str, Any]:
        said = {name: cells.text(row, name) for name in (*HASHED, *_TERMS)}
        entry = self._reachable(row) | _known(
            user_id=cells.identifier(row, "user_id", *_USER),
            until=cells.instant(row, "until", zone=self.reading.zone),
            **said,
        )
        if not entry.keys() & {*PLAIN, *HASHED}:
            raise RowProblem(f"names nobody: none of {', '.join((*PLAIN, *HASHED))} is filled")
        return entry

    def _currency(self, row: Mapping[str, Any]) -> str:
        named = cells.text(row, "currency") or self.reading.currency
        if named is None:
            raise RowProblem("an amount without a currency: add a column currency or name one")
        return named.upper()

    def _reachable(self, row: Mapping[str, Any]) -> dict[str, Any]:
        country = cells.text(row, "country") or ""
        region = country.upper() if len(country) == 2 else self.reading.region
        return _known(
            email=cells.identifier(row, "email", "email"),
            phone=cells.identifier(row, "phone", "phone", region=region),
        )

    def _made_order_id(self, row: Mapping[str, Any]) -> str:
        """An order without an id has one by what it says and its number among equals."""
        parts = (*_USER, "anonymous_id", "email", "phone", *_WHEN, *_TOTAL)
        content = repr([cells.text(row, name) for name in parts])
        known = hashlib.sha256(content.encode()).digest()
        self._seen[known] += 1
        return hashlib.sha256(known + str(self._seen[known]).encode()).hexdigest()[:32]

    def _digest(self, text: str) -> str:
        return hashlib.sha256(f"{self.import_id}:{text}".encode()).hexdigest()[:32]


def recognise(columns: Collection[str]) -> ImportKind | None:
    """The kind that the columns show; None where they show none."""
    named = frozenset(columns)
    if "sku" in named and "name" in named:
        return ImportKind.PRODUCTS
    if named & HASHED.keys() or "scope" in named and named & _IDENTIFIERS:
        return ImportKind.SUPPRESSIONS
    if not named & _IDENTIFIERS:
        return None
    if "channel" in named and named & set(_STATE):
        return ImportKind.CONSENTS
    if named & set(_TOTAL) and named & set(_WHEN):
        return ImportKind.ORDERS
    return ImportKind.PROFILES


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _money(row: Mapping[str, Any], column: str, currency: str) -> int | None:
    minor = cells.count(row, f"{column}_minor")
    if minor is not None:
        return minor
    amount = cells.amount(row, column)
    return None if amount is None else _minor(amount, currency, column)


def _minor(amount: Decimal, currency: str, column: str) -> int:
    try:
        return to_minor(str(amount), currency)
    except MoneyError:
        raise RowProblem(
            f"{column} is not an amount of its currency, or there is no such"
        ) from None
