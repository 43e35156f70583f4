"""What we did for a person and what came of it, kept as memories: sends and outcomes (DESIGN §3.9).

Each is written in the unit of its cause, under an id made of that cause, so it is there exactly
once, also after a crash. What was only decided in shadow is no effect and leaves no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from customers import memory_text, outward
from customers import outcome_words as words
from store.ledger import EffectStatus
from store.schema import effects, memories, offers, orders
from store.sealing import Vault

_DAY_US = 86_400 * 1_000_000
#: An order counts as an answer to the last message of so long before it.
ANSWERS_WITHIN_US = 7 * _DAY_US
#: What shows that somebody has reacted.
_REACTIONS = ("complaint", "reply", "bought", "redeemed", "unsubscribed")
ANY = "any"


@dataclass(frozen=True, slots=True)
class Lasting:
    """How heavily a memory weighs in recall, and how long it may be used; None: for good."""

    weight_bp: int
    days: int | None


#: A complaint or a reply weighs 10,000 and stays (`customers.apply`).
KINDS = {
    "send": Lasting(5_000, 90),
    "ignored": Lasting(6_000, 90),
    "rejected": Lasting(9_000, 180),
    "bought": Lasting(8_000, 365),
    "redeemed": Lasting(7_000, 365),
    "unsubscribed": Lasting(10_000, None),
}


def keep(
    conn: Connection,
    vault: Vault,
    *,
    kind: str,
    customer_id: str,
    source_id: str,
    text: str,
    at: int,
    purpose: str = ANY,
) -> bool:
    """Keep one memory of this kind and source, once."""
    lasting = KINDS[kind]
    kept = memory_text.remember(
        conn,
        vault,
        memory_id=f"mem_{source_id}_{kind}",
        customer_id=customer_id,
        kind=kind,
        text=text,
        source_id=source_id,
        at=at,
        purpose=purpose,
        expires_at=None if lasting.days is None else at + lasting.days * _DAY_US,
        weight_bp=lasting.weight_bp,
    )
    if kept and kind != "send":
        # That it was sent is told as the effect's own state.
        outward.tell(
            conn,
            vault,
            f"outcome.{kind}",
            {"source_id": source_id},
            key=source_id,
            customer_id=customer_id,
            now_us=at,
        )
    return kept


def keep_send(conn: Connection, vault: Vault, effect: Row[Any], *, at: int, reached: bool) -> None:
    """A contact was handed over; `reached` False: it stays in the outbox."""
    body = vault.open_json("effects.body", effect.body_sealed)
    text = words.sent(
        _letter(effect, body), discount_bp=_discount(conn, body.get("offer_id")), reached=reached
    )
    _of_effect(conn, vault, effect, kind="send", text=text, at=at)


def keep_ignored(conn: Connection, vault: Vault, effect: Row[Any], *, at: int) -> None:
    """A contact that was sent is no longer of use; remembered where nothing came back on it."""
    if effect.kind != "contact" or effect.status != EffectStatus.SENT.value:
        return
    since = effect.settled_at if effect.settled_at is not None else effect.claimed_at
    if _reacted(conn, effect.customer_id, since):
        return
    body = vault.open_json("effects.body", effect.body_sealed)
    text = words.ignored(_letter(effect, body), lasted_us=effect.expires_at - since)
    _of_effect(conn, vault, effect, kind="ignored", text=text, at=at)


def keep_bought(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    event_id: str,
    at: int,
    total_minor: int | None,
    currency: str | None,
) -> None:
    """An order; remembered where a message went before it."""
    before = conn.execute(
        select(effects)
        .where(
            effects.c.customer_id == customer_id,
            effects.c.kind == "contact",
            effects.c.status == EffectStatus.SENT.value,
            effects.c.settled_at <= at,
            effects.c.settled_at > at - ANSWERS_WITHIN_US,
        )
        .order_by(effects.c.settled_at.desc(), effects.c.id.desc())
        .limit(1)
    ).first()
    if before is None:
        return
    body = vault.open_json("effects.body", before.body_sealed)
    text = words.bought(
        _letter(before, body),
        after_us=at - before.settled_at,
        total_minor=total_minor,
        currency=currency,
    )
    keep(conn, vault, kind="bought", customer_id=customer_id, source_id=event_id, text=text, at=at)


def _of_effect(
    conn: Connection, vault: Vault, effect: Row[Any], *, kind: str, text: str, at: int
) -> None:
    keep(
        conn,
        vault,
        kind=kind,
        customer_id=effect.customer_id,
        source_id=effect.id,
        text=text,
        at=at,
        purpose=effect.purpose,
    )


def _letter(effect: Row[Any], body: dict[str, Any]) -> str:
    quoted = body.get("subject") or body.get("text") or ""
    return words.letter(effect.channel, str(body.get("message") or ""), str(quoted))


def _discount(conn: Connection, offer_id: Any) -> int | None:
    if not isinstance(offer_id, str):
        return None
    found = conn.execute(select(offers.c.discount_bp).where(offers.c.id == offer_id)).scalar()
    return None if found is None else int(found)


def _reacted(conn: Connection, customer_id: str, since: int) -> bool:
    """Whether this person has bought or said anything since."""
    ordered = select(orders.c.order_hash).where(
        orders.c.customer_id == customer_id, orders.c.at >= since
    )
    if conn.execute(ordered.limit(1)).first() is not None:
        return True
    said = select(memories.c.id).where(
        memories.c.customer_id == customer_id,
        memories.c.kind.in_(_REACTIONS),
        memories.c.at >= since,
    )
    return conn.execute(said.limit(1)).first() is not None
