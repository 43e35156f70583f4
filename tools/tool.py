"""What a tool is: a name a planner can say, strict arguments, what happens if the gate allows it.

A read answers from the picture of the customer. Everything else is *prepared* outside the database
(a rendered message, an offer's code) and then claimed in one transaction (`tools.claim`), which is
the only place where an effect comes into being (P1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from policies.pack import Pack
from prompts.agents import AgentFile
from prompts.library import Library
from store.sealing import Vault
from tools.picture import Picture

FactValue: TypeAlias = bool | int | str | tuple[str, ...]


class ActionKind(StrEnum):
    """What the gate takes a call for; facts are declared per kind."""

    READ = "read"
    CONTACT = "contact"
    OFFER = "offer"
    TICKET = "ticket"
    SUPPRESSION = "suppression"
    CONTROL = "control"
    SUBSCRIPTION = "subscription"
    RECOMMENDATION = "recommendation"
    BOOKING = "booking"


class Risk(StrEnum):
    """How much harm a wrong call of a tool could do to a person or to us, at worst."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Cost(StrEnum):
    """What a call of a tool costs: nothing, what the channel takes for it, or a budget's money."""

    NOTHING = "nothing"
    CHANNEL = "channel"
    BUDGET = "budget"


class Reversibility(StrEnum):
    """What can be done about an effect once it is there.

    `reversible`: as if it had not been (a suppression is lifted). `compensable`: made good, though
    somebody may have seen it (a code is voided, a ticket closed). `final`: nothing (a message that
    arrived). A contact that is only queued can still be cancelled, whatever its tool says.
    """

    REVERSIBLE = "reversible"
    COMPENSABLE = "compensable"
    FINAL = "final"


class Args(BaseModel):
    """Arguments of a tool: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ToolRefused(Exception):
    """The call cannot be carried out as it stands; the message tells the planner what to change."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a call stands in, beside the customer: who asks, for which goal, under which rules.

    `waits_for_hour`: whether a contact may still be held for its person's best hour. `carried`: the
    kinds for which settings name a channel.
    """

    agent: AgentFile
    library: Library
    pack: Pack
    goal: str
    journey_id: str
    decision_id: str
    context: Mapping[str, Any]
    mode: str
    sender: Mapping[str, str]
    public_url: str | None
    fresh_code: Callable[[], str]
    unsubscribe_token: Callable[[str], str]
    waits_for_hour: bool = True
    carried: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Prepared:
    """An effect ready to be claimed. `write` adds the rows that live beside it, in the same unit.

    `basis`: what it was made of. `holds_stock`: it promises what the cart names. `hands_over`: it
    goes to a channel; anything else is done once it is claimed.
    """

    kind: str
    channel: str
    expires_at: int
    body: dict[str, Any]
    result: dict[str, Any]
    message_class: str = "none"
    purpose: str = "service"
    to: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    sha256: str | None = None
    basis: tuple[object, ...] = ()
    holds_stock: bool = False
    write: Callable[[Connection, Vault, str], None] | None = None
    hands_over: bool = False


Answer: TypeAlias = Callable[[Picture, Any, Setting], dict[str, Any]]
Facts: TypeAlias = Callable[[Picture, Any, Setting], dict[str, FactValue]]
FactsAt: TypeAlias = Callable[[Picture, Any, Setting, int], dict[str, FactValue]]
Says: TypeAlias = Callable[[Picture, Any, Setting], str | None]
Binds: TypeAlias = Callable[[Picture, Any, Setting], str]
Basis: TypeAlias = Callable[[Picture, Any, Setting], tuple[object, ...]]
Prepare: TypeAlias = Callable[[Picture, Any, Setting, str], Prepared]


def no_facts(picture: Picture, args: Any, setting: Setting) -> dict[str, FactValue]:
    """A tool that needs no more than every call does."""
    return {}


def no_facts_at(
    picture: Picture, args: Any, setting: Setting, arrives_at: int
) -> dict[str, FactValue]:
    """A tool whose facts are the same whenever its effect arrives."""
    return {}


def no_problem(picture: Picture, args: Any, setting: Setting) -> str | None:
    """A tool whose arguments are right once they fit the schema."""
    return None


def binds_nothing(picture: Picture, args: Any, setting: Setting) -> str:
    """A tool that uses no reviewed file."""
    return ""


def no_basis(picture: Picture, args: Any, setting: Setting) -> tuple[object, ...]:
    """A tool whose effect is made of nothing but its arguments."""
    return ()


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. A read has `answer`; an effect has `prepare(picture, args, setting, effect_id)`.

    `problem` says what is wrong with arguments that name something that is not there; `binds` names
    the reviewed file a call uses; `facts_at` gives the facts that depend on when the effect
    arrives; `basis` is what a prepared effect was made of, compared again when it is claimed;
    `channel` is by which a contact goes. `reversibility` says whether its effect can be undone; how
    is in `agent.undoing`. `risk` and `cost` are those of one call at worst.
    """

    name: str
    kind: ActionKind
    description: str
    args: type[Args]
    facts: Facts = no_facts
    facts_at: FactsAt = no_facts_at
    problem: Says = no_problem
    binds: Binds = binds_nothing
    basis: Basis = no_basis
    answer: Answer | None = None
    prepare: Prepare | None = None
    recalls: bool = False
    channel: str = "none"
    reversibility: Reversibility = Reversibility.FINAL
    risk: Risk = Risk.NONE
    cost: Cost = Cost.NOTHING
    schema: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", self.args.model_json_schema())

    @property
    def is_effect(self) -> bool:
        """Whether a call of this tool touches the world."""
        return self.prepare is not None
