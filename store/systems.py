"""Connected systems and subscriptions: who is told, as rows, so that a transaction can ask.

Systems are those of the settings, written at each start. A subscription is made by a person; its
secret is sealed under its own id, and that key goes with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select, update

from store import deliveries
from store.schema import subscriptions, systems
from store.sealing import Vault
from store.upsert import insert_or_ignore

SECRET = "subscriptions.secret"
_SYSTEM, _SUBSCRIPTION = "system:", "subscription:"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a subscriber is reached, and the key that signs for it."""

    id: str
    url: str
    key: bytes = field(repr=False)


# Built once: building a statement costs several times what running it does.
_CONNECTED = (
    select(systems.c.name).where(systems.c.disconnected_at.is_(None)).order_by(systems.c.name)
)
_SUBSCRIBED = (
    select(subscriptions.c.id, subscriptions.c.topics)
    .where(subscriptions.c.removed_at.is_(None))
    .order_by(subscriptions.c.id)
)


def target_of_system(name: str) -> str:
    """The target under which a system's deliveries stand."""
    return f"{_SYSTEM}{name}"


def target_of_subscription(subscription_id: str) -> str:
    """Likewise of a subscription."""
    return f"{_SUBSCRIPTION}{subscription_id}"


# -- systems ---------------------------------------------------------------------------------------


def connect(conn: Connection, providers: Mapping[str, str], *, now_us: int) -> None:
    """Connect exactly these, name → provider. What the others were not told is void."""
    for row in conn.execute(select(systems)).all():
        gone = row.name not in providers
        if gone and row.disconnected_at is None:
            conn.execute(
                update(systems).where(systems.c.name == row.name).values(disconnected_at=now_us)
            )
            deliveries.end_target(
                conn,
                target_of_system(row.name),
                now_us=now_us,
                reason="the system was disconnected in the settings",
            )
        back = row.disconnected_at is not None or row.provider != providers.get(row.name)
        if not gone and back:
            conn.execute(
                update(systems)
                .where(systems.c.name == row.name)
                .values(provider=providers[row.name], connected_at=now_us, disconnected_at=None)
            )
    for name, provider in providers.items():
        insert_or_ignore(
            conn, systems, name=name, provider=provider, connected_at=now_us, disconnected_at=None
        )


def connected(conn: Connection) -> list[str]:
    """The names of the systems that are told of every stop."""
    return [str(name) for (name,) in conn.execute(_CONNECTED)]


def listing(conn: Connection) -> list[Row[Any]]:
    """All systems that are, or were, connected."""
    return list(conn.execute(select(systems).order_by(systems.c.name)))


# -- subscriptions ---------------------------------------------------------------------------------


def subscribe(
    conn: Connection,
    vault: Vault,
    *,
    subscription_id: str,
    url: str,
    topics: Sequence[str],
    key: bytes,
    by: str,
    now_us: int,
) -> None:
    """Write a subscription; `key` signs what is sent."""
    vault.ensure(subscription_id)
    conn.execute(
        subscriptions.insert().values(
            id=subscription_id,
            url=url,
            topics=json.dumps(list(topics)),
            secret_sealed=vault.seal(subscription_id, SECRET, key),
            by=by,
            at=now_us,
            removed_by=None,
            removed_at=None,
        )
    )


def remove(conn: Connection, subscription_id: str, *, by: str, reason: str, now_us: int) -> bool:
    """End a subscription; what was not told is void. False where there is none in force."""
    done = conn.execute(
        update(subscriptions)
        .where(subscriptions.c.id == subscription_id, subscriptions.c.removed_at.is_(None))
        .values(removed_by=by, removed_at=now_us)
    ).rowcount
    if done:
        deliveries.end_target(
            conn, target_of_subscription(subscription_id), now_us=now_us, reason=reason
        )
    return bool(done)


def subscribers(conn: Connection, topic: str) -> list[str]:
    """Ids of the subscriptions that want this topic, by its name or by `area.*`."""
    area = f"{topic.partition('.')[0]}.*"
    rows = conn.execute(_SUBSCRIBED).all()
    return [str(row.id) for row in rows if {topic, area} & set(json.loads(row.topics))]


def subscription(conn: Connection, vault: Vault, subscription_id: str) -> Subscription | None:
    """One in force, with its key."""
    row = conn.execute(
        select(subscriptions).where(
            subscriptions.c.id == subscription_id, subscriptions.c.removed_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    return Subscription(row.id, row.url, vault.open(SECRET, row.secret_sealed))


def topics_of(row: Row[Any]) -> list[str]:
    """What a subscription wants."""
    return [str(topic) for topic in json.loads(row.topics)]


def subscriptions_listed(conn: Connection) -> list[Row[Any]]:
    """All in force, oldest first."""
    return list(
        conn.execute(
            select(subscriptions)
            .where(subscriptions.c.removed_at.is_(None))
            .order_by(subscriptions.c.id)
        )
    )
