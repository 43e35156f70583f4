"""What a resolved message changes about its person, at once, in the same transaction (DESIGN §3.2).

Traits, consents, suppressions, orders, complaints, memories. An opt-out cancels in the same breath
what is queued and not handed over; the lane journals it when it takes the event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection

from customers import (
    complaints,
    consent,
    engagement,
    memory_standing,
    memory_text,
    orders,
    outcome_words,
    outcomes,
    outward,
    profile,
    receipts,
    sensitive_words,
    suppressed_once,
    suppression,
)
from customers.consent import Statement
from customers.identifiers import normalise
from customers.orders import Counted
from customers.stopping import stop_queued
from store.sealing import Vault

#: Replies that opt out, as carriers and CTIA list them, and in German; compared whole, without
#: case, spaces and punctuation.
STOP_WORDS = frozenset(
    ["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"]
    + ["stopp", "abmelden", "abbestellen"]
)
_LONGEST_MEMORY = 2_000
#: Bounces after which the address may work again; any other is taken as final.
_PASSING = frozenset(["soft", "transient", "temporary", "softbounce", "soft_bounce", "deferred"])


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
    confirm_first: frozenset[str] = frozenset(),
) -> None:
    """Let one message act on its person. What lies in the future is taken as now.

    `confirm_first`: channels on which a marketing consent waits for the person's confirmation.
    """
    occurred_at = min(occurred_at, now_us)
    traits = traits_of(message)
    if traits:
        person = profile.load(conn, vault, customer_id)
        newer = profile.with_traits(
            person, traits, at=occurred_at, source=str(message.get("type") or "track")
        )
        if newer != person:
            profile.save(conn, vault, customer_id, newer, now_us=now_us)
    if message.get("type") != "track":
        return
    event, stated = str(message.get("event")), message.get("properties")
    properties = stated if isinstance(stated, Mapping) else {}
    channel = engagement.channel_of(event, properties)
    if channel is not None:
        person = profile.load(conn, vault, customer_id)
        answered = profile.with_answer(person, channel=channel, at=occurred_at)
        profile.save(conn, vault, customer_id, answered, now_us=now_us)
    handler = _EVENTS.get(event)
    if handler is not None:
        handler(
            _Applied(
                conn,
                vault,
                customer_id,
                event_id,
                occurred_at,
                now_us,
                fresh_id,
                confirm_first,
            ),
            properties,
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
        confirm_first: frozenset[str],
    ) -> None:
        self.confirm_first = confirm_first
        self.conn, self.vault, self.customer_id = conn, vault, customer_id
        self.event_id, self.at, self.now_us, self.fresh_id = event_id, at, now_us, fresh_id

    def granted(self, properties: Mapping[str, Any]) -> None:
        confirmed = properties.get("double_opt_in") is True
        for said in consent.statements("Consent Granted", properties):
            if consent.to_be_confirmed(said, self.confirm_first) and not confirmed:
                self._with_evidence(consent.ask, properties, said)
            else:
                self.record(properties, said)

    def confirmed(self, properties: Mapping[str, Any]) -> None:
        for said in consent.statements("Consent Confirmed", properties):
            self._with_evidence(consent.confirm, properties, said)

    def _with_evidence(
        self, write: Callable[..., bool], properties: Mapping[str, Any], said: Statement
    ) -> None:
        write(
            self.conn,
            self.vault,
            customer_id=self.customer_id,
            said=said,
            at=self.at,
            evidence={k: properties[k] for k in consent.EVIDENCE if k in properties},
        )

    def revoked(self, properties: Mapping[str, Any]) -> None:
        taken: list[tuple[str, str]] = []
        for said in consent.statements("Consent Revoked", properties):
            if self.record(properties, said):
                self.stop(
                    channel=said.channel, purpose=said.purpose, reason="consent was taken back"
                )
                taken.append((said.purpose, said.channel))
        if taken:
            outward.revoked(
                self.conn,
                self.vault,
                customer_id=self.customer_id,
                source_id=self.event_id,
                taken=taken,
                now_us=self.now_us,
            )
            purposes, channels = (list(dict.fromkeys(each)) for each in zip(*taken, strict=True))
            self.outcome("unsubscribed", outcome_words.took_back(purposes, channels))

    def record(self, properties: Mapping[str, Any], said: Statement) -> bool:
        return consent.record(
            self.conn,
            self.vault,
            customer_id=self.customer_id,
            channel=said.channel,
            purpose=said.purpose,
            state=said.state,
            at=self.at,
            evidence={k: properties[k] for k in consent.EVIDENCE if k in properties},
            expires_at=said.expires_at,
        )

    def suppress(self, scope: str, reason: str) -> None:
        self._once(scope, reason)
        self.stop(
            channel=None,
            purpose=suppression.MARKETING if scope == "purpose" else None,
            reason="this person asked us to stop",
        )

    def suppress_address(self, channel: str, stated: Any, reason: str) -> None:
        """Stop writing to an address: the stated one, else the one that is written to now."""
        current = profile.address_hashes_of(self.conn, self.customer_id).get(channel)
        named = normalise(receipts.KIND_OF[channel], stated)
        address_hash = named.hashed(self.vault) if named is not None else None
        self._once("address", reason, channel=channel, address_hash=address_hash or current)
        if current is None or address_hash in (None, current):
            self.stop(channel=channel, purpose=None, reason=f"this address is closed: {reason}")

    def _once(self, scope: str, reason: str, **of: str | None) -> None:
        suppressed_once.suppress_once(
            self.conn,
            self.vault,
            suppression_id=self.fresh_id("sup"),
            customer_id=self.customer_id,
            scope=scope,
            reason=reason,
            now_us=self.now_us,
            **of,
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

    def remember(self, kind: str, properties: Mapping[str, Any]) -> None:
        """What somebody said; what it is about is taken from the event, never from their words."""
        text = properties.get("text")
        if isinstance(text, str) and text.strip():
            touches = sensitive_words.fields_of(text)
            memory_text.remember(
                self.conn,
                self.vault,
                memory_id=self.fresh_id("mem"),
                customer_id=self.customer_id,
                kind=kind,
                text=text.strip()[:_LONGEST_MEMORY],
                source_id=self.event_id,
                at=self.at,
                sensitivity=memory_standing.SENSITIVE if touches else memory_standing.ORDINARY,
                topic=memory_standing.topic_of(properties.get("topic")),
            )

    def feels(self, properties: Mapping[str, Any]) -> None:
        """Whoever heard them said how they sounded; the newest word holds."""
        if properties.get("sentiment") is None:
            return
        said = {"sentiment": properties["sentiment"]}
        person = profile.load(self.conn, self.vault, self.customer_id)
        newer = profile.with_traits(person, said, at=self.at, source="track")
        profile.save(self.conn, self.vault, self.customer_id, newer, now_us=self.now_us)

    def outcome(self, kind: str, text: str) -> None:
        outcomes.keep(
            self.conn,
            self.vault,
            kind=kind,
            customer_id=self.customer_id,
            source_id=self.event_id,
            text=text,
            at=self.at,
        )


def _order(a: _Applied, properties: Mapping[str, Any]) -> None:
    order = orders.read_order(properties, event_id=a.event_id, at=a.at)
    recorded = orders.record_order(a.conn, a.vault, customer_id=a.customer_id, order=order)
    if recorded.counted is Counted.KNOWN:
        return
    outcomes.keep_bought(
        a.conn,
        a.vault,
        customer_id=a.customer_id,
        event_id=a.event_id,
        at=order.at,
        total_minor=order.total_minor,
        currency=order.currency,
    )
    used = recorded.redeemed
    if used is not None and used.customer_id == a.customer_id:
        a.outcome("redeemed", outcome_words.redeemed(used.discount_bp))
    person = profile.load(a.conn, a.vault, a.customer_id)
    if recorded.counted is Counted.SHARED:
        person = profile.with_shared_order(person, at=order.at, order_hash=recorded.order_hash)
    else:
        person = profile.with_order(
            person,
            at=order.at,
            revenue_minor=order.total_minor,
            currency=order.currency,
            coupon=order.coupon is not None,
        )
    profile.save(a.conn, a.vault, a.customer_id, person, now_us=a.now_us)
    if recorded.early is not None:
        _give_back(a, recorded.early)


def _refund(a: _Applied, properties: Mapping[str, Any], *, cancelled: bool) -> None:
    refund = orders.read_refund(properties, cancelled=cancelled)
    if refund is not None:
        _give_back(a, refund)
        return
    # Money went back and nobody can say of which order: the revenue is not known any more.
    person = profile.load(a.conn, a.vault, a.customer_id)
    person = profile.with_refund(person, minor=None, currency=None)
    profile.save(a.conn, a.vault, a.customer_id, person, now_us=a.now_us)


def _give_back(a: _Applied, refund: orders.Refund) -> None:
    taken = orders.record_refund(a.conn, a.vault, customer_id=a.customer_id, refund=refund, at=a.at)
    if taken is None:
        return
    person = profile.load(a.conn, a.vault, a.customer_id)
    change = profile.without_order if taken.cancelled else profile.with_refund
    person = change(person, minor=taken.minor, currency=taken.currency)
    profile.save(a.conn, a.vault, a.customer_id, person, now_us=a.now_us)


def _refunded(a: _Applied, properties: Mapping[str, Any]) -> None:
    _refund(a, properties, cancelled=False)


def _cancelled(a: _Applied, properties: Mapping[str, Any]) -> None:
    _refund(a, properties, cancelled=True)


def _complaint(a: _Applied, properties: Mapping[str, Any]) -> None:
    complaints.open_one(a.conn, customer_id=a.customer_id, event_id=a.event_id, at=a.at)
    a.feels(properties)
    a.remember("complaint", properties)


def _complaint_closed(a: _Applied, properties: Mapping[str, Any]) -> None:
    complaints.close_all(a.conn, customer_id=a.customer_id, at=a.at)


def _reply(a: _Applied, properties: Mapping[str, Any]) -> None:
    text, channel = properties.get("text"), properties.get("channel")
    opts_out = properties.get("opt_out") is True
    if opts_out or (isinstance(text, str) and _bare(text) in STOP_WORDS):
        known = channel if channel in receipts.KIND_OF else None
        if known is not None:
            a.suppress_address(known, properties.get("from"), "replied STOP")
        else:
            a.suppress("all", "replied STOP")
        a.outcome("unsubscribed", outcome_words.stopped(known))
        return
    a.remember("reply", properties)
    a.feels(properties)


def _bare(text: str) -> str:
    return "".join(c for c in text[:100].casefold() if c.isalnum())


def _granted(a: _Applied, properties: Mapping[str, Any]) -> None:
    a.granted(properties)


def _confirmed(a: _Applied, properties: Mapping[str, Any]) -> None:
    a.confirmed(properties)


def _revoked(a: _Applied, properties: Mapping[str, Any]) -> None:
    a.revoked(properties)


def _unsubscribed(a: _Applied, properties: Mapping[str, Any]) -> None:
    a.suppress("purpose", "unsubscribed")
    a.outcome("unsubscribed", outcome_words.UNSUBSCRIBED)


def _complained(a: _Applied, properties: Mapping[str, Any]) -> None:
    a.suppress("purpose", "marked as spam")
    a.outcome("unsubscribed", outcome_words.MARKED_AS_SPAM)


def _bounced(channel: str, a: _Applied, properties: Mapping[str, Any]) -> None:
    if str(properties.get("type", "hard")).casefold() not in _PASSING:
        address = properties.get(receipts.KIND_OF[channel])
        a.suppress_address(channel, address, "hard bounce")


_EVENTS: dict[str, Callable[[_Applied, Mapping[str, Any]], None]] = {
    "Order Completed": _order,
    "Order Refunded": _refunded,
    "Order Cancelled": _cancelled,
    "Complaint Received": _complaint,
    "Complaint Closed": _complaint_closed,
    "Message Replied": _reply,
    "Consent Granted": _granted,
    "Consent Confirmed": _confirmed,
    "Consent Revoked": _revoked,
    "Unsubscribed": _unsubscribed,
    **{name: partial(_bounced, channel) for name, channel in receipts.BOUNCES.items()},
    **dict.fromkeys(receipts.COMPLAINTS, _complained),
}


def traits_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Traits stated by an identify, or carried in any message's context (zone and locale too)."""
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
