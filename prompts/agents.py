"""Agent files: one agent is one file, its bounds in the front matter, its instructions below.

What stands here is reviewed like policy; a model reads the instructions and can change none of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import PurePath
from typing import Annotated, Any

from pydantic import Field, model_validator

from prompts.conditions import Condition
from prompts.durations import Duration, microseconds
from prompts.problems import did_you_mean
from prompts.source import Source, Strict
from prompts.timing import BestHour, Detect, EventName

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
FULL_BP = 10_000


class Purpose(StrEnum):
    """What a contact is for; consents and suppressions are kept by purpose."""

    MARKETING = "marketing"
    SERVICE = "service"


class Autonomy(StrEnum):
    """How much an agent may do before a person looks."""

    ASSISTED = "assisted"
    SUPERVISED = "supervised"
    AUTONOMOUS = "autonomous"


class Mode(StrEnum):
    """Whether effects are only recorded, go to the outbox, or go to people."""

    SHADOW = "shadow"
    SANDBOX = "sandbox"
    LIVE = "live"


class Arm(StrEnum):
    """The treatments of an experiment."""

    AGENT = "agent"
    RULES = "rules"
    NOTHING = "nothing"


ArmName = Annotated[Arm, Field(strict=False)]


class Trigger(Strict):
    """An event that opens a journey, if all of `when` holds for its properties."""

    event: EventName
    when: tuple[Condition, ...] = Field(default=(), strict=False)

    def holds(self, properties: Mapping[str, Any]) -> bool:
        """Whether an event of this name with these properties opens the journey."""
        return all(condition.holds(properties) for condition in self.when)


class AgentFile(Strict):
    """One agent. `arms` are shares in basis points; `ends_on` without a value is the success."""

    name: Name
    goals: tuple[Name, ...] = Field(min_length=1, strict=False)
    purpose: Purpose = Field(strict=False)
    triggers: tuple[Trigger, ...] = Field(default=(), strict=False)
    replan_on: tuple[EventName, ...] = Field(default=(), strict=False)
    detects: tuple[Detect, ...] = Field(default=(), strict=False)
    best_hour: BestHour | None = None
    tools: tuple[Name, ...] = Field(min_length=1, strict=False)
    messages: tuple[Name, ...] = Field(default=(), strict=False)
    autonomy: Autonomy = Field(strict=False)
    mode: Mode = Field(default=Mode.SANDBOX, strict=False)
    arms: dict[ArmName, int] = Field(default_factory=lambda: {Arm.AGENT: FULL_BP})
    expires_after: Duration
    success_event: EventName
    ends_on: tuple[EventName, ...] = Field(default=(), strict=False)
    instructions: str = Field(exclude=True)
    sha256: str = Field(exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _ends_with_success(cls, data: Any) -> Any:
        if isinstance(data, dict) and "ends_on" not in data and _is_word(data):
            return {**data, "ends_on": [data["success_event"]]}
        return data

    @property
    def expires_after_us(self) -> int:
        """How long a journey stays open, in microseconds."""
        return microseconds(self.expires_after)


def read_agent(
    text: str, file: str, *, tools: Collection[str] | None = None
) -> tuple[AgentFile | None, Source]:
    """Read an agent file; its problems are noted in the source. `tools`: the names there are."""
    source = Source(text, file)
    if not source.body.strip() and source.front is not None:
        source.say_at(source.body_line, 1, "the agent has no instructions below its front matter")
    for key in ("instructions", "sha256"):
        if key in (source.front or {}):
            source.say((key,), f"'{key}' is not a key of an agent file")
            (source.front or {}).pop(key)
    agent = source.model(AgentFile, instructions=source.body.strip(), sha256=source.sha256)
    if agent is not None:
        _check(agent, source, tools)
    return agent, source


def parse_agent(text: str, file: str, *, tools: Collection[str] | None = None) -> AgentFile:
    """Read an agent file. Raises `PromptError` with all of its problems."""
    agent, source = read_agent(text, file, tools=tools)
    source.finish()
    assert agent is not None
    return agent


def _check(agent: AgentFile, source: Source, tools: Collection[str] | None) -> None:
    if file_stem := _stem(source.file):
        _same_name(agent.name, file_stem, source)
    if sum(agent.arms.values()) != FULL_BP:
        source.say(("arms",), f"the shares add up to {sum(agent.arms.values())}, not {FULL_BP}")
    if any(share < 0 for share in agent.arms.values()):
        source.say(("arms",), "a share cannot be below 0")
    for key in ("goals", "replan_on", "tools", "messages", "ends_on"):
        seen: set[str] = set()
        for n, word in enumerate(getattr(agent, key)):
            if word in seen:
                source.say((key, n), f"'{word}' stands twice in {key}")
            seen.add(word)
    if tools is not None:
        for n, tool in enumerate(agent.tools):
            if tool not in tools:
                source.say(("tools", n), f"there is no tool '{tool}'{did_you_mean(tool, tools)}")


def _is_word(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("success_event"), str)


def _stem(file: str) -> str:
    return PurePath(file).stem if file.endswith(".md") else ""


def _same_name(name: str, stem: str, source: Source) -> None:
    if name != stem:
        source.say(("name",), f"the file is called {stem}.md, so the name must be '{stem}'")
