"""Entries of a suppression list: who is named, by an identifier or by its digest, and what stops.

What is no entry raises or gives `RowProblem`, whose text names the field and the rule, never what
the row holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from customers import import_cells as cells
from customers import suppression
from customers.consent import CHANNELS, PURPOSES
from customers.identifiers import DIGESTS, Identifier, hashed_digest
from customers.import_cells import RowProblem
from store.sealing import Vault

#: How an entry may name somebody; the order is that of the columns of an export.
PLAIN = ("user_id", "email", "phone")
HASHED = {
    f"{kind}_{algorithm}": (kind, algorithm)
    for kind, algorithms in DIGESTS.items()
    for algorithm in algorithms
}
FIELDS = (*PLAIN, *HASHED, "scope", "purpose", "channel", "reason", "until")
SCOPES = ("all", "purpose", "address")
_HEX_DIGITS = {"sha256": 64, "md5": 32}
CHANNEL_OF = {"email": "email", "phone": "sms"}
_LONGEST_REASON = 500
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Named:
    """One way an entry names somebody: a normalised identifier, or the hex digest of one."""

    kind: str
    value: str = field(repr=False)
    algorithm: str | None = None

    def hashed(self, vault: Vault) -> str:
        """The keyed hash under which it waits for whoever it is."""
        if self.algorithm is None:
            return Identifier(self.kind, self.value).hashed(vault)
        return hashed_digest(vault, self.kind, self.algorithm, self.value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list. `until` in microseconds, None: for good."""

    named: tuple[Named, ...]
    scope: str
    purpose: str | None
    channel: str | None
    until: int | None
    reason: str | None = field(default=None, repr=False)


def parsed(row: Mapping[str, Any], *, now_us: int) -> Entry | RowProblem:
    """An entry, or why the row is none."""
    try:
        return _entry(row, now_us)
    except RowProblem as problem:
        return problem


def _entry(row: Mapping[str, Any], now_us: int) -> Entry:
    if not row.keys() <= set(FIELDS):
        raise RowProblem(f"has a field that no entry has; an entry has {', '.join(FIELDS)}")
    named = tuple(_named(row))
    if not named:
        raise RowProblem(f"names nobody: none of {', '.join((*PLAIN, *HASHED))} is filled")
    scope = _word(row, "scope", SCOPES) or "purpose"
    purpose, channel = _word(row, "purpose", PURPOSES), _word(row, "channel", CHANNELS)
    if scope != "purpose" and purpose is not None:
        raise RowProblem("purpose belongs to the scope purpose; leave it out")
    if scope == "all" and channel is not None:
        raise RowProblem("scope all is every channel; leave channel out, or use scope address")
    if scope == "address":
        _check_address(named, channel)
    reason = cells.text(row, "reason")
    if reason is not None and len(reason) > _LONGEST_REASON:
        raise RowProblem(f"reason is longer than {_LONGEST_REASON} characters")
    until = _until(row)
    if until is not None and until <= now_us:
        raise RowProblem("until lies in the past; leave it out for good")
    marketing = (purpose or suppression.MARKETING) if scope == "purpose" else None
    return Entry(named, scope, marketing, channel, until, reason)


def _named(row: Mapping[str, Any]) -> Iterator[Named]:
    for kind in PLAIN:
        value = cells.identifier(row, kind, kind)
        if value is not None:
            yield Named(kind, value)
    for column, (kind, algorithm) in HASHED.items():
        digest = cells.text(row, column)
        if digest is None:
            continue
        digits = _HEX_DIGITS[algorithm]
        if not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", digest):
            raise RowProblem(f"{column} is not {algorithm} in hex: {digits} digits")
        yield Named(kind, digest.lower(), algorithm)


def _check_address(named: Iterable[Named], channel: str | None) -> None:
    for one in named:
        own = CHANNEL_OF.get(one.kind)
        if own is None and channel is None:
            raise RowProblem("scope address with a user_id needs the channel")
        if own is not None and channel not in (None, own):
            raise RowProblem(f"scope address: channel is not that of {one.kind}; leave it out")


def _word(row: Mapping[str, Any], column: str, among: tuple[str, ...]) -> str | None:
    return cells.one_of(row, column, among=among) if cells.text(row, column) else None


def _until(row: Mapping[str, Any]) -> int | None:
    said = cells.instant(row, "until", zone=None)
    if said is None:
        return None
    return (datetime.fromisoformat(said) - _BEGIN) // timedelta(microseconds=1)
