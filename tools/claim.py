"""The claim: one transaction in which a call becomes an effect, or does not (DESIGN §3.8).

Under the lane's epoch it takes the live pack, reads the facts again, decides again, reserves caps,
budget and stock, writes the effect, its rows and its journal entries. Whatever fails takes all of
it back. There is no other way for a tool to touch the world (P1, P2, P3, P4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from policies.nearness import Nearness
from policies.verdict import Outcome
from store import approvals, brakes, lanes, ledger, wakeups
from store.ledger import Contact, EffectStatus, NewEffect
from store.schema import effects
from store.sealing import Vault
from tools import budgets, exceptions, radius, stock
from tools.cart import wanted
from tools.gate import Decided, Proposed, call_key, decide
from tools.pack_facts import message_of
from tools.packs import PackShelf
from tools.picture import Picture, load_picture
from tools.tool import ActionKind, Prepared, Setting


class Overspent(Exception):
    """A budget or stock was used up by somebody else between the decision and the claim."""

    def __init__(self, counter: str) -> None:
        super().__init__(f"{counter} is used up")
        self.counter = counter


class Refused(Exception):
    """The gate said no, or asked for a person, when it decided again inside the claim."""

    def __init__(self, decided: Decided) -> None:
        super().__init__(decided.verdict.outcome.value)
        self.decided = decided


class Moved(Exception):
    """What the effect was made of (address, cart, offer, price) has changed; prepare it again."""

    def __init__(self, decided: Decided) -> None:
        super().__init__("what it was prepared from has changed")
        self.decided = decided


@dataclass(frozen=True, slots=True)
class Claimed:
    """The effect. Not `fresh`: this call had become an effect before, and nothing was written.

    `near` are the hard limits that it came close to, on the facts of this transaction.
    """

    decided: Decided
    prepared: Prepared
    effect_id: str
    status: EffectStatus
    not_before: int | None = None
    fresh: bool = True
    near: tuple[Nearness, ...] = ()


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
    """Run the claim. `StaleEpoch`, `Refused`, `Moved` and `Overspent` leave nothing behind.

    A call that is an effect already is that effect: nothing is decided against it, and its first
    result is given again.
    """
    if request.setting.mode == "shadow":
        raise ValueError("an agent in shadow claims nothing")
    brakes.beside_others(conn)
    lanes.hold(conn, request.customer_id, request.epoch)
    live = shelf.live(conn, request.pack_name, request.setting.goal)
    setting = replace(request.setting, pack=live)
    key = call_key(
        decision_id=setting.decision_id,
        proposed=request.proposed,
        customer_id=request.customer_id,
    )
    existing = ledger.by_key(conn, key)
    if existing is not None:
        return _as_before(conn, vault, request, setting, existing)
    for effect_id in request.preempts:
        ledger.move(
            conn,
            effect_id,
            to=EffectStatus.PREEMPTED,
            at=request.now_us,
            reason="a stronger contact took its place",
        )
    radius.in_turn(conn, setting)
    picture = _look(conn, vault, request, setting)
    decided = decide(picture, request.proposed, setting)
    if not permitted(conn, vault, decided, request.approval_id):
        raise Refused(decided)
    prepared = request.prepared
    if decided.tool is None or (
        prepared.basis != decided.tool.basis(picture, decided.args, setting)
    ):
        raise Moved(decided)
    not_before = decided.leaves_at
    status = _first_status(prepared, not_before)
    _reserve(conn, request, setting, picture, decided, status)
    written = ledger.claim(
        conn,
        vault,
        _row(request, decided, key, status, not_before),
        epoch=request.epoch,
        now_us=request.now_us,
        claim_until=request.claim_until,
        contact=_contact(picture, decided, not_before or request.now_us),
    )
    if not written:
        raise RuntimeError(f"the effect {request.effect_id} is there already, under another call")
    if prepared.write is not None:
        prepared.write(conn, vault, request.effect_id)
    _schedule(conn, request, not_before)
    near = setting.pack.near(decided.kind.value, decided.facts)
    claimed = Claimed(decided, prepared, request.effect_id, status, not_before, near=near)
    request.record(conn, claimed)
    return claimed


def permitted(conn: Connection, vault: Vault, decided: Decided, approval_id: str | None) -> bool:
    """Allowed, or allowed by a person who was shown exactly this call and these rules (P9).

    No approval lifts a denial, or a rule that asks for more than whoever answered could give. Rules
    that ask for nobody (a later hour, a footer) need not have been shown.
    """
    outcome = decided.verdict.outcome
    if outcome is Outcome.ALLOW:
        return True
    if outcome not in (Outcome.REVIEW, Outcome.APPROVAL) or approval_id is None:
        return False
    row = approvals.get(conn, approval_id)
    if row is None or row.status != "approved" or row.decided_by is None:
        return False
    if row.call_digest != decided.digest or Outcome(row.outcome).rank < outcome.rank:
        return False
    disclosed = set(vault.open_json("approvals.body", row.body_sealed)["rules"])
    asking = {f.rule for f in decided.verdict.fired if f.outcome is not Outcome.ALLOW}
    return asking <= disclosed


def _look(
    conn: Connection,
    vault: Vault,
    request: Claim,
    setting: Setting,
    without: frozenset[str] = frozenset(),
) -> Picture:
    return load_picture(
        conn,
        vault,
        customer_id=request.customer_id,
        context=request.context,
        pack=setting.pack,
        now_us=request.now_us,
        without=without,
        agent=setting.agent.name,
    )


def _as_before(
    conn: Connection, vault: Vault, request: Claim, setting: Setting, row: Row[Any]
) -> Claimed:
    """The effect that this call became the first time, with what it gave then."""
    picture = _look(conn, vault, request, setting, frozenset({row.id}))
    decided = decide(picture.unstopped(), request.proposed, setting)
    result = vault.open_json("effects.body", row.body_sealed)["result"]
    prepared = replace(request.prepared, result=result)
    status = EffectStatus(row.status)
    return Claimed(decided, prepared, row.id, status, row.not_before, fresh=False)


def _first_status(prepared: Prepared, not_before: int | None) -> EffectStatus:
    if not prepared.hands_over:
        return EffectStatus.SENT
    return EffectStatus.CLAIMED if not_before is None else EffectStatus.SCHEDULED


def _reserve(
    conn: Connection,
    request: Claim,
    setting: Setting,
    picture: Picture,
    decided: Decided,
    status: EffectStatus,
) -> None:
    """Hold exceptions, money, then stock, in one order, so that no two claims block each other."""
    used_up = exceptions.hold(
        conn,
        setting.pack,
        decided.verdict,
        effect_id=request.effect_id,
        now_us=request.now_us,
        done=status is EffectStatus.SENT,
    )
    if used_up is not None:
        raise Overspent(used_up)
    if decided.kind is ActionKind.OFFER:
        used_up = budgets.hold(
            conn,
            setting.pack,
            decided.facts,
            effect_id=request.effect_id,
            now_us=request.now_us,
            approval_id=request.approval_id,
        )
        if used_up is not None:
            raise Overspent(used_up)
    if request.prepared.holds_stock:
        for sku, quantity in wanted(picture.lines).items():
            if quantity > 0 and not stock.hold(
                conn, effect_id=request.effect_id, sku=sku, quantity=quantity
            ):
                raise Overspent(f"stock:{sku}")


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
        body={**prepared.body, "result": prepared.result},
        not_before=not_before,
        amount_minor=prepared.amount_minor,
        currency=prepared.currency,
        sha256=prepared.sha256,
        agent=request.setting.agent.name,
        message=message_of(decided.kind, decided.proposed.args) or None,
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
