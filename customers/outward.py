"""What other systems are told of people, written in the transaction of what it tells.

Every connected system is told of every stop: a suppression of any scope, a consent taken back, an
erasure. It gets what it needs to find the person, sealed under the delivery's own key. Subscribers
are told what they asked for with our own ids alone, so that nothing about anybody leaves by them.
A system or a subscriber is told one thing once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from customers.identifiers import Identifier
from store import deliveries, systems
from store.clock import SystemClock
from store.schema import identifiers
from store.sealing import Erased, Vault

SUPPRESSED = "customer.suppressed"
ERASED = "customer.erased"
#: Identifiers by which another system may know somebody; ids of browsers only for want of others.
_KNOWN_BY = ("user_id", "email", "phone")
_BROWSER = "anonymous_id"
#: Other systems live by the machine's time. A unit that runs again reads it again, and nothing but
#: the order of telling follows from it.
_MACHINE = SystemClock()


def suppressed(
    conn: Connection,
    vault: Vault,
    *,
    suppression_id: str,
    customer_id: str | None,
    scope: str,
    purpose: str | None,
    channel: str | None,
    until: int | None,
    address_hash: str | None,
    named: Sequence[Identifier] = (),
    key: str | None = None,
    now_us: int,
) -> None:
    """A suppression was written, or somebody inherited it. `named`: who, where nobody is known.

    `key`: under which it is told once, where it is not the suppression's own id.
    """
    key = f"{key or suppression_id}:{customer_id or ''}"
    told = systems.connected(conn)
    if told:
        whose = list(named)
        if customer_id is not None:
            whose = _identifiers_of(conn, vault, [customer_id], only=address_hash)
        body = _stop(
            scope,
            purposes=[purpose] if purpose else [],
            channels=[channel] if channel else [],
            until=until,
            whose=whose,
            now_us=now_us,
        )
        _sync(conn, vault, told, SUPPRESSED, key, customer_id, body)
    data = {
        "scope": scope,
        "purpose": purpose,
        "channel": channel,
        "suppression_id": suppression_id,
    }
    tell(conn, vault, SUPPRESSED, data, key=key, customer_id=customer_id, now_us=now_us)


def revoked(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    source_id: str,
    taken: Iterable[tuple[str, str]],
    now_us: int,
) -> None:
    """Consents were taken back, (purpose, channel) each, by the event or word `source_id`."""
    by_channels: dict[str, set[str]] = {}
    for purpose, channel in taken:
        by_channels.setdefault(purpose, set()).add(channel)
    told = systems.connected(conn)
    whose = _identifiers_of(conn, vault, [customer_id]) if told else []
    for purpose, channels in sorted(by_channels.items()):
        key = f"consent:{source_id}:{purpose}"
        body = _stop(
            "consent",
            purposes=[purpose],
            channels=sorted(channels),
            until=None,
            whose=whose,
            now_us=now_us,
        )
        _sync(conn, vault, told, SUPPRESSED, key, customer_id, body)
        for channel in sorted(channels):
            data = {"scope": "consent", "purpose": purpose, "channel": channel}
            at = f"{key}:{channel}"
            tell(conn, vault, SUPPRESSED, data, key=at, customer_id=customer_id, now_us=now_us)


def erased(conn: Connection, vault: Vault, everyone: Sequence[str], *, now_us: int) -> None:
    """Somebody is being erased, all their records: `everyone`, the survivor first.

    Called before their keys are destroyed; again after a crash, when nothing can be read any more
    and all was written before.
    """
    customer_id = everyone[0]
    deliveries.overtaken(conn, everyone, by_topic=ERASED, now_us=_MACHINE.now_us())
    told = systems.connected(conn)
    if told:
        body = _stop(
            "erased",
            purposes=[],
            channels=[],
            until=None,
            whose=_identifiers_of(conn, vault, everyone),
            now_us=now_us,
        )
        _sync(conn, vault, told, ERASED, f"erased:{customer_id}", customer_id, body)
    key = f"erased:{customer_id}"
    data = {"merged": sorted(everyone[1:])}
    tell(conn, vault, ERASED, data, key=key, customer_id=customer_id, now_us=now_us)


def tell(
    conn: Connection,
    vault: Vault,
    topic: str,
    data: dict[str, Any],
    *,
    key: str,
    customer_id: str | None,
    now_us: int,
) -> None:
    """Tell whoever has subscribed to this topic, once a `key`. `data`: ids and words of ours."""
    for subscription_id in systems.subscribers(conn, topic):
        target = systems.target_of_subscription(subscription_id)
        deliveries.add(
            conn,
            vault,
            id=deliveries.id_of(target, f"{topic}:{key}"),
            target=target,
            kind="subscription",
            topic=topic,
            dedupe_key=f"{topic}:{key}",
            customer_id=customer_id,
            body={"type": topic, "at": now_us, "data": {"customer_id": customer_id, **data}},
            now_us=_MACHINE.now_us(),
        )


def _sync(
    conn: Connection,
    vault: Vault,
    told: Sequence[str],
    topic: str,
    key: str,
    customer_id: str | None,
    body: dict[str, Any],
) -> None:
    for name in told:
        target = systems.target_of_system(name)
        deliveries.add(
            conn,
            vault,
            id=deliveries.id_of(target, key),
            target=target,
            kind="sync",
            topic=topic,
            dedupe_key=key,
            customer_id=customer_id,
            body=body,
            now_us=_MACHINE.now_us(),
        )


def _stop(
    scope: str,
    *,
    purposes: list[str],
    channels: list[str],
    until: int | None,
    whose: Iterable[Identifier],
    now_us: int,
) -> dict[str, Any]:
    return {
        "scope": scope,
        "purposes": purposes,
        "channels": channels,
        "until": until,
        "at": now_us,
        "identifiers": [{"kind": each.kind, "value": each.value} for each in whose],
    }


def _identifiers_of(
    conn: Connection, vault: Vault, everyone: Sequence[str], *, only: str | None = None
) -> list[Identifier]:
    """By what others may know these people. `only`: the one address that has this hash, where it is
    theirs. What cannot be read any more (they are erased) is left out."""
    rows = conn.execute(
        select(identifiers)
        .where(identifiers.c.customer_id.in_(everyone))
        .order_by(identifiers.c.kind, identifiers.c.first_seen_at, identifiers.c.value_hash)
    ).all()
    if only is not None:
        rows = [row for row in rows if row.value_hash == only]
    wanted = [row for row in rows if row.kind in _KNOWN_BY]
    found: list[Identifier] = []
    for row in wanted or [row for row in rows if row.kind == _BROWSER]:
        try:
            value = vault.open("identifiers.value", row.value_sealed).decode()
        except Erased:
            continue
        found.append(Identifier(row.kind, value))
    return found
