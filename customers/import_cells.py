"""Cells of an imported row as values: text, amounts, instants, addresses, zones.

Each reader takes the row and the columns that may hold the value, the first filled one counts, and
gives None where none is filled. What is filled but wrong raises `RowProblem` naming the column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from customers import zones
from customers.identifiers import normalise

_LARGEST = Decimal(10) ** 12
_YES = frozenset(("granted", "yes", "true", "1", "opt_in", "opted_in", "subscribed"))
_NO = frozenset(("revoked", "denied", "no", "false", "0", "opt_out", "opted_out", "unsubscribed"))
_WRONG = {
    "user_id": "names nobody in particular",
    "anonymous_id": "names nobody in particular",
    "email": "is not an e-mail address",
    "phone": "is not a phone number written like +49 171 3920000 (or needs its country)",
}


class RowProblem(Exception):
    """This row cannot be taken; the text says why without repeating what the row holds."""


def text(row: Mapping[str, Any], *columns: str) -> str | None:
    """What stands there, without blanks around it."""
    found = _first(row, columns)
    return None if found is None else found[1]


def needed(row: Mapping[str, Any], column: str) -> str:
    """What stands there; a row without it cannot be taken."""
    value = text(row, column)
    if value is None:
        raise RowProblem(f"{column} is empty")
    return value


def one_of(row: Mapping[str, Any], column: str, *, among: tuple[str, ...]) -> str:
    """One of a few words, in lower case."""
    value = needed(row, column).lower()
    if value not in among:
        raise RowProblem(f"{column} is none of {', '.join(among)}")
    return value


def granted(row: Mapping[str, Any], *columns: str) -> bool:
    """Whether consent is given. Anything but a clear word is a problem, never a yes."""
    found = _first(row, columns)
    if found is None:
        raise RowProblem(f"does not say whether consent is granted: {', '.join(columns)} are empty")
    column, value = found
    word = re.sub(r"[ -]+", "_", value.lower())
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise RowProblem(f"{column} is neither granted nor revoked")


def confirmed(row: Mapping[str, Any], column: str) -> bool | None:
    """Whether a consent was confirmed; None where the column says nothing. Unclear is a problem."""
    return None if _first(row, (column,)) is None else granted(row, column)


def amount(row: Mapping[str, Any], *columns: str) -> Decimal | None:
    """Money in major units, with a decimal point: 12.50. Not below zero."""
    found = _first(row, columns)
    if found is None:
        return None
    column, value = found
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise RowProblem(f"{column} is not a number written like 12.50") from None
    if not number.is_finite() or not 0 <= number < _LARGEST:
        raise RowProblem(f"{column} is below zero or beyond bounds")
    return number


def count(row: Mapping[str, Any], *columns: str) -> int | None:
    """A whole number from zero up."""
    found = _first(row, columns)
    if found is None:
        return None
    column, value = found
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise RowProblem(f"{column} is not a whole number from zero up")
    return int(value)


def instant(row: Mapping[str, Any], *columns: str, zone: str | None) -> str | None:
    """An instant as RFC 3339 in UTC. Days and times without a zone are taken to be in `zone`."""
    found = _first(row, columns)
    if found is None:
        return None
    column, value = found
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise RowProblem(f"{column} is not a time written like 2026-03-03T12:00:00Z") from None
    if moment.tzinfo is None:
        if zone is None:
            raise RowProblem(f"{column} has no zone: write it with Z or +01:00, or name a zone")
        moment = moment.replace(tzinfo=known_zone(zone, column))
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise RowProblem(f"{column} is out of bounds") from None


def identifier(
    row: Mapping[str, Any], kind: str, *columns: str, region: str | None = None
) -> str | None:
    """An identifier of that kind, normalised as everywhere; phone numbers in E.164."""
    found = _first(row, columns)
    if found is None:
        return None
    column, value = found
    known = normalise(kind, value, region=region)
    if known is None:
        raise RowProblem(f"{column} {_WRONG[kind]}")
    return known.value


def zone(row: Mapping[str, Any], *columns: str) -> str | None:
    """An IANA zone name that exists."""
    found = _first(row, columns)
    if found is None:
        return None
    column, value = found
    return known_zone(value, column).key


def locale(row: Mapping[str, Any], column: str) -> str | None:
    """A language, with or without a country: `de`, `de-DE`."""
    value = text(row, column)
    if value is None:
        return None
    match = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2}))?", value)
    if match is None:
        raise RowProblem(f"{column} is not a locale written like de or de-DE")
    language, country = match.groups()
    return language.lower() + (f"-{country.upper()}" if country else "")


def known_zone(name: str, column: str) -> ZoneInfo:
    """The zone of that IANA name; a name there is not is a problem of that column."""
    if zones.known_zone(name) is None:
        raise RowProblem(f"{column} is not an IANA zone such as Europe/Berlin")
    return ZoneInfo(name)


def _first(row: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, str] | None:
    """The first filled column and what stands in it, as text."""
    for column in columns:
        value = row.get(column)
        if value is None or value == "":
            continue
        if isinstance(value, datetime | date):
            return column, value.isoformat()
        if isinstance(value, bool):
            return column, "true" if value else "false"
        if isinstance(value, str | int | float | Decimal):
            written = str(value).strip()
            if written:
                return column, written
            continue
        raise RowProblem(f"{column} is a list or an object where one value belongs")
    return None
