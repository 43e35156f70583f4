"""Suppression lists: many entries at once, plain or by digest, and all that is in force.

Partners name people by an address, or by its digest (hex, of the normalised value). A digest is
kept only under our own key, and is found again when somebody's identifier has it. An entry holds
for whoever is known, and stops what is queued, in the transaction that writes it; one for nobody
we know waits for them. The same entry twice is one. No reason ever repeats what an entry holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, text

from customers import profile, suppression
from customers.identifiers import Identifier, digest_of
from customers.import_cells import RowProblem
from customers.stopping import stop_where
from customers.suppression_entries import CHANNEL_OF, PLAIN, Entry, Named, parsed
from store.schema import customers, identifiers, suppressions, tombstones
from store.sealing import Erased, Vault

_TOLD_EVERY = 1_000
_FOREVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry: `known`, `unknown` (it waits for them), or `refused` and `why`.

    `people` are the ids of whom it holds for; `stopped` counts queued contacts that it cancelled.
    """

    outcome: str
    why: str | None = None
    people: tuple[str, ...] = ()
    stopped: int = 0


def add_entries(
    conn: Connection,
    vault: Vault,
    rows: Sequence[Mapping[str, Any]],
    *,
    by: str,
    now_us: int,
    fresh_id: Callable[[str], str],
    progress: Callable[[int], None] | None = None,
) -> list[Outcome]:
    """Take a whole list in one transaction; what became of each row, in order.

    With digests in it, every e-mail address and number of everybody is opened once
    (`people_behind` says at what cost); who must not keep others waiting meanwhile runs the three
    steps apart, as `agent.suppressing` does.
    """
    entries = [parsed(row, now_us=now_us) for row in rows]
    done = record(conn, vault, entries, by=by, now_us=now_us, fresh_id=fresh_id)
    behind = people_behind(conn, vault, entries, progress=progress)
    return hand_over(conn, vault, entries, done, behind, now_us=now_us)


def record(
    conn: Connection,
    vault: Vault,
    entries: Sequence[Entry | RowProblem],
    *,
    by: str,
    now_us: int,
    fresh_id: Callable[[str], str],
) -> list[Outcome]:
    """Write what is not there yet; it holds for everybody who is known by a plain identifier.

    Digests wait under their keyed hashes: from here on whoever gets such an identifier inherits.
    """
    good = [entry for entry in entries if isinstance(entry, Entry)]
    if conn.dialect.name == "postgresql" and any(n.algorithm for e in good for n in e.named):
        # Whoever is getting an identifier right now is waited for: then the search sees it.
        conn.execute(text("LOCK TABLE identifiers IN SHARE MODE"))
    hashes = {named: named.hashed(vault) for entry in good for named in entry.named}
    owners = _owners(conn, [h for n, h in hashes.items() if n.algorithm is None])
    there = _Standing(conn, [*owners.values()], [*hashes.values()], now_us)
    held: set[str] = set()
    for entry in good:
        for named in entry.named:
            line = _line(conn, entry, named, hashes[named], owners.get(hashes[named]))
            if there.has(line, entry.until):
                continue
            there.add(line, entry.until)
            suppression.suppress(
                conn,
                vault,
                suppression_id=fresh_id("sup"),
                customer_id=line.customer_id,
                identifier_hash=None if line.customer_id else line.identifier_hash,
                scope=line.scope,
                purpose=line.purpose,
                channel=line.channel,
                address_hash=line.address_hash,
                by=by,
                reason=entry.reason,
                until=entry.until,
                named=[] if named.algorithm else [Identifier(named.kind, named.value)],
                now_us=now_us,
            )
            held |= {line.customer_id} if line.customer_id else set()
    stopped = {customer_id: _stop(conn, customer_id, now_us) for customer_id in sorted(held)}
    return [_outcome(entry, hashes, owners, stopped) for entry in entries]


def people_behind(
    conn: Connection,
    vault: Vault,
    entries: Sequence[Entry | RowProblem],
    *,
    progress: Callable[[int], None] | None = None,
) -> dict[Named, str]:
    """Whose identifier has a digest of these entries: the digest → the identifier's `value_hash`.

    Opens every e-mail address (or number) of everybody, once a call, since no index of digests is
    kept. Measured: 6 µs of one core each while its key is in memory (the vault keeps 50,000), and
    95 µs where the key is fetched; so 5 s for 50,000 the first time, 0.3 s from then on.
    Nothing is opened for a list without digests. `progress` hears how many were opened so far.
    """
    wanted = {n for e in entries if isinstance(e, Entry) for n in e.named if n.algorithm}
    sought = {(named.kind, str(named.algorithm)) for named in wanted}
    if not wanted:
        return {}
    found: dict[Named, str] = {}
    query = (
        select(identifiers.c.kind, identifiers.c.value_hash, identifiers.c.value_sealed)
        .join(customers, customers.c.id == identifiers.c.customer_id)
        .where(
            identifiers.c.kind.in_(sorted({kind for kind, _ in sought})),
            customers.c.erased_at.is_(None),
        )
    )
    for k, row in enumerate(conn.execute(query, execution_options={"yield_per": _TOLD_EVERY}), 1):
        try:
            value = vault.open("identifiers.value", row.value_sealed).decode()
        except Erased:  # is being erased this moment: nobody is left whom an entry could hold for
            continue
        for kind, algorithm in sought:
            if kind == row.kind:
                named = Named(kind, digest_of(algorithm, value), algorithm)
                if named in wanted:
                    found[named] = str(row.value_hash)
        if progress is not None and k % _TOLD_EVERY == 0:
            progress(k)
    return found


