"""Resolving: identifiers in, one customer out. Deterministic: equal identifiers are the same person.

Two user ids never become one because of a shared e-mail, number or device: the weaker identifier stays
with whoever had it first. Anything else that names two profiles merges them, the younger into the older.
Identifiers of somebody erased lead nowhere, until that person consents anew (P10).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from customers import suppression
from customers.identifiers import KINDS, Identifier, normalise
from customers.merge import merge, survivor
from store import lanes
from store.schema import customers, identifiers, tombstones
from store.sealing import Vault
from store.upsert import insert_or_ignore


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who it is. `customer_id` None: an erased person, withheld."""

    customer_id: str | None
    used_fresh: bool = False
    merged: tuple[str, ...] = ()


def resolve(
    conn: Connection,
    vault: Vault,
    found: Iterable[Identifier],
    *,
    fresh_customer_id: str,
    now_us: int,
    joins: bool,
    own_consent: bool,
) -> Resolution:
    """Find, make or merge the customer of these identifiers (strongest first).

    `joins`: the message says that they belong together (identify, alias); other messages only attach
    what nobody has. `own_consent`: it is the person's own new consent, which ends an erasure's
    withholding.
    """
    hashed = {identifier.hashed(vault): identifier for identifier in found}
    if _erased(conn, hashed, lift=own_consent):
        return Resolution(None)
    owners = _owners(conn, hashed)
    ids = _candidates(conn, hashed, owners)
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
            customer_id, merged = _join(conn, vault, ids, now_us)
    for value_hash, identifier in hashed.items():
        if value_hash not in owners and _may_attach(conn, customer_id, identifier, value_hash):
            _attach(conn, vault, customer_id, identifier, value_hash, now_us)
    return Resolution(customer_id, used, merged)


def find(conn: Connection, vault: Vault, reference: str) -> str | None:
    """The customer of our id, a user id, an e-mail address or a number; None where there is none."""
    if reference.startswith("cus_"):
        row = conn.execute(select(customers.c.id).where(customers.c.id == reference)).first()
        return survivor(conn, str(row.id)) if row is not None else None
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
        at = conn.execute(select(customers.c.erased_at).where(customers.c.id == reference)).scalar()
        return at is not None
    return _erased(conn, {i.hashed(vault): i for i in possible(reference)}, lift=False)


def _erased(conn: Connection, hashed: dict[str, Identifier], *, lift: bool) -> bool:
    listed = sorted(hashed)
    found = conn.execute(
        select(tombstones.c.identifier_hash).where(tombstones.c.identifier_hash.in_(listed))
    ).first()
    if found is None:
        return False
    if lift:
        conn.execute(delete(tombstones).where(tombstones.c.identifier_hash.in_(listed)))
        return False
    return True


def _owners(conn: Connection, hashed: dict[str, Identifier]) -> dict[str, str]:
    rows = conn.execute(
        select(identifiers.c.value_hash, identifiers.c.customer_id).where(
            identifiers.c.value_hash.in_(sorted(hashed))
        )
    ).all()
    known = {row.value_hash: str(row.customer_id) for row in rows}
    return {value_hash: known[value_hash] for value_hash in hashed if value_hash in known}


def _candidates(
    conn: Connection, hashed: dict[str, Identifier], owners: dict[str, str]
) -> list[str]:
    """Owners of the identifiers, strongest first; a new user id is never somebody who has one."""
    ids = list(dict.fromkeys(owners.values()))
    new_user = any(
        identifier.kind == "user_id" and value_hash not in owners
        for value_hash, identifier in hashed.items()
    )
    return [i for i in ids if not _has_user_id(conn, i)] if new_user else ids


def _join(
    conn: Connection, vault: Vault, ids: list[str], now_us: int
) -> tuple[str, tuple[str, ...]]:
    """Merge what may be merged with the strongest identifier's owner."""
    winner, merged = ids[0], []
    for other in ids[1:]:
        if _has_user_id(conn, winner) and _has_user_id(conn, other):
            continue
        older, younger = sorted((winner, other))
        merge(conn, vault, into=older, absorbed=younger, now_us=now_us)
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


def _may_attach(
    conn: Connection, customer_id: str, identifier: Identifier, value_hash: str
) -> bool:
    """A profile has one user id; a second one is another person's."""
    return identifier.kind != "user_id" or not _has_user_id(conn, customer_id)


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
    )
    suppression.inherit(conn, customer_id=customer_id, identifier_hash=value_hash)
