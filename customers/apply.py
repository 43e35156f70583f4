"""What a resolved message changes about its person, at once and in the same transaction (DESIGN §3.2).

Traits, consents, suppressions, orders, complaints, memories. An opt-out cancels in the same breath what
is queued and not handed over; the lane journals it when it takes the event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from customers import complaints, consent, memory_text, orders, profile, suppression
from store import ledger
from store.ledger import EffectStatus
from store.sealing import Vault

#: One-word replies that opt out, as carriers and CTIA list them; compared whole, case-blind.
STOP_WORDS = frozenset(["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "abmelden", "stopp"])
_LONGEST_MEMORY = 2_000
_QUEUED = (EffectStatus.SCHEDULED, EffectStatus.CLAIMED)


def apply_message(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    message: Mapping[str, Any],
    event_id: str,
    occurred_at: int,
    now_us: int,
    fresh_id: Callable[[str], str],
) -> None:
    """Let one message act on its person."""
    traits = _traits(message)
    if traits:
        person = profile.load(conn, vault, customer_id)
        newer = profile.with_traits(
            person, traits, at=occurred_at, source=str(message.get("type") or "track")
        )
        if newer != person:
            profile.save(conn, vault, customer_id, newer, now_us=now_us)
    handler = _EVENTS.get(str(message.get("event")))
    if message.get("type") == "track" and handler is not None:
        properties = message.get("properties")
        handler(
            _Applied(conn, vault, customer_id, event_id, occurred_at, now_us, fresh_id),
            properties if isinstance(properties, Mapping) else {},
        )


class _Applied:
    def __init__(
        self,
        conn: Connection,
        vault: Vault,
        customer_id: str,
        event_id: str,
        at: int,
        now_us: int,
        fresh_id: Callable[[str], str],
    ) -> None:
        self.conn, self.vault, self.customer_id = conn, vault, customer_id
        self.event_id, self.at, self.now_us, self.fresh_id = event_id, at, now_us, fresh_id

    def consent(self, properties: Mapping[str, Any], state: str) -> None:
        evidence = {k: properties[k] for k in ("source", "evidence") if k in properties}
        # A grant without a channel or purpose grants nothing; a refusal without one refuses all.
        strict = state == "granted"
        channels = consent.spread(
            properties.get("channel", "" if strict else None), consent.CHANNELS
        )
        purposes = consent.spread(
            properties.get("purpose", "" if strict else None), consent.PURPOSES
        )
        for channel in channels:
            for purpose in purposes:
                consent.record(
                    self.conn,
                    self.vault,
                    customer_id=self.customer_id,
                    channel=channel,
                    purpose=purpose,
                    state=state,
                    at=self.at,
                    evidence=evidence,
                )
                if state != "granted":
                    self.stop(channel=channel, purpose=purpose, reason="consent was taken back")

    def suppress(self, scope: str, reason: str, channel: str | None = None) -> None:
        suppression.suppress(
            self.conn,
            self.vault,
            suppression_id=self.fresh_id("sup"),
            customer_id=self.customer_id,
            scope=scope,
            channel=channel,
            by="customer",
            reason=reason,
            now_us=self.now_us,
        )
        self.stop(
            channel=channel,
            purpose="marketing" if scope == "purpose" else None,
            reason="this person asked us to stop",
        )

    def stop(self, *, channel: str | None, purpose: str | None, reason: str) -> None:
        stop_queued(
            self.conn,
            self.customer_id,
            channel=channel,
            purpose=purpose,
            reason=reason,
            now_us=self.now_us,
        )

    def remember(self, kind: str, text: Any) -> None:
        if isinstance(text, str) and text.strip():
            memory_text.remember(
                self.conn,
                self.vault,
                memory_id=self.fresh_id("mem"),
                customer_id=self.customer_id,
                kind=kind,
                text=text.strip()[:_LONGEST_MEMORY],
                source_event_id=self.event_id,
                at=self.at,
            )


def stop_queued(
    conn: Connection,
    customer_id: str,
    *,
    channel: str | None,
    purpose: str | None,
    reason: str,
    now_us: int,
) -> int:
    """Cancel what is queued or claimed for a channel and purpose (None: any). Returns how many."""
    stopped = 0
    for row in ledger.open_effects(conn, customer_id, _QUEUED):
        if row.kind != "contact" or (channel is not None and row.channel != channel):
            continue
        if purpose is not None and row.purpose != purpose:
            continue
        stopped += ledger.move(conn, row.id, to=EffectStatus.CANCELLED, at=now_us, reason=reason)
    return stopped


def _order(a: _Applied, properties: Mapping[str, Any]) -> None:
    order = orders.read_order(properties, event_id=a.event_id, at=a.at)
    if orders.record_order(a.conn, a.vault, customer_id=a.customer_id, order=order):
        person = profile.load(a.conn, a.vault, a.customer_id)
        person = profile.with_order(
            person, at=order.at, revenue_minor=order.total_minor, coupon=order.coupon is not None
        )
        profile.save(a.conn, a.vault, a.customer_id, person, now_us=a.now_us)


def _complaint(a: _Applied, properties: Mapping[str, Any]) -> None:
    complaints.open_one(a.conn, customer_id=a.customer_id, event_id=a.event_id, at=a.at)
    a.remember("complaint", properties.get("text"))


def _complaint_closed(a: _Applied, properties: Mapping[str, Any]) -> None:
    complaints.close_all(a.conn, customer_id=a.customer_id, at=a.at)


def _reply(a: _Applied, properties: Mapping[str, Any]) -> None:
    text, channel = properties.get("text"), properties.get("channel")
    if isinstance(text, str) and text.strip().strip(".!").casefold() in STOP_WORDS:
        known = channel if channel in consent.CHANNELS else None
        a.suppress("address" if known else "all", "replied STOP", known)
        return
    a.remember("reply", text)


def _granted(a: _Applied, properties: Mapping[str, Any]) -> None:
    a.consent(properties, "granted")


def _revoked(a: _Applied, properties: Mapping[str, Any]) -> None:
    a.consent(properties, "revoked")


def _unsubscribed(a: _Applied, properties: Mapping[str, Any]) -> None:
    a.suppress("purpose", "unsubscribed")


def _bounced(a: _Applied, properties: Mapping[str, Any]) -> None:
    if properties.get("type", "hard") == "hard":
        a.suppress("address", "hard bounce", "email")


_EVENTS: dict[str, Callable[[_Applied, Mapping[str, Any]], None]] = {
    "Order Completed": _order,
    "Complaint Received": _complaint,
    "Complaint Closed": _complaint_closed,
    "Message Replied": _reply,
    "Consent Granted": _granted,
    "Consent Revoked": _revoked,
    "Unsubscribed": _unsubscribed,
    "Email Bounced": _bounced,
}


def _traits(message: Mapping[str, Any]) -> dict[str, Any]:
    """Traits stated by an identify, or carried in any message's context (its zone and locale too)."""
    context = message.get("context")
    context = context if isinstance(context, Mapping) else {}
    traits: dict[str, Any] = {
        key: context[key] for key in ("timezone", "locale") if isinstance(context.get(key), str)
    }
    if isinstance(context.get("traits"), Mapping):
        traits.update(context["traits"])
    if message.get("type") == "identify" and isinstance(message.get("traits"), Mapping):
        traits.update(message["traits"])
    return traits
