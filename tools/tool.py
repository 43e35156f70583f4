"""What a tool is: a name the planner can say, strict arguments, and what happens if the gate allows it.

A read answers from the picture of the customer. Everything else is *prepared* outside the database (a
rendered message, an offer's code) and then claimed in one transaction (`tools.claim`), which is the only
place where an effect comes into being (P1).
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


class Args(BaseModel):
    """Arguments of a tool: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ToolRefused(Exception):
    """The call cannot be carried out as it stands; the message tells the planner what to change."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a call stands in, beside the customer: who asks, for which goal, under which rules."""

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


@dataclass(frozen=True, slots=True)
class Prepared:
    """An effect ready to be claimed. `write` adds the rows that live beside it, in the same unit."""

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
    reservations: tuple[tuple[str, int], ...] = ()
    write: Callable[[Connection, Vault, str], None] | None = None
    hands_over: bool = False


Answer: TypeAlias = Callable[[Picture, Any, Setting], dict[str, Any]]
Facts: TypeAlias = Callable[[Picture, Any, Setting], dict[str, FactValue]]
Prepare: TypeAlias = Callable[[Picture, Any, Setting, str], Prepared]


def no_facts(picture: Picture, args: Any, setting: Setting) -> dict[str, FactValue]:
    """A tool that needs no more than every call does."""
    return {}


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. A read has `answer`; an effect has `prepare(picture, args, setting, effect_id)`."""

    name: str
    kind: ActionKind
    description: str
    args: type[Args]
    facts: Facts = no_facts
    answer: Answer | None = None
    prepare: Prepare | None = None
    recalls: bool = False
    schema: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", self.args.model_json_schema())

    @property
    def is_effect(self) -> bool:
        """Whether a call of this tool touches the world."""
        return self.prepare is not None
