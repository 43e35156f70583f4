"""Suppression by scope: all contact, one purpose, or one address. A marketing opt-out is only that.

Somebody we do not know yet can be suppressed by an identifier; a profile that appears under it
later inherits. An address is suppressed as that address: once the person has another one, that one
may be written to. Nothing a planner says lifts a suppression.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, or_, select, update

from customers import outward, profile
from customers.identifiers import Identifier
from store import systems
from store.schema import identifiers, suppressions
from store.sealing import Vault

MARKETING = "marketing"
_REASON = "suppressions.reason"
REASON = "suppressions.reason"


def suppress(
    conn: Connection,
    vault: Vault,
    *,
    suppression_id: str,
    customer_id: str | None,
    scope: str,
    by: str,
    now_us: int,
    channel: str | None = None,
    purpose: str | None = None,
    reason: str | None = None,
    until: int | None = None,
    identifier_hash: str | None = None,
    address_hash: str | None = None,
    named: Sequence[Identifier] = (),
) -> None:
    """Stop contact, and have every connected system told (`customers.outward`).

    `purpose` scope means marketing unless one is named; `all` means all channels.

    `address_hash` says which address of the `channel` (the hash of its identifier); without one it
    is the address that is written to now, or, where there is none, every address of the channel.

    The reason is sealed under the person; for somebody unknown it is not kept, because it could not
    be forgotten. `named`: by what they were named, for other systems, where we know nobody.
    """
    sealed = None
    if customer_id is not None and reason:
        sealed = vault.seal(customer_id, REASON, reason.encode())
    if scope == "address" and address_hash is None and customer_id is not None:
        address_hash = profile.address_hashes_of(conn, customer_id).get(channel or "")
    conn.execute(
        suppressions.insert().values(
            id=suppression_id,
            customer_id=customer_id,
            identifier_hash=identifier_hash,
            scope=scope,
            purpose=(purpose or MARKETING) if scope == "purpose" else None,
            channel=None if scope == "all" else channel,
            address_hash=address_hash if scope == "address" else None,
            by=by,
            reason_sealed=sealed,
            at=now_us,
            until=until,
            lifted_at=None,
        )
    )
    outward.suppressed(
        conn,
        vault,
        suppression_id=suppression_id,
        customer_id=customer_id,
        scope=scope,
        purpose=(purpose or MARKETING) if scope == "purpose" else None,
        channel=None if scope == "all" else channel,
        until=until,
        address_hash=address_hash if scope == "address" else None,
        named=named,
        now_us=now_us,
    )


def lift(
    conn: Connection, customer_id: str, *, scope: str, channel: str | None, now_us: int
) -> int:
    """Lift the person's suppressions of a scope (and channel). Returns how many."""
    theirs = or_(
        suppressions.c.customer_id == customer_id,
        suppressions.c.customer_id.is_(None)
        & suppressions.c.identifier_hash.in_(
            select(identifiers.c.value_hash).where(identifiers.c.customer_id == customer_id)
        ),
    )
    return _lift(conn, theirs, scope=scope, channel=channel, now_us=now_us)


def lift_unowned(
    conn: Connection,
    identifier_hashes: Sequence[str],
    *,
    scope: str,
    channel: str | None,
    now_us: int,
) -> tuple[int, bool]:
    """Lift what was left under identifiers of nobody we know: how many, and whether there was any.

    What was lifted already counts as there.
    """
    here = suppressions.c.customer_id.is_(None) & suppressions.c.identifier_hash.in_(
        list(identifier_hashes)
    )
    known = conn.execute(select(suppressions.c.id).where(here).limit(1)).first() is not None
    return _lift(conn, here, scope=scope, channel=channel, now_us=now_us), known


def _lift(
    conn: Connection,
    whose: ColumnElement[bool],
    *,
    scope: str,
    channel: str | None,
    now_us: int,
) -> int:
    query = update(suppressions).where(
        whose, suppressions.c.scope == scope, suppressions.c.lifted_at.is_(None)
    )
    if channel is not None and scope != "all":
        query = query.where(suppressions.c.channel == channel)
    return conn.execute(query.values(lifted_at=now_us)).rowcount


