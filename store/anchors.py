"""Anchors: the heads of all chains, signed by the deployment, so that no tail can quietly go (P8).

Chaining alone shows a change in the middle; it cannot show that the end was cut off or written
anew. An anchor says how long each chain was and how it ended, names the anchor before it, and is
signed with a key that the database does not hold. Whoever copies the newest anchor elsewhere can
show even a loss of the anchors themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select, text

from store import journal
from store.journal import GENESIS
from store.schema import anchors
from store.sealing import Vault

_ADVISORY_LOCK = 7_220_116


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchor as it is stored: `text` is what was signed."""

    id: int
    text: str
    signature: str

    @property
    def digest(self) -> str:
        """What the next anchor names it by."""
        return sha256(f"{self.text}\n{self.signature}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Statement:
    """What an anchor says: at this instant the chains were so long and ended so."""

    number: int
    at: int
    previous: str
    heads: Mapping[int, tuple[int, str]]


def anchor(conn: Connection, vault: Vault, *, at: int) -> Anchor | None:
    """Sign how all chains stand now. None where nothing was added since the last anchor."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    last = newest(conn)
    said = None if last is None else read(last.text)
    heads = journal.heads(conn)
    if said is not None and said.heads == heads:
        return None
    signed = _write(
        Statement(
            number=1 if said is None else said.number + 1,
            at=at,
            previous=GENESIS if last is None else last.digest,
            heads=heads,
        )
    )
    signature = vault.signing_key().sign(signed.encode()).hex()
    added = conn.execute(anchors.insert().values(at=at, heads=signed, signature=signature))
    key = added.inserted_primary_key
    assert key is not None
    return Anchor(int(key[0]), signed, signature)


def newest(conn: Connection) -> Anchor | None:
    """The last anchor there is."""
    row = conn.execute(select(anchors).order_by(anchors.c.id.desc()).limit(1)).first()
    return None if row is None else Anchor(row.id, row.heads, row.signature)


def listing(conn: Connection) -> list[Anchor]:
    """All anchors, oldest first."""
    rows = conn.execute(select(anchors).order_by(anchors.c.id))
    return [Anchor(row.id, row.heads, row.signature) for row in rows]


def read(signed: str) -> Statement:
    """What an anchor says; `ValueError` where the text is no anchor."""
    try:
        said: dict[str, Any] = json.loads(signed)
        heads = {int(shard): (int(seq), str(end)) for shard, (seq, end) in said["heads"].items()}
        return Statement(int(said["number"]), int(said["at"]), str(said["previous"]), heads)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("this is not the text of an anchor") from None


def check(
    found: Sequence[Anchor], public_key: Ed25519PublicKey
) -> tuple[list[Statement], list[str]]:
    """What the genuine ones say, and what is wrong with the others and with their order."""
    genuine: list[Statement] = []
    problems: list[str] = []
    previous, number = GENESIS, 0
    for one in found:
        try:
            public_key.verify(bytes.fromhex(one.signature), one.text.encode())
            said = read(one.text)
        except (InvalidSignature, ValueError):
            problems.append(f"anchor {one.id} is not signed by this deployment, or was altered")
            continue
        if (said.previous, said.number) != (previous, number + 1):
            problems.append(f"anchor {one.id} does not follow the one before it: one is missing")
        previous, number = one.digest, said.number
        genuine.append(said)
    return genuine, problems


def points(statements: Iterable[Statement]) -> dict[int, dict[int, str]]:
    """Which hash each chain must have at which place, by shard and place."""
    wanted: dict[int, dict[int, str]] = {}
    for said in statements:
        for shard, (seq, end) in said.heads.items():
            if seq:
                wanted.setdefault(shard, {})[seq] = end
    return wanted


def _write(said: Statement) -> str:
    return json.dumps(
        {
            "at": said.at,
            "heads": {str(shard): list(head) for shard, head in sorted(said.heads.items())},
            "number": said.number,
            "previous": said.previous,
        },
        sort_keys=True,
        separators=(",", ":"),
    )
