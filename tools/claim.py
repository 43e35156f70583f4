"""The claim: one transaction in which a call becomes an effect, or does not (DESIGN §3.8).

Under the lane's epoch it takes the live pack, reads the facts again, decides again, reserves caps,
budget and stock, writes the effect, its rows and its journal entries. Whatever fails takes all of it
back. There is no other way for a tool to touch the world (P1, P2, P3, P4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from policies.verdict import Outcome
from store import approvals, counters, lanes, ledger, wakeups
from store.ledger import Contact, EffectStatus, NewEffect
from store.schema import effects, products
from store.sealing import Vault
from tools.gate import Decided, Proposed, decide
from tools.packs import PackShelf
from tools.picture import Picture, load_picture
from tools.tool import ActionKind, Prepared, Setting


class Overspent(Exception):
    """A budget or stock was used up by somebody else between the decision and the claim."""

    def __init__(self, counter: str) -> None:
        super().__init__(f"{counter} is used up")
        self.counter = counter


@dataclass(frozen=True, slots=True)
class Claimed:
    """The effect. Not `fresh`: this call had become an effect before, and nothing was written."""

    decided: Decided
    prepared: Prepared
    effect_id: str
    status: EffectStatus
    not_before: int | None = None
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """Everything the transaction needs. `record` journals what happened, in the same unit."""

    proposed: Proposed
    prepared: Prepared
    setting: Setting
    customer_id: str
    context: Mapping[str, Any]
    pack_name: str
    effect_id: str
    epoch: int
    now_us: int
    claim_until: int
    score: int
    record: Callable[[Connection, Claimed], None]
    approval_id: str | None = None
    preempts: tuple[str, ...] = ()


def claim(conn: Connection, vault: Vault, shelf: PackShelf, request: Claim) -> Claimed:
    """Run the claim. Raises `StaleEpoch` and `Overspent`; both leave nothing behind."""
    lanes.hold(conn, request.customer_id, request.epoch)
    setting = replace(request.setting, pack=shelf.live(conn, request.pack_name))
    for effect_id in request.preempts:
        ledger.move(
            conn,
            effect_id,
            to=EffectStatus.PREEMPTED,
            at=request.now_us,
            reason="a stronger contact took its place",
        )
    picture = load_picture(
        conn,
        vault,
        customer_id=request.customer_id,
        context=request.context,
        pack=setting.pack,
        now_us=request.now_us,
    )
    decided = decide(picture, request.proposed, setting)
    if not permitted(conn, vault, decided, request.approval_id):
        raise Refused(decided)
    prepared = request.prepared
    if prepared.to is not None and picture.addresses.get(prepared.channel) != prepared.to:
        raise Moved(decided)
    key = f"{request.setting.decision_id}:{decided.digest}"
    existing = ledger.by_key(conn, key)
    if existing is not None:
        status = EffectStatus(existing.status)
        return Claimed(decided, prepared, existing.id, status, existing.not_before, fresh=False)
    not_before = _not_before(decided)
    status = _first_status(prepared, not_before)
    _reserve(conn, request, setting, picture)
    ledger.claim(
        conn,
        vault,
        _row(request, decided, key, status, not_before),
        epoch=request.epoch,
        now_us=request.now_us,
        claim_until=request.claim_until,
        contact=_contact(picture, decided, not_before or request.now_us),
    )
    if prepared.write is not None:
        prepared.write(conn, vault, request.effect_id)
    _schedule(conn, request, not_before)
    claimed = Claimed(decided, prepared, request.effect_id, status, not_before)
    request.record(conn, claimed)
    return claimed


class Refused(Exception):
    """The gate said no, or asked for a person, when it decided again inside the claim."""

    def __init__(self, decided: Decided) -> None:
        super().__init__(decided.verdict.outcome.value)
        self.decided = decided


class Moved(Exception):
    """The customer's address changed between rendering and claim; render again."""

    def __init__(self, decided: Decided) -> None:
        super().__init__("the address changed")
        self.decided = decided


