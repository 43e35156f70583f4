"""Receipts: what a channel says became of a letter, and whose it is.

A receipt comes as a message of Segment's names from a source of ours that has verified its
signature (`SOURCE`); only there does an effect's id say who it is about. What it changes about its
person is done by `customers.apply` with every other message, what it changes about its effect by
`agent.receipted`, in the same unit. Each is written down once, whatever the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from customers import profile, suppressed_once, suppression
from customers.identifiers import Identifier, normalise
from customers.merge import survivor
from store import ledger
from store.ledger import EffectStatus
from store.schema import customers, identifiers, lanes, receipts, tombstones
from store.sealing import Vault
from store.upsert import insert_or_ignore

#: The inbox's sources of verified receipts begin so; no principal's id does.
SOURCE = "receipts:"
KIND_OF = {"email": "email", "sms": "phone", "whatsapp": "phone"}
#: By these a letter is known to have been handed over, whatever became of it then.
HANDED_OVER = frozenset(
    ["accepted", "delivered", "opened", "clicked", "bounced", "deferred"]
    + ["complained", "unsubscribed", "replied"]
)
#: Nobody reads and clicks within two seconds of a delivery: gateways do, by a browser's name.
TOO_SOON_US = 2 * 1_000_000
ERASED = "this person was erased"
NOBODY = "nobody known here has this address"

_LABELS = {"email": "Email", "sms": "SMS", "whatsapp": "WhatsApp"}
_WORDS = {
    "accepted": "Accepted",
    "delivered": "Delivered",
    "opened": "Opened",
    "clicked": "Link Clicked",
    "bounced": "Bounced",
    "deferred": "Deferred",
    "dropped": "Dropped",
    "complained": "Marked as Spam",
}
#: Names that only tell how a letter fares: no reason to plan, unless an agent's file says so.
REPORTS = frozenset(
    f"{label} {word}"
    for label in _LABELS.values()
    for kind, word in _WORDS.items()
    if kind not in ("bounced", "complained")
)
BOUNCES = {f"{label} Bounced": channel for channel, label in _LABELS.items()}
COMPLAINTS = frozenset(f"{label} Marked as Spam" for label in _LABELS.values())


def event_name(channel: str, kind: str) -> str:
    """Segment's name of it (its spec for e-mail events), and alike for other channels."""
    if kind == "unsubscribed":
        return "Unsubscribed"
    if kind == "replied":
        return "Message Replied"
    return f"{_LABELS[channel]} {_WORDS[kind]}"