def hand_over(
    conn: Connection,
    vault: Vault,
    entries: Sequence[Entry | RowProblem],
    done: Sequence[Outcome],
    behind: Mapping[Named, str],
    *,
    now_us: int,
) -> list[Outcome]:
    """Give entries by digest to the people they are of, and stop what is queued for them.

    `done` and `behind` as `record` and `people_behind` answered; the outcomes after both.
    """
    owners = _owners(conn, list(behind.values()))
    whose = {named: owners[h] for named, h in behind.items() if h in owners}
    reasons = {
        (named, entry.scope, entry.purpose): entry.reason
        for entry in entries
        if isinstance(entry, Entry) and entry.reason
        for named in entry.named
    }
    stopped: dict[str, int] = {}
    for named, customer_id in sorted(whose.items(), key=lambda pair: pair[1]):
        hashes = (behind[named], named.hashed(vault))
        inherited = suppression.inherit(
            conn, vault, customer_id=customer_id, identifier_hashes=hashes, now_us=now_us
        )
        for row in inherited:
            reason = reasons.get((named, row.scope, row.purpose))
            if reason is not None and row.identifier_hash == hashes[1]:
                suppression.give_reason(conn, vault, row.id, customer_id, reason)
        if inherited:
            stopped[customer_id] = stopped.get(customer_id, 0) + _stop(conn, customer_id, now_us)
    outcomes = []
    for entry, before in zip(entries, done, strict=True):
        named_in = entry.named if isinstance(entry, Entry) else ()
        theirs = list(dict.fromkeys(whose[named] for named in named_in if named in whose))
        if theirs:
            people = tuple(dict.fromkeys((*before.people, *theirs)))
            more = sum(stopped.pop(customer_id, 0) for customer_id in theirs)
            before = replace(before, outcome="known", people=people, stopped=before.stopped + more)
        outcomes.append(before)
    return outcomes


# -- all that is in force --------------------------------------------------------------------------


