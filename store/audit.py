"""The audit of the journal: each chain hashed anew, its head and all anchors held against it (P8).

It needs no personal key: chains are hashed over what is sealed, so an erasure changes nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from store import anchors, journal
from store.anchors import Anchor, Statement
from store.journal import GENESIS, entry_hash
from store.sealing import Vault

#: So many problems of one chain are told; after a break every entry would be one.
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry as it lies in the journal, or in an export of it."""

    pos: int
    shard: int
    seq: int
    at: int
    customer_id: str
    decision_id: str | None
    kind: str
    epoch: int
    body_sealed: bytes
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found. `anchored`: how many entries the newest genuine anchor vouches for."""

    entries: int
    chains: int
    anchors: int
    anchored: int
    anchored_at: int | None
    problems: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Nothing was changed, cut off, put in or taken out, as far as can be known."""
        return not self.problems


def verify(conn: Connection, vault: Vault) -> Report:
    """Audit the journal of a database, on the one snapshot that a reading unit has."""
    return verify_chains(
        {shard: _chain(conn, shard) for shard in range(journal.SHARDS)},
        heads=journal.heads(conn),
        found=anchors.listing(conn),
        public_key=vault.signing_key().public_key(),
    )


def verify_chains(
    chains: Mapping[int, Iterable[ChainedEntry]],
    *,
    heads: Mapping[int, tuple[int, str]],
    found: Sequence[Anchor],
    public_key: Ed25519PublicKey,
) -> Report:
    """Audit chains wherever they come from: `heads` is how each says that it ends."""
    genuine, problems = anchors.check(found, public_key)
    wanted = anchors.points(genuine)
    entries = 0
    for shard, chain in sorted(chains.items()):
        walk = _Walk(shard, wanted.get(shard, {}))
        for entry in chain:
            walk.step(entry)
        entries += walk.seen
        problems += walk.end(heads.get(shard))
    newest: Statement | None = genuine[-1] if genuine else None
    return Report(
        entries=entries,
        chains=len(chains),
        anchors=len(genuine),
        anchored=0 if newest is None else sum(seq for seq, _ in newest.heads.values()),
        anchored_at=None if newest is None else newest.at,
        problems=tuple(problems),
    )


class _Walk:
    """One chain from its beginning."""

    def __init__(self, shard: int, wanted: Mapping[int, str]) -> None:
        self._shard = shard
        self._wanted = dict(wanted)
        self._seq, self._hash, self._pos = 0, GENESIS, 0
        self._problems: list[str] = []
        self.seen = 0

    def step(self, entry: ChainedEntry) -> None:
        """Hold one entry against the one before it, against its own hash, and against anchors."""
        self.seen += 1
        for problem in self._wrong(entry):
            self._problems.append(f"chain {self._shard}, entry {entry.seq}: {problem}")
        self._seq, self._hash, self._pos = entry.seq, entry.hash, entry.pos

    def end(self, head: tuple[int, str] | None) -> list[str]:
        """All that is wrong with this chain, told once it is walked to its end."""
        told = self._problems[:_MOST_TOLD]
        if len(self._problems) > _MOST_TOLD:
            told.append(f"chain {self._shard}: and {len(self._problems) - _MOST_TOLD} more")
        if head != (self._seq, self._hash):
            told.append(f"chain {self._shard} does not end as its head says")
        if self._wanted:
            told.append(f"chain {self._shard} is cut off: entry {max(self._wanted)} was anchored")
        return told

    def _wrong(self, entry: ChainedEntry) -> Iterator[str]:
        if entry.seq != self._seq + 1:
            yield f"it follows entry {self._seq}"
        if entry.prev_hash != self._hash:
            yield "it does not name the entry before it"
        if entry.shard != journal.shard_of(entry.customer_id) or entry.shard != self._shard:
            yield "its customer belongs to another chain"
        if entry.pos <= self._pos:
            yield "it stands at an earlier place than the entry before it"
        if entry.hash != hash_of(entry):
            yield "its content is not what was hashed"
        anchored = self._wanted.pop(entry.seq, None)
        if anchored is not None and anchored != entry.hash:
            yield "an anchor was signed over another entry in its place"


def _chain(conn: Connection, shard: int) -> Iterator[ChainedEntry]:
    for row in journal.chain(conn, shard):
        yield ChainedEntry(**row._mapping)


def hash_of(entry: ChainedEntry) -> str:
    """The hash this entry ought to have."""
    return entry_hash(
        prev_hash=entry.prev_hash,
        shard=entry.shard,
        seq=entry.seq,
        at=entry.at,
        customer_id=entry.customer_id,
        decision_id=entry.decision_id,
        kind=entry.kind,
        epoch=entry.epoch,
        sealed=entry.body_sealed,
    )
