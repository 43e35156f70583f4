"""Resolving: identifiers in, one customer out. Equal identifiers are the same person.

Two user ids never become one because of a shared e-mail, number or device: the weaker identifier
stays with whoever had it first. Only an alias that names both makes one of them. Anything else
that names two profiles merges them, the younger into the older. Identifiers of somebody erased
lead nowhere, until that person consents anew (P10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from customers import identifier_limits, merge_log, suppression
from customers.identifiers import KINDS, Identifier, normalise
from customers.merge import merge, survivor
from customers.merge_log import Because
from customers.stopping import stop_queued
from store import lanes
from store.schema import customers, identifiers, tombstones
from store.schema import lanes as lanes_table
from store.sealing import Vault
from store.upsert import insert_or_ignore

ERASED = "this person was erased"
NOBODY = "it names nobody: no usable identifier"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who it is. `customer_id` None: nobody it may be, and `why`."""

    customer_id: str | None
    used_fresh: bool = False
    merged: tuple[str, ...] = ()
    why: str | None = None


def resolve(
    conn: Connection,
    vault: Vault,
    found: Iterable[Identifier],
    *,
    fresh_customer_id: str,
    now_us: int,
    joins: bool,
    own_consent: bool,
    occurred_at: int | None = None,
    previous: Sequence[Identifier] = (),
) -> Resolution:
    """Find, make or merge the customer of these identifiers (strongest first).

    `joins`: the message says that they belong together (identify, alias); other messages only
    attach what nobody has. `own_consent`: it is the person's own consent, given at `occurred_at`,
    which ends the withholding of an erasure before it, for the identifiers it carries. `previous`:
    whom an alias says this was before. The customer's lane is locked until the unit commits.
    """
    own = {identifier.hashed(vault): identifier for identifier in found}
    alias = bool(previous) and any(i.kind == "user_id" for i in own.values())
    before = {i.hashed(vault): i for i in previous if alias or i.kind != "user_id"}
    hashed = own | {h: i for h, i in before.items() if h not in own}
    if not hashed:
        return Resolution(None, why=NOBODY)
    consented_at = (now_us if occurred_at is None else occurred_at) if own_consent else None
    withheld = _withheld(conn, hashed, consented_at)
    if withheld is None:
        return Resolution(None, why=ERASED)
    hashed = {h: i for h, i in hashed.items() if h not in withheld}
    held = _held(conn, hashed)
    owners = {h: owner for h, (owner, free) in held.items() if free}
    ids, same = _candidates(conn, own, hashed, owners)
    if not _lock(conn, ids):
        return Resolution(None, why=ERASED)
    merged: tuple[str, ...] = ()
    if not ids:
        customer_id, used = fresh_customer_id, True
        conn.execute(
            customers.insert().values(
                id=customer_id, created_at=now_us, updated_at=now_us, legal_hold=0
            )
        )
        lanes.open_lane(conn, customer_id)
    else:
        customer_id, used = ids[0], False
        if joins and len(ids) > 1:
            shown = {h: i for h, i in hashed.items() if h in owners}
            because = Because("alias" if alias else "identifier", evidence=_evidence(shown, owners))
            customer_id, merged = _join(conn, vault, ids, same, because, now_us)
    for value_hash, identifier in hashed.items():
        if value_hash not in held and (alias or _may_attach(conn, customer_id, identifier, now_us)):
            _attach(conn, vault, customer_id, identifier, value_hash, now_us)
    if joins:
        ours = {customer_id, *merged}
        identifier_limits.claim(
            conn,
            customer_id,
            [
                (h, i.kind)
                for h, i in own.items()
                if i.kind != "user_id" and h in held and held[h][0] not in ours
            ],
            now_us,
        )
    return Resolution(customer_id, used, merged)


def find(conn: Connection, vault: Vault, reference: str) -> str | None:
    """The customer of our id, a user id, an e-mail address or a number; None if nobody."""
    if reference.startswith("cus_"):
        row = conn.execute(select(customers.c.id).where(customers.c.id == reference)).first()
        if row is not None:
            return survivor(conn, str(row.id))
    for identifier in possible(reference):
        owner = conn.execute(
            select(identifiers.c.customer_id).where(
                identifiers.c.value_hash == identifier.hashed(vault)
            )
        ).scalar()
        if owner is not None:
            return survivor(conn, str(owner))
    return None


def possible(reference: str) -> list[Identifier]:
    """What a reference in a route may be, strongest first."""
    found = [normalise(kind, reference) for kind in KINDS]
    return [identifier for identifier in found if identifier is not None]


def was_erased(conn: Connection, vault: Vault, reference: str) -> bool:
    """Whether a reference belonged to somebody who was erased."""
    if reference.startswith("cus_"):
        row = conn.execute(select(customers.c.erased_at).where(customers.c.id == reference)).first()
        if row is not None:
            return row.erased_at is not None
    return bool(_tombstones(conn, [i.hashed(vault) for i in possible(reference)]))


def _withheld(
    conn: Connection, hashed: dict[str, Identifier], consented_at: int | None
) -> set[str] | None:
    """The identifiers to leave out because they were an erased person's; None: the whole message.

    A shared device alone does not withhold what a user id shows to be somebody else's.
    """
    buried = _tombstones(conn, list(hashed))
    if not buried:
        return set()
    if consented_at is not None and all(at < consented_at for at in buried.values()):
        listed = sorted(buried)
        conn.execute(delete(tombstones).where(tombstones.c.identifier_hash.in_(listed)))
        conn.execute(delete(identifiers).where(identifiers.c.value_hash.in_(listed)))
        return set()
    devices = all(hashed[value_hash].kind == "anonymous_id" for value_hash in buried)
    users = [h for h, i in hashed.items() if i.kind == "user_id"]
    if devices and users and set(users[:1]) <= _owners(conn, hashed).keys():
        return set(buried)
    return None


