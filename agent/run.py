"""One running decision, held in memory between its commits.

Everything here can be rebuilt from the journal after a crash: what has not been flushed has not
happened, and what was claimed is in the ledger. The LangGraph state carries only the decision's id
and the next step; this is what the nodes work on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from agent.arbitration import Terms
from agent.planning import Usage
from prompts.agents import AgentFile
from tools.gate import Decided
from tools.picture import Picture
from tools.tool import Prepared, Setting


@dataclass(frozen=True, slots=True)
class Wake:
    """Why a decision was opened or woken: an event's name and data, or a wake-up's kind."""

    event_id: str | None
    name: str
    properties: dict[str, Any]
    occurred_at: int
    unprogrammed: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """What a drain hands to the loop: one decision to make, or to go on with."""

    decision_id: str
    journey_id: str
    customer_id: str
    goal: str
    agent: AgentFile
    agent_version: int
    arm: str
    mode: str
    context: dict[str, Any]
    wakes: tuple[Wake, ...]
    journey_opened_at: int
    decisions_before: int
    steps: tuple[dict[str, Any], ...] = ()
    #: When earlier journeys of this goal were opened for this customer, where the `rules` arm asks.
    entries_before: tuple[int, ...] = ()
    #: What planning it had cost when it was last put down.
    spent: Usage = field(default_factory=Usage)


@dataclass(slots=True)
class Contender:
    """The contact this decision would make, waiting for the lane to settle."""

    decided: Decided
    prepared: Prepared
    effect_id: str
    terms: Terms


@dataclass(slots=True)
class Closing:
    """How the decision ends."""

    status: str
    reason: str
    outcome: dict[str, Any] | None = None
    look_again_at: int | None = None


@dataclass(slots=True)
class Run:
    """A decision in progress. `unflushed` entries go to the journal with the next commit."""

    opening: Opening
    epoch: int
    wakes: list[Wake]
    steps: list[dict[str, Any]]
    unflushed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    picture: Picture | None = None
    setting: Setting | None = None
    memories: list[dict[str, Any]] = field(default_factory=list)
    withheld_memories: list[dict[str, Any]] = field(default_factory=list)
    perceived: bool = False
    #: The picture whose facts the journal has been told of.
    noted: Picture | None = None
    turn: int = 0
    #: The turn at which something new came in last; the planner starts afresh from there.
    news_at: int = 0
    usage: Usage = field(default_factory=Usage)
    contender: Contender | None = None
    queued_here: tuple[str, ...] = ()
    handing_over: str | None = None
    #: Whether the decision goes on once that is handed over: it is no contact.
    goes_on: bool = False
    approval_id: str | None = None
    #: When the planner wants to see this journey again once its contact is made.
    look_again_at: int | None = None
    #: Who asks, where it is not the agent: whoever edited the call.
    asked_by: str | None = None
    closing: Closing | None = None
    #: The newest arrival that the lane had seen when this was to be claimed; None: it may be
    #: claimed whatever else has arrived.
    seen_arrival: int | None = None
    #: The status that the decision has committed on leaving `running`.
    left: str | None = None
    missing: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, opening: Opening, *, epoch: int) -> Run:
        """A fresh run, or one that goes on from the steps its journal holds."""
        steps = [dict(step) for step in opening.steps]
        turn = max((int(step["n"]) for step in steps), default=0)
        return cls(
            opening=opening,
            epoch=epoch,
            wakes=list(opening.wakes),
            steps=steps,
            turn=turn,
            news_at=turn,
            usage=opening.spent,
        )

    @property
    def id(self) -> str:
        """The decision's id."""
        return self.opening.decision_id

    def hear(self, wake: Wake, context: dict[str, Any]) -> None:
        """Something newer happened in its journey: it is looked at again, with that."""
        self.wakes.append(wake)
        self.opening = replace(self.opening, context=context)
        self.picture = None
        self.news_at = self.turn