def inherit(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    identifier_hashes: Sequence[str],
    now_us: int,
) -> list[Row[Any]]:
    """Hand what was suppressed under an identifier to whoever it turned out to be; the rows.

    Connected systems are told of what holds, now that it is known whose it is.

    `identifier_hashes` are those of one identifier, its own first (`Identifier.hashes`): an address
    that was known by its digest only is known from here on.
    """
    own = identifier_hashes[0]
    unowned = suppressions.c.identifier_hash.in_(list(identifier_hashes)) & (
        suppressions.c.customer_id.is_(None)
    )
    rows = list(conn.execute(select(suppressions).where(unowned)))
    if not rows:
        return []
    by_digest = (suppressions.c.scope == "address") & (suppressions.c.identifier_hash != own)
    conn.execute(
        update(suppressions)
        .where(unowned, by_digest, suppressions.c.address_hash.is_(None))
        .values(address_hash=own)
    )
    conn.execute(update(suppressions).where(unowned).values(customer_id=customer_id))
    for row in rows:
        if holds(row, now_us):
            address = row.address_hash or own
            _tell(conn, vault, row, customer_id, row.id, address, now_us)
    return rows


def tell_of_new_address(
    conn: Connection, vault: Vault, *, customer_id: str, value_hash: str, now_us: int
) -> None:
    """Somebody got one more identifier: connected systems stop that one too, where they are
    stopped as a person and not at one address."""
    if not systems.connected(conn):
        return
    for row in in_force(conn, customer_id, now_us):
        if row.scope != "address":
            _tell(conn, vault, row, customer_id, f"{row.id}:{value_hash}", None, now_us)


def _tell(
    conn: Connection,
    vault: Vault,
    row: Row[Any],
    customer_id: str,
    key: str,
    address_hash: str | None,
    now_us: int,
) -> None:
    outward.suppressed(
        conn,
        vault,
        suppression_id=row.id,
        key=key,
        customer_id=customer_id,
        scope=row.scope,
        purpose=row.purpose,
        channel=row.channel,
        until=row.until,
        address_hash=address_hash if row.scope == "address" else None,
        now_us=now_us,
    )


def give_reason(
    conn: Connection, vault: Vault, suppression_id: str, customer_id: str, reason: str
) -> None:
    """Keep why somebody was suppressed, now that it is known whose it is."""
    sealed = vault.seal(customer_id, _REASON, reason.encode())
    conn.execute(
        update(suppressions).where(suppressions.c.id == suppression_id).values(reason_sealed=sealed)
    )


# Built once: building a statement costs several times what running it does.
_THEIRS = select(identifiers.c.value_hash).where(identifiers.c.customer_id == bindparam("customer"))
_IN_FORCE = (
    select(suppressions)
    .where(
        or_(
            suppressions.c.customer_id == bindparam("customer"),
            suppressions.c.customer_id.is_(None) & suppressions.c.identifier_hash.in_(_THEIRS),
        ),
        suppressions.c.lifted_at.is_(None),
        or_(suppressions.c.until.is_(None), suppressions.c.until > bindparam("now")),
    )
    .order_by(suppressions.c.at, suppressions.c.id)
)


def in_force(conn: Connection, customer_id: str, now_us: int) -> list[Row[Any]]:
    """The person's suppressions that hold now, also those left under an identifier of theirs."""
    return list(conn.execute(_IN_FORCE, {"customer": customer_id, "now": now_us}))


def holds(row: Row[Any], now_us: int) -> bool:
    """Whether this suppression holds now."""
    return row.lifted_at is None and (row.until is None or row.until > now_us)


def stops_everything(conn: Connection, customer_id: str, *, purpose: str, now_us: int) -> bool:
    """Whether nothing may be done for this purpose, on whatever channel."""
    return any(
        row.scope == "all"
        or (row.scope == "purpose" and row.purpose == purpose and not row.channel)
        for row in in_force(conn, customer_id, now_us)
    )


def is_suppressed(
    rows: list[Row[Any]], *, purpose: str, channel: str, address_hash: str | None = None
) -> bool:
    """Whether any of these suppressions stops a contact of this purpose on this channel.

    `address_hash`: the address it would go to; unknown, any suppressed address of the channel
    stops.
    """
    for row in rows:
        here = row.channel is None or row.channel == channel
        if row.scope == "all":
            return True
        if row.scope == "purpose" and row.purpose == purpose and here:
            return True
        if row.scope == "address" and here and _same(row.address_hash, address_hash):
            return True
    return False


def _same(suppressed: str | None, address: str | None) -> bool:
    return suppressed is None or address is None or suppressed == address
