"""What a planner is told and what it may answer: the protocol that every planner speaks.

A planner proposes; it decides nothing and touches nothing. An empty proposal means that it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from prompts.agents import AgentFile
from prompts.brand import Brand

#: How the mishap begins that says that another planner than the one asked planned a turn.
PLANNED_BY_OTHERS = "this turn was planned "


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool the planner may name, with the JSON schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepView:
    """One earlier call of this decision: what the gate said and what came of it."""

    n: int
    call_id: str
    tool: str
    args: dict[str, Any]
    outcome: str
    fired: list[dict[str, str]]
    obligations: dict[str, Any]
    result: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a planner may look at. Instants in microseconds, money in minor units."""

    goal: str
    agent: AgentFile
    now_us: int
    zone: str | None
    context: dict[str, Any]
    profile: dict[str, Any]
    contacts: list[dict[str, Any]]
    memories: list[dict[str, Any]]
    wakes: list[str]
    unknown_events: list[dict[str, Any]]
    offers: list[dict[str, Any]]
    tools: list[ToolOffer]
    steps: list[StepView]
    journey: dict[str, Any]
    #: The turn at which something new came in last: what was read and refused until then is stale.
    news_at: int = 0
    #: What the decision perceived, as its journal shows it.
    facts: dict[str, Any] = field(default_factory=dict)
    #: The agent's messages in this person's language, with the slots that a planner writes.
    messages: tuple[dict[str, Any], ...] = ()
    brand: Brand | None = None
    #: What planning this decision has cost so far.
    spent: Usage = field(default_factory=lambda: Usage())


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """One call. `overrides`: a reason for each soft rule that should be set aside."""

    id: str
    tool: str
    args: dict[str, Any]
    reasoning: str = ""
    confidence_bp: int | None = None
    overrides: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """What planning cost. `cost_minor` in the model's billing currency."""

    llm_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_minor: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            self.llm_calls + other.llm_calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost_minor + other.cost_minor,
        )

    def as_json(self) -> dict[str, int]:
        """As it stands in the journal."""
        return {
            "llm_calls": self.llm_calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost_minor,
        }

    @classmethod
    def of_json(cls, body: Mapping[str, int]) -> Usage:
        """As it was written to the journal."""
        return cls(
            body.get("llm_calls", 0),
            body.get("prompt_tokens", 0),
            body.get("completion_tokens", 0),
            body.get("cost", 0),
        )


@dataclass(frozen=True, slots=True)
class Author:
    """Who planned one turn: the kind of planner, its model, and the digest of what it was told."""

    kind: str
    model: str | None
    prompt_digest: str

    def as_json(self) -> dict[str, str | None]:
        """As it stands in the journal."""
        return {"kind": self.kind, "model": self.model, "prompt_digest": self.prompt_digest}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan in a sentence, and the next calls; none means done.

    `look_again_at`: once the contact proposed here is made, its journey is looked at again then.
    `mishaps`: what went wrong on the way to it. `author`: who planned it, where that was not simply
    the planner that was asked, reading the agent's file.
    """

    plan: str
    calls: tuple[ProposedCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    look_again_at: int | None = None
    mishaps: tuple[str, ...] = ()
    author: Author | None = None


@runtime_checkable
class Closes(Protocol):
    """Something that holds a connection open until it is closed."""

    async def close(self) -> None:
        """Let go of it."""


class Planner(Protocol):
    """Something that proposes calls."""

    kind: str
    model: str | None

    async def propose(self, situation: Situation) -> Proposal:
        """The next calls in this situation."""
        ...