def export(
    conn: Connection, vault: Vault, *, now_us: int, after: str | None = None, limit: int = 500
) -> list[dict[str, Any]]:
    """Suppressions in force, newest first, older than the id `after`.

    `identifiers` `{kind, value}` are those of the person that it stops (of its channel, where it
    names one). For nobody we know only a keyed hash is kept: no identifier, and `hashed`.
    """
    held = or_(suppressions.c.until.is_(None), suppressions.c.until > now_us)
    query = (
        select(suppressions)
        .outerjoin(customers, customers.c.id == suppressions.c.customer_id)
        .where(suppressions.c.lifted_at.is_(None), held, customers.c.erased_at.is_(None))
        .order_by(suppressions.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(suppressions.c.id < after)
    rows = conn.execute(query).all()
    known = _identifiers_of(conn, {row.customer_id for row in rows if row.customer_id})
    return [_told(vault, row, known.get(row.customer_id, [])) for row in rows]


def _told(vault: Vault, row: Row[Any], known: Iterable[Row[Any]]) -> dict[str, Any]:
    reason = None
    if row.reason_sealed is not None:
        reason = vault.open("suppressions.reason", row.reason_sealed).decode()
    kept = ("id", "scope", "purpose", "channel", "by", "at", "until")
    return {
        **{name: row._mapping[name] for name in kept},
        "reason": reason,
        "hashed": row.customer_id is None,
        "identifiers": [
            {"kind": i.kind, "value": vault.open("identifiers.value", i.value_sealed).decode()}
            for i in _stopped_by(row, list(known))
        ],
    }


def _stopped_by(row: Row[Any], known: list[Row[Any]]) -> Iterator[Row[Any]]:
    """The identifiers that a suppression of their person is about."""
    addresses = [i for i in known if i.kind in CHANNEL_OF]
    if row.channel is not None:
        addresses = [i for i in addresses if CHANNEL_OF[i.kind] == row.channel]
    if row.scope == "address" and row.address_hash is not None:
        addresses = [i for i in addresses if i.value_hash == row.address_hash]
    yield from addresses or [i for i in known if i.kind == "user_id"]


def _identifiers_of(conn: Connection, people: set[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    query = select(identifiers).where(
        identifiers.c.customer_id.in_(sorted(people)), identifiers.c.kind.in_(PLAIN)
    )
    for row in conn.execute(query.order_by(identifiers.c.first_seen_at, identifiers.c.value_hash)):
        found.setdefault(row.customer_id, []).append(row)
    return found


# -- inside ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """What is written of an entry for one way of naming; equal lines are the same."""

    customer_id: str | None
    identifier_hash: str
    scope: str
    purpose: str | None
    channel: str | None
    address_hash: str | None

    @property
    def terms(self) -> tuple[str | None, ...]:
        return (self.scope, self.purpose, self.channel)


class _Standing:
    """What is in force already for these people and under these hashes, and until when."""

    def __init__(
        self, conn: Connection, people: Sequence[str], hashes: Sequence[str], now_us: int
    ) -> None:
        self._until: dict[tuple[str | None, ...], int] = {}
        of_them = or_(
            suppressions.c.customer_id.in_(sorted(set(people))),
            suppressions.c.identifier_hash.in_(sorted(set(hashes))),
        )
        alive = (
            select(suppressions)
            .outerjoin(customers, customers.c.id == suppressions.c.customer_id)
            .where(of_them, customers.c.erased_at.is_(None))
        )
        for row in conn.execute(alive):
            if suppression.holds(row, now_us):
                terms = (row.scope, row.purpose, row.channel)
                if row.customer_id is not None:
                    self._keep((row.customer_id, row.address_hash, *terms), row.until)
                if row.identifier_hash is not None:
                    self._keep((row.identifier_hash, None, *terms), row.until)

    def has(self, line: _Line, until: int | None) -> bool:
        """Whether the same stands already, for as long."""
        return self._until.get(self._key(line), -1) >= (_FOREVER if until is None else until)

    def add(self, line: _Line, until: int | None) -> None:
        self._keep(self._key(line), until)

    def _key(self, line: _Line) -> tuple[str | None, ...]:
        if line.customer_id is None:
            return (line.identifier_hash, None, *line.terms)
        return (line.customer_id, line.address_hash, *line.terms)

    def _keep(self, key: tuple[str | None, ...], until: int | None) -> None:
        ends = _FOREVER if until is None else until
        self._until[key] = max(ends, self._until.get(key, -1))


def _line(
    conn: Connection, entry: Entry, named: Named, value_hash: str, owner: str | None
) -> _Line:
    channel, address = entry.channel, None
    if entry.scope == "address":
        channel = channel or CHANNEL_OF[named.kind]
        if named.kind in CHANNEL_OF:
            address = value_hash if named.algorithm is None else None
        elif owner is not None:
            address = profile.address_hashes_of(conn, owner).get(channel)
    return _Line(owner, value_hash, entry.scope, entry.purpose, channel, address)


def _outcome(
    entry: Entry | RowProblem,
    hashes: Mapping[Named, str],
    owners: Mapping[str, str],
    stopped: dict[str, int],
) -> Outcome:
    """What became of an entry; what it stopped is told with the first entry that names whom."""
    if isinstance(entry, RowProblem):
        return Outcome("refused", str(entry))
    named = [hashes[n] for n in entry.named if n.algorithm is None]
    people = tuple(dict.fromkeys(owners[h] for h in named if h in owners))
    n = sum(stopped.pop(customer_id, 0) for customer_id in people)
    return Outcome("known" if people else "unknown", people=people, stopped=n)


def _owners(conn: Connection, hashes: Sequence[str]) -> dict[str, str]:
    """Whose identifiers these are, of people who are not erased."""
    rows = conn.execute(
        select(identifiers.c.value_hash, identifiers.c.customer_id)
        .join(customers, customers.c.id == identifiers.c.customer_id)
        .where(identifiers.c.value_hash.in_(sorted(set(hashes))), customers.c.erased_at.is_(None))
    )
    return {str(row.value_hash): str(row.customer_id) for row in rows}


def _stop(conn: Connection, customer_id: str, now_us: int) -> int:
    """Cancel what is queued for this person and may not go out any more."""
    rows = suppression.in_force(conn, customer_id, now_us)
    addresses = profile.address_hashes_of(conn, customer_id)

    def concerned(effect: Row[Any]) -> bool:
        address = addresses.get(effect.channel)
        return suppression.is_suppressed(
            rows, purpose=effect.purpose, channel=effect.channel, address_hash=address
        )

    reason = "this person is on a suppression list"
    return stop_where(conn, customer_id, concerned, reason=reason, now_us=now_us)


def erased_identifiers(conn: Connection) -> int:
    """How many identifiers of erased people are withheld; they are counted and never listed."""
    return int(conn.execute(select(func.count()).select_from(tombstones)).scalar_one())
