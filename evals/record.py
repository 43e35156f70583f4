"""A record: what a trial left behind, as plain values. Graders and the oracle read nothing else.

Instants in microseconds UTC, money in minor units, percent in basis points. People go by their user
id, which the world gave them, never by an id of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Happened:
    """One event. `at`: when it happened; `known_at`: when we were told. `identify` has traits."""

    seq: int
    user: str
    name: str
    at: int
    known_at: int
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it arrived. `user`: whose the ledger says it is."""

    effect_id: str
    user: str
    at: int
    channel: str
    to: str
    text: str
    cart: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Code:
    """A discount code that was made, whether or not anybody was sent it."""

    offer_id: str
    user: str
    code: str
    discount_bp: int
    cost_minor: int
    created_at: int
    expires_at: int
    status: str
    cart: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Article:
    """One row of the catalogue, as it was known from `at` on. Price with tax, cost without."""

    sku: str
    at: int
    price_minor: int | None
    cost_minor: int | None
    tax_bp: int
    stock: int | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody is not to be written to, from `at` on."""

    user: str
    scope: str
    channel: str | None
    at: int
    over_at: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """A question put to people. `disclosed`: the rules that whoever answers was shown."""

    user: str
    cart_id: str
    status: str
    outcome: str
    tool: str
    args: Mapping[str, Any]
    asked_by: str
    decided_by: str | None
    decided_at: int | None
    disclosed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One call that was proposed, and what the gate said."""

    decision_id: str
    user: str
    at: int
    tool: str
    args: Mapping[str, Any]
    outcome: str
    rules: tuple[str, ...]
    overrides: Mapping[str, str]
    effect_id: str | None
    cart: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, without its calls."""

    id: str
    user: str
    cart_id: str
    status: str
    arm: str
    opened_at: int
    planner: str
    mishaps: tuple[str, ...]
    llm_calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_minor: int


@dataclass(frozen=True, slots=True)
class Travelled:
    """One journey and where it ended."""

    user: str
    cart_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """Work for people."""

    user: str
    at: int
    queue: str


@dataclass(frozen=True, slots=True)
class Record:
    """Everything. `loose`: what has no terminal state though the trial is over, or went wrong."""

    history: tuple[Happened, ...] = ()
    letters: tuple[Letter, ...] = ()
    codes: tuple[Code, ...] = ()
    articles: tuple[Article, ...] = ()
    stops: tuple[Stop, ...] = ()
    questions: tuple[Question, ...] = ()
    moves: tuple[Move, ...] = ()
    decisions: tuple[Decided, ...] = ()
    journeys: tuple[Travelled, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    loose: tuple[str, ...] = field(default=())
