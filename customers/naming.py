"""Which words of a text name somebody: whoever is known here, or was, by exactly that word (P5)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from customers.resolve import possible
from store.schema import customers, identifiers, tombstones
from store.sealing import Vault

_AT_ONCE = 500


def naming(conn: Connection, vault: Vault, words: Iterable[str]) -> frozenset[str]:
    """Those of the words that are an identifier of somebody known, merged or erased, or our id."""
    stands_for: dict[str, set[str]] = {}
    for word in set(words):
        if word.startswith("cus_") and word.isascii():
            stands_for.setdefault(word, set()).add(word)
        for identifier in possible(word):
            stands_for.setdefault(identifier.hashed(vault), set()).add(word)
    asked = sorted(stands_for)
    found: set[str] = set()
    for column in (identifiers.c.value_hash, tombstones.c.identifier_hash, customers.c.id):
        for start in range(0, len(asked), _AT_ONCE):
            rows = conn.execute(select(column).where(column.in_(asked[start : start + _AT_ONCE])))
            found.update(word for (value,) in rows for word in stands_for[value])
    return frozenset(found)
