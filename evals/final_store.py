"""The final store of a trial, read into a record: database, journal, outbox. Nothing is changed.

What the catalogue said and when is handed in, since the database keeps only its newest row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sqlalchemy import Connection, select

from agent.projection import project
from agent.runs import Runs
from evals.record import (
    Article,
    Code,
    Decided,
    Happened,
    Letter,
    Move,
    Question,
    Record,
    Stop,
    Ticket,
    Travelled,
)
from store import journal
from store.schema import (
    approvals,
    decisions,
    effects,
    events,
    inbox,
    journeys,
    offers,
    suppressions,
    tickets,
)
from store.sealing import Vault
from tools.channels.outbox import Outbox

_ENDED = frozenset({"decided", "recorded", "withheld"})
_HANGING = frozenset({"running", "failed"})


def read_record(runs: Runs, catalogue: Iterable[Article]) -> Record:
    """The record of a deployment that is at rest."""
    outbox = Outbox(runs.settings.outbox, runs.db.vault)
    return runs.db.read_now(_read, runs.db.vault, outbox, tuple(catalogue))


def _read(conn: Connection, vault: Vault, outbox: Outbox, catalogue: tuple[Article, ...]) -> Record:
    told = [_Told(row, vault) for row in conn.execute(select(events).order_by(events.c.seq))]
    users = {one.customer_id: one.user for one in told if one.user}
    carts = {
        row.id: dict(vault.open_json("journeys.context", row.context_sealed).get("cart") or {})
        for row in conn.execute(select(journeys))
    }
    seen = _Seen(conn, vault, users, carts)
    made, moves = seen.decisions()
    return Record(
        history=tuple(one.happened(users) for one in told if one.kind != "trigger"),
        letters=tuple(seen.letters(outbox)),
        codes=tuple(seen.codes()),
        articles=catalogue,
        stops=tuple(seen.stops()),
        questions=tuple(seen.questions()),
        moves=tuple(moves),
        decisions=tuple(made),
        journeys=tuple(
            Travelled(users[row.customer_id], _cart_id(carts[row.id]), row.status)
            for row in conn.execute(select(journeys).order_by(journeys.c.id))
        ),
        tickets=tuple(
            Ticket(users[row.customer_id], row.at, row.queue)
            for row in conn.execute(select(tickets).order_by(tickets.c.id))
        ),
        loose=tuple(_loose(conn)),
    )


class _Told:
    """One event's row, opened."""

    def __init__(self, row: Any, vault: Vault) -> None:
        self.row, self.kind, self.customer_id = row, row.kind, row.customer_id
        self.body = vault.open_json("events.body", row.body_sealed)
        self.user = str(self.body.get("userId") or "")

    def happened(self, users: Mapping[str, str]) -> Happened:
        name = str(self.body.get("event") or self.kind)
        stated = self.body.get("traits" if self.kind == "identify" else "properties")
        return Happened(
            seq=self.row.seq,
            user=users[self.customer_id],
            name=name,
            at=self.row.occurred_at,
            known_at=self.row.received_at,
            properties=dict(stated or {}),
        )