def permitted(conn: Connection, vault: Vault, decided: Decided, approval_id: str | None) -> bool:
    """Allowed, or allowed by a person who was shown exactly this call and these rules (P9)."""
    if decided.allowed:
        return True
    if decided.verdict.outcome not in (Outcome.REVIEW, Outcome.APPROVAL) or approval_id is None:
        return False
    row = approvals.get(conn, approval_id)
    if row is None or row.status != "approved" or row.call_digest != decided.digest:
        return False
    disclosed = set(vault.open_json("approvals.body", row.body_sealed)["rules"])
    return {fired.rule for fired in decided.verdict.fired} <= disclosed


def _not_before(decided: Decided) -> int | None:
    value = decided.verdict.obligations.get("not_before_us")
    return value if isinstance(value, int) else None


def _first_status(prepared: Prepared, not_before: int | None) -> EffectStatus:
    if not prepared.hands_over:
        return EffectStatus.SENT
    return EffectStatus.CLAIMED if not_before is None else EffectStatus.SCHEDULED


def _reserve(conn: Connection, request: Claim, setting: Setting, picture: Picture) -> None:
    for budget in setting.pack.budgets:
        counters.set_ceiling(conn, picture.budget_keys[budget.id], budget.limit_minor)
    for key, amount in request.prepared.reservations:
        if key.startswith("stock:"):
            _open_stock(conn, key.removeprefix("stock:"))
        if not counters.reserve(conn, effect_id=request.effect_id, key=key, amount=amount):
            raise Overspent(key)


def _open_stock(conn: Connection, sku: str) -> None:
    """A product's promised stock is counted from the first claim that names it."""
    if counters.left(conn, f"stock:{sku}") is None:
        stock = conn.execute(select(products.c.stock).where(products.c.sku == sku)).scalar()
        counters.set_ceiling(conn, f"stock:{sku}", stock or 0)


def _contact(picture: Picture, decided: Decided, at: int) -> Contact | None:
    if decided.kind is not ActionKind.CONTACT:
        return None
    return Contact(at=at, local_day=picture.local_day(at))


def _row(
    request: Claim, decided: Decided, key: str, status: EffectStatus, not_before: int | None
) -> NewEffect:
    prepared = request.prepared
    return NewEffect(
        id=request.effect_id,
        idempotency_key=key,
        decision_id=request.setting.decision_id,
        journey_id=request.setting.journey_id,
        customer_id=request.customer_id,
        call_digest=decided.digest,
        tool=decided.proposed.tool,
        kind=prepared.kind,
        channel=prepared.channel,
        message_class=prepared.message_class,
        purpose=prepared.purpose,
        mode=request.setting.mode,
        status=status,
        score=request.score,
        expires_at=prepared.expires_at,
        body=prepared.body,
        not_before=not_before,
        amount_minor=prepared.amount_minor,
        currency=prepared.currency,
        sha256=prepared.sha256,
    )


def _schedule(conn: Connection, request: Claim, not_before: int | None) -> None:
    if not request.prepared.hands_over:
        return
    moments = {"effect_expiry": request.prepared.expires_at}
    if not_before is not None:
        moments["release"] = not_before
    for kind, due_at in moments.items():
        wakeups.schedule(
            conn,
            kind=kind,
            ref=request.effect_id,
            due_at=due_at,
            customer_id=request.customer_id,
            journey_id=request.setting.journey_id,
        )


def waiting_letter(conn: Connection, vault: Vault, effect_id: str) -> dict[str, Any] | None:
    """The sealed body of a claimed effect that has not been handed over; None otherwise."""
    row = conn.execute(
        select(effects.c.body_sealed).where(
            effects.c.id == effect_id, effects.c.status == EffectStatus.CLAIMED.value
        )
    ).first()
    if row is None:
        return None
    body: dict[str, Any] = vault.open_json("effects.body", row.body_sealed)
    return body