def receipt_in(source: str, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The receipt in a message of a verified source; None in anybody else's, whatever it holds."""
    held = message.get("receipt") if source.startswith(SOURCE) else None
    return held if isinstance(held, Mapping) else None


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom a receipt is about. `customer_id` None: nobody it may be, and `why`."""

    customer_id: str | None
    why: str | None = None


# Built once: building a statement costs several times what running it does.
_HELD = (
    select(lanes.c.customer_id)
    .where(lanes.c.customer_id == bindparam("customer"))
    .with_for_update()
)
_PERSON = select(customers.c.erased_at).where(customers.c.id == bindparam("customer"))
_OWNER = select(identifiers.c.customer_id).where(
    identifiers.c.value_hash == bindparam("hash"), identifiers.c.quarantined_at.is_(None)
)
_BURIED = select(tombstones.c.at).where(tombstones.c.identifier_hash == bindparam("hash"))


def whose(conn: Connection, vault: Vault, receipt: Mapping[str, Any]) -> Whose:
    """The person by the effect, else by the address; nobody new is made of an address.

    Their lane is locked until the unit commits.
    """
    effect = ledger.get(conn, str(receipt.get("effect_id") or ""))
    if effect is not None:
        return _still_there(conn, survivor(conn, str(effect.customer_id)))
    address = address_of(receipt)
    if address is None:
        return Whose(None, NOBODY)
    value_hash = address.hashed(vault)
    if conn.execute(_BURIED, {"hash": value_hash}).first() is not None:
        return Whose(None, ERASED)
    owner = conn.execute(_OWNER, {"hash": value_hash}).scalar()
    if owner is None:
        return Whose(None, NOBODY)
    return _still_there(conn, survivor(conn, str(owner)))


def _still_there(conn: Connection, customer_id: str) -> Whose:
    conn.execute(_HELD, {"customer": customer_id}).all()
    person = conn.execute(_PERSON, {"customer": customer_id}).first()
    if person is None or person.erased_at is not None:
        return Whose(None, ERASED)
    return Whose(customer_id)


def address_of(receipt: Mapping[str, Any]) -> Identifier | None:
    """The address it names, as an identifier."""
    return normalise(KIND_OF[receipt["channel"]], receipt.get("address"))


def suppress_unknown(
    conn: Connection,
    vault: Vault,
    receipt: Mapping[str, Any],
    *,
    suppression_id: str,
    now_us: int,
) -> bool:
    """What an address of nobody known asks for is left under it: whoever appears there inherits.

    False where it asks for nothing, or that stands already.
    """
    address, kind = address_of(receipt), receipt["kind"]
    closes = (kind == "bounced" and receipt["permanent"]) or receipt["opt_out"]
    if address is None or not (closes or kind in ("complained", "unsubscribed")):
        return False
    value_hash = address.hashed(vault)
    scope = "address" if closes else "purpose"
    channel = receipt["channel"] if closes else None
    if suppressed_once.stands_for_nobody(
        conn, value_hash, scope=scope, channel=channel, now_us=now_us
    ):
        return False
    suppression.suppress(
        conn,
        vault,
        suppression_id=suppression_id,
        customer_id=None,
        identifier_hash=value_hash,
        address_hash=value_hash,
        named=(address,),
        scope=scope,
        channel=channel,
        by="customer",
        now_us=now_us,
    )
    return True


def judged(conn: Connection, message: dict[str, Any], *, at: int) -> dict[str, Any]:
    """The message, called a machine's where a click came too soon after its delivery."""
    receipt = message["receipt"]
    if receipt["kind"] != "clicked" or receipt["machine"] or receipt["effect_id"] is None:
        return message
    delivered = select(receipts.c.at).where(
        receipts.c.effect_id == receipt["effect_id"],
        receipts.c.kind == "delivered",
        receipts.c.at.between(at - TOO_SOON_US, at),
    )
    if conn.execute(delivered.limit(1)).first() is None:
        return message
    properties = {**message["properties"], "is_bot": True}
    return {**message, "properties": properties, "receipt": {**receipt, "machine": True}}


def keep(
    conn: Connection,
    vault: Vault,
    receipt: Mapping[str, Any],
    *,
    customer_id: str,
    event_id: str,
    at: int,
    now_us: int,
) -> bool:
    """Write a receipt down; False where it had been before."""
    effect_id = receipt["effect_id"]
    effect = ledger.get(conn, effect_id) if effect_id is not None else None
    key = vault.lookup("receipt", f"{receipt['provider']}:{receipt['id']}")
    added = insert_or_ignore(
        conn,
        receipts,
        provider=receipt["provider"],
        provider_event_id=key,
        event_id=event_id,
        effect_id=None if effect is None else effect_id,
        customer_id=customer_id,
        kind=receipt["kind"],
        machine=int(receipt["machine"]),
        at=at,
        reason=receipt["reason"],
    )
    if not added:
        return False
    if receipt["kind"] == "delivered" and effect is not None:
        _too_soon(conn, vault, receipt, customer_id, at=at, now_us=now_us)
    return True


def _too_soon(
    conn: Connection,
    vault: Vault,
    receipt: Mapping[str, Any],
    customer_id: str,
    *,
    at: int,
    now_us: int,
) -> None:
    """Clicks that came before their delivery was told are a machine's too, and count no more."""
    query = (
        select(receipts.c.event_id, receipts.c.at)
        .where(
            receipts.c.effect_id == receipt["effect_id"],
            receipts.c.kind == "clicked",
            receipts.c.machine == 0,
            receipts.c.at.between(at, at + TOO_SOON_US),
        )
        .order_by(receipts.c.at)
    )
    for click in conn.execute(query).all():
        conn.execute(
            update(receipts).where(receipts.c.event_id == click.event_id).values(machine=1)
        )
        person = profile.load(conn, vault, customer_id)
        less = profile.without_answer(person, channel=receipt["channel"], at=click.at)
        profile.save(conn, vault, customer_id, less, now_us=now_us)


def shown(conn: Connection, effect_id: str) -> EffectStatus | None:
    """What the receipts so far make of an effect; None: they do not tell."""
    kinds = set(
        conn.execute(
            select(receipts.c.kind).where(receipts.c.effect_id == effect_id).distinct()
        ).scalars()
    )
    if kinds & HANDED_OVER:
        return EffectStatus.SENT
    return EffectStatus.FAILED if "dropped" in kinds else None


def of_effect(conn: Connection, effect_id: str) -> list[dict[str, Any]]:
    """The receipts of an effect, oldest first: `{kind, at, machine, reason, provider}`."""
    rows = conn.execute(
        select(receipts)
        .where(receipts.c.effect_id == effect_id)
        .order_by(receipts.c.at, receipts.c.event_id)
    )
    return [told(row) for row in rows]


def told(row: Row[Any]) -> dict[str, Any]:
    """One row as people read it. `at` in UTC microseconds."""
    return {
        "kind": row.kind,
        "at": row.at,
        "machine": bool(row.machine),
        "reason": row.reason,
        "provider": row.provider,
    }