def _tombstones(conn: Connection, hashes: list[str]) -> dict[str, int]:
    rows = conn.execute(
        select(tombstones.c.identifier_hash, tombstones.c.at).where(
            tombstones.c.identifier_hash.in_(sorted(hashes))
        )
    )
    return {str(row.identifier_hash): int(row.at) for row in rows}


def _held(conn: Connection, hashed: dict[str, Identifier]) -> dict[str, tuple[str, bool]]:
    """Whose each identifier is, and whether it names them: one in quarantine names nobody."""
    rows = conn.execute(
        select(identifiers.c.value_hash, identifiers.c.customer_id, identifiers.c.quarantined_at)
        .join(customers, customers.c.id == identifiers.c.customer_id)
        .where(
            identifiers.c.value_hash.in_(sorted(hashed)),
            customers.c.erased_at.is_(None),
        )
    ).all()
    known = {row.value_hash: (str(row.customer_id), row.quarantined_at is None) for row in rows}
    return {value_hash: known[value_hash] for value_hash in hashed if value_hash in known}


def _owners(conn: Connection, hashed: dict[str, Identifier]) -> dict[str, str]:
    return {h: owner for h, (owner, free) in _held(conn, hashed).items() if free}


def _candidates(
    conn: Connection,
    own: dict[str, Identifier],
    hashed: dict[str, Identifier],
    owners: dict[str, str],
) -> tuple[list[str], frozenset[str]]:
    """Owners of the identifiers, strongest first, and those whom an alias calls the same.

    A new user id is never somebody who has one already, unless an alias says so.
    """
    ids = list(dict.fromkeys(owners.values()))
    same = frozenset(
        owners[h] for h, i in hashed.items() if h in owners and h not in own and i.kind == "user_id"
    )
    new_user = any(i.kind == "user_id" and h in hashed and h not in owners for h, i in own.items())
    if new_user:
        ids = [i for i in ids if i in same or not _has_user_id(conn, i)]
    return ids, same


# Built once: building a statement costs several times what running it does.
_LANES = (
    select(lanes_table.c.customer_id)
    .where(lanes_table.c.customer_id.in_(bindparam("ids", expanding=True)))
    .order_by(lanes_table.c.customer_id)
    .with_for_update()
)
_ERASED = select(customers.c.id).where(
    customers.c.id.in_(bindparam("ids", expanding=True)), customers.c.erased_at.is_not(None)
)


def _lock(conn: Connection, ids: list[str]) -> bool:
    """Lock these lanes: a claim or an erasure comes before or after. False: one is erased."""
    if not ids:
        return True
    conn.execute(_LANES, {"ids": ids}).all()
    gone = conn.execute(_ERASED, {"ids": ids}).first()
    return gone is None


def _evidence(shown: dict[str, Identifier], owners: dict[str, str]) -> dict[str, Any]:
    """What one message named together, and whose each was."""
    return {
        "identifiers": [
            {"kind": i.kind, "value": i.value, "of": owners[h]} for h, i in shown.items()
        ]
    }


def _join(
    conn: Connection,
    vault: Vault,
    ids: list[str],
    same: frozenset[str],
    because: Because,
    now_us: int,
) -> tuple[str, tuple[str, ...]]:
    """Merge what may be merged with the strongest identifier's owner.

    Two whom a person took apart stay two, unless an alias of somebody's own names both.
    """
    winner, merged = ids[0], []
    for other in ids[1:]:
        if other not in same and other in merge_log.separate_from(conn, winner):
            continue
        if other not in same and (
            (_has_user_id(conn, winner) and _has_user_id(conn, other))
            or not identifier_limits.fit_together(conn, winner, other, now_us=now_us)
        ):
            continue
        older, younger = sorted((winner, other))
        merge(conn, vault, into=older, absorbed=younger, now_us=now_us, because=because)
        winner = older
        merged.append(younger)
    return winner, tuple(merged)


def _has_user_id(conn: Connection, customer_id: str) -> bool:
    row = conn.execute(
        select(identifiers.c.value_hash)
        .where(identifiers.c.customer_id == customer_id, identifiers.c.kind == "user_id")
        .limit(1)
    ).first()
    return row is not None


def _may_attach(conn: Connection, customer_id: str, identifier: Identifier, now_us: int) -> bool:
    """A profile has one user id; a second one is another person's. Of others there is a limit."""
    if identifier.kind == "user_id":
        return not _has_user_id(conn, customer_id)
    return identifier_limits.has_room(conn, customer_id, identifier, now_us=now_us)


def _attach(
    conn: Connection,
    vault: Vault,
    customer_id: str,
    identifier: Identifier,
    value_hash: str,
    now_us: int,
) -> None:
    insert_or_ignore(
        conn,
        identifiers,
        value_hash=value_hash,
        kind=identifier.kind,
        customer_id=customer_id,
        value_sealed=vault.seal(customer_id, "identifiers.value", identifier.value.encode()),
        first_seen_at=now_us,
        quarantined_at=now_us if identifier_limits.is_shared(identifier) else None,
    )
    asked = identifier.hashes(vault)
    suppression.tell_of_new_address(
        conn, vault, customer_id=customer_id, value_hash=value_hash, now_us=now_us
    )
    for row in suppression.inherit(
        conn, vault, customer_id=customer_id, identifier_hashes=asked, now_us=now_us
    ):
        if suppression.holds(row, now_us):
            stop_queued(
                conn,
                customer_id,
                channel=row.channel,
                purpose=row.purpose,
                reason="this person had asked us to stop",
                now_us=now_us,
            )
