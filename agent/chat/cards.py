"""Cards: what would be done, for whom, at what cost and past which rules. Making one does nothing.

A card names people by our ids only. It is looked at anew when it is carried out: a brake that is
pulled by then, a journey that has ended, somebody erased count as they stand then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from agent import braking
from agent.brake import Pull
from agent.chat.carts import GOAL, Target, TooMany, left_in, newest_open
from agent.chat.foresight import AT_MOST, outlook
from agent.chat.intents import Lift, Recover, Start, Stop
from agent.chat.windows import window
from agent.environment import Environment
from agent.errors import BadRequest, Invalid, NotFound
from agent.explain_words import goal_words
from agent.fact_words import counted, money
from agent.names import names_of
from customers.money import MoneyError, to_minor
from store import brakes
from store.cards import Card
from store.ids import new_id
from tools import budgets, stops

#: How long a card may be confirmed.
GOOD_FOR_US = 10 * 60 * 1_000_000
#: One card starts a goal for so many people at most; more than `MANY` need an approver.
MOST_PEOPLE, MANY = 500, 50
_SHOWN = 10
_REASON = "asked for in chat"

Shown = tuple[Card, dict[str, Any]]


def for_stop(conn: Connection, env: Environment, asked: Stop, *, by: str) -> Shown:
    """A brake to be pulled."""
    try:
        pull = Pull(scope=asked.scope, in_flight=asked.in_flight, reason=asked.reason or _REASON)
    except ValueError:
        raise Invalid(
            "a brake's reason is one line that everybody may read: leave addresses and numbers out"
        ) from None
    seen = braking.preview(conn, env.db.vault, scope=pull.scope, in_flight=pull.in_flight)
    people = {row["customer_id"]: row["name"] for row in seen["next"]}
    card = _card(env, "pull", pull.model_dump(), by=by, needs_role="operator")
    fate = {"hold": "hold what is queued", "drain": "let what is queued go out"}
    shown = {
        "title": f"Stop {braking.what(pull.scope)}, and "
        f"{fate.get(pull.in_flight, 'cancel what is queued')}",
        "says": seen["says"],
        "who": {"count": seen["queued_contacts"] + seen["open_questions"], "first": _named(people)},
        "cost": {
            key: seen[key] for key in ("queued_contacts", "open_questions", "running_decisions")
        },
        "rules": [{"rule": stops.BRAKE, "because": pull.reason}],
    }
    return card, shown


def for_lift(conn: Connection, env: Environment, asked: Lift, *, by: str) -> Shown:
    """A brake to be lifted. Raises `NotFound`, and `BadRequest` where it is not clear which."""
    pulled = brakes.in_force(conn)
    meant = [
        brake
        for brake in pulled
        if asked.brake_id in (None, brake.id) and asked.scope in (None, brake.scope)
    ]
    if not meant:
        raise NotFound("no such brake is pulled" if pulled else "no brake is pulled")
    if len(meant) > 1:
        listed = "; ".join(f"lift brake {b.id} ({braking.what(b.scope)})" for b in meant)
        raise BadRequest(f"more than one brake is pulled; say which: {listed}")
    brake = meant[0]
    queued = brakes.queued(conn, brake.scope)
    held = list(dict.fromkeys(str(row.customer_id) for row in queued))
    card = _card(env, "lift", {"brake_id": brake.id}, by=by, needs_role="approver")
    shown = {
        "title": f"Lift the brake on {braking.what(brake.scope)}",
        "says": f"{counted(len(queued), 'queued contact')} will be decided again and may go out.",
        "who": {
            "count": len(held),
            "first": _named(names_of(conn, env.db.vault, held[:_SHOWN])),
        },
        "cost": {"queued_contacts": len(queued)},
        "rules": [],
    }
    return card, shown


def for_start(
    conn: Connection, env: Environment, asked: Start, customer_id: str, *, by: str
) -> Shown:
    """A goal to be started for one person."""
    target = newest_open(conn, customer_id, asked.goal)
    title = f"Start to {goal_words(asked.goal)} for one person"
    return _starting(conn, env, asked.goal, (target,), title=title, says="", by=by)


def for_recover(conn: Connection, env: Environment, asked: Recover, *, by: str) -> Shown:
    """Carts to be recovered. Raises `NotFound` where none fits, `BadRequest` for too many."""
    span = window(asked.when, env.clock.now_us())
    currency = env.shelf.live(conn, env.pack_name, GOAL).currency
    limit = _limit(asked, currency)
    try:
        found = left_in(
            conn, env.db.vault, span, limit_minor=limit, over=asked.over, currency=currency
        )
    except TooMany:
        raise BadRequest("that is more carts than can be looked at; name a shorter span") from None
    if not found.targets:
        raise NotFound(f"no open cart{_worth(asked, limit, currency)} was left {span.said}")
    if len(found.targets) > MOST_PEOPLE:
        raise BadRequest(
            f"{len(found.targets)} people left such a cart; a card is for {MOST_PEOPLE} at most: "
            "name a shorter span or a larger amount"
        )
    says = f"Left {span.said}."
    if found.unpriced:
        says += f" {counted(found.unpriced, 'cart')} of unknown value in {currency} left out."
    title = f"Recover {counted(len(found.targets), 'cart')}{_worth(asked, limit, currency)}"
    return _starting(conn, env, GOAL, found.targets, title=title, says=says, by=by)


def _starting(
    conn: Connection,
    env: Environment,
    goal: str,
    targets: Sequence[Target],
    *,
    title: str,
    says: str,
    by: str,
) -> Shown:
    agent = env.ground.agents[goal]
    pack = env.shelf.live(conn, env.pack_name, goal)
    body = {"goal": goal, "targets": [asdict(replace(t, value_minor=None)) for t in targets]}
    role = "operator" if len(targets) <= MANY else "approver"
    card = _card(env, "start", body, by=by, needs_role=role)
    rules = outlook(conn, env, agent, goal, targets)
    if len(targets) > AT_MOST:
        says += f" Rules were asked for the first {AT_MOST} people."
    first = names_of(conn, env.db.vault, [t.customer_id for t in targets[:_SHOWN]])
    shown = {
        "title": title,
        "says": says.strip(),
        "who": {"count": len(targets), "first": _named(first)},
        "cost": {
            "contacts_at_most": len(targets),
            "carts_worth_minor": sum(t.value_minor or 0 for t in targets),
            "discount_budgets_left_minor": dict(budgets.left(conn, pack, env.clock.now_us())),
            "currency": pack.currency,
        },
        "rules": rules,
    }
    return card, shown


def _limit(asked: Recover, currency: str) -> int | None:
    """The amount in minor units. Raises `Invalid` for a foreign one: nothing is converted."""
    if asked.amount is None:
        return None
    if asked.currency not in (None, currency):
        raise Invalid(f"carts are counted in {currency} here, and nothing is converted")
    try:
        return to_minor(asked.amount, currency)
    except MoneyError as error:
        raise Invalid(str(error)) from None


def _worth(asked: Recover, limit: int | None, currency: str) -> str:
    if limit is None:
        return ""
    return f" of {'at least' if asked.over else 'less than'} {money(limit, currency)}"


def _named(names: dict[str, str]) -> list[dict[str, str]]:
    return [{"customer_id": key, "name": name} for key, name in names.items()]


def _card(env: Environment, kind: str, body: dict[str, Any], *, by: str, needs_role: str) -> Card:
    now_us = env.clock.now_us()
    return Card(
        id=new_id("crd"),
        kind=kind,
        body=body,
        asked_by=by,
        needs_role=needs_role,
        at=now_us,
        expires_at=now_us + GOOD_FOR_US,
    )