class _Seen:
    def __init__(
        self,
        conn: Connection,
        vault: Vault,
        users: Mapping[str, str],
        carts: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.conn, self.vault, self.users, self.carts = conn, vault, users, carts

    def letters(self, outbox: Outbox) -> Iterable[Letter]:
        rows = {row.id: row for row in self.conn.execute(select(effects))}
        for effect_id in outbox.ids():
            letter, row = outbox.open(effect_id), rows[effect_id]
            yield Letter(
                effect_id=effect_id,
                user=self.users[row.customer_id],
                at=row.settled_at,
                channel=letter.channel,
                to=letter.to,
                text=words_of(letter.channel, letter.raw),
                cart=self.carts[row.journey_id],
            )

    def codes(self) -> Iterable[Code]:
        for row in self.conn.execute(select(offers).order_by(offers.c.created_at, offers.c.id)):
            yield Code(
                offer_id=row.id,
                user=self.users[row.customer_id],
                code=self.vault.open("offers.code", row.code_sealed).decode(),
                discount_bp=row.discount_bp,
                cost_minor=row.cost_minor,
                created_at=row.created_at,
                expires_at=row.expires_at,
                status=row.status,
                cart=self.carts[row.journey_id],
            )

    def stops(self) -> Iterable[Stop]:
        for row in self.conn.execute(select(suppressions)):
            if row.customer_id in self.users:
                over = [at for at in (row.lifted_at, row.until) if at is not None]
                user = self.users[row.customer_id]
                yield Stop(user, row.scope, row.channel, row.at, min(over, default=None))

    def questions(self) -> Iterable[Question]:
        for row in self.conn.execute(select(approvals).order_by(approvals.c.id)):
            body = self.vault.open_json("approvals.body", row.body_sealed)
            yield Question(
                user=self.users[row.customer_id],
                cart_id=_cart_id(self.carts[row.journey_id]),
                status=row.status,
                outcome=row.outcome,
                tool=body["call"]["tool"],
                args=body["call"]["args"],
                asked_by=row.requested_by,
                decided_by=row.decided_by,
                decided_at=row.decided_at,
                disclosed=tuple(str(fired["rule"]) for fired in body.get("fired", ())),
            )

    def decisions(self) -> tuple[list[Decided], list[Move]]:
        made, moves = [], []
        for row in self.conn.execute(select(decisions).order_by(decisions.c.id)):
            entries = journal.entries_of(self.conn, self.vault, row.id)
            user, cart = self.users[row.customer_id], self.carts[row.journey_id]
            for entry in entries:
                if entry.kind == "step" and entry.body is not None:
                    moves.append(_move(row.id, user, entry.at, entry.body, cart))
            whole = project(dict(row._mapping), entries)
            usage = whole["usage"]
            made.append(
                Decided(
                    id=row.id,
                    user=user,
                    cart_id=_cart_id(cart),
                    status=row.status,
                    arm=row.arm,
                    opened_at=row.opened_at,
                    planner=whole["planner"]["kind"],
                    mishaps=tuple(whole["mishaps"]),
                    llm_calls=usage["llm_calls"],
                    prompt_tokens=usage["prompt_tokens"],
                    completion_tokens=usage["completion_tokens"],
                    cost_minor=usage["cost"],
                )
            )
        return made, moves


def _move(
    decision_id: str, user: str, at: int, body: Mapping[str, Any], cart: Mapping[str, Any]
) -> Move:
    verdict = body["verdict"]
    return Move(
        decision_id=decision_id,
        user=user,
        at=at,
        tool=body["call"]["tool"],
        args=body["call"]["args"],
        outcome=verdict["outcome"],
        rules=tuple(f["rule"] for f in verdict["fired"] if f["outcome"] == verdict["outcome"]),
        overrides=body["overrides"],
        effect_id=body["effect_id"],
        cart=cart,
    )


def words_of(channel: str, raw: bytes) -> str:
    """A letter as somebody reads it: its headers, its text, and its HTML if there is any."""
    if channel != "email":
        return raw.decode("utf-8")
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    heads = "\n".join(f"{name}: {value}" for name, value in mail.items())
    bodies = [
        str(part.get_content()) for part in mail.walk() if part.get_content_type()[:5] == "text/"
    ]
    return "\n".join([heads, *bodies])


def _loose(conn: Connection) -> Iterable[str]:
    """What a trial must not leave: work without an end, dead letters, faults of ours."""
    for table, column, fine in ((inbox, "status", {"resolved"}), (events, "state", _ENDED)):
        for (state,) in conn.execute(select(table.c[column])):
            if state not in fine:
                yield f"{table.name}: {state}"
    for (status,) in conn.execute(select(decisions.c.status)):
        if status in _HANGING:
            yield f"decisions: {status}"
    for (status,) in conn.execute(select(effects.c.status)):
        if status in ("claimed", "unknown"):
            yield f"effects: {status}"


def _cart_id(cart: Mapping[str, Any]) -> str:
    return str(cart.get("id", ""))
