"""Rule-based journeys, `NAME.rules.yaml`: what the `rules` arm of an experiment runs.

The journey of a classic campaign tool, as data: wait for a time or an event, branch on facts,
split by percent, send, exit, enter again. It is read into frozen steps; nothing in it can be run
as code. Sends go through the same gate as an agent's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

from pydantic import Field, model_validator

from prompts.agents import FULL_BP, Name, Trigger
from prompts.conditions import Condition
from prompts.durations import Duration, microseconds
from prompts.problems import did_you_mean
from prompts.source import Source, Strict
from prompts.timing import EventName

#: Facts a branch may read, with the type each has. A fact that is not known fails its comparison.
RULE_FACTS: Final[dict[str, type]] = {
    "customer.segment": str,
    "customer.orders": int,
    "customer.revenue_minor": int,
    "customer.discounts_taken": int,
    "customer.preferred_channel": str,
    "customer.language": str,
    "customer.open_complaint": bool,
    "customer.has_email": bool,
    "customer.has_sms": bool,
    "customer.email_consent": str,
    "customer.sms_consent": str,
    "cart.value_minor": int,
    "cart.currency": str,
    "cart.lines": int,
    "cart.in_stock": bool,
    "cart.worst_margin_bp": int,
    "journey.messages_sent": int,
}


class Wait(Strict):
    """A pause for a time, or until an event comes or `at_most` has passed."""

    for_: Duration | None = Field(default=None, alias="for")
    until: EventName | None = None
    at_most: Duration | None = None
    met: tuple[Step, ...] = Field(default=(), strict=False)
    missed: tuple[Step, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _one_way(self) -> Wait:
        if (self.for_ is None) == (self.until is None):
            raise ValueError("a wait has either 'for: PT4H' or 'until: EVENT' with 'at_most: P1D'")
        if (self.until is None) != (self.at_most is None):
            raise ValueError("'until' and 'at_most' go together: nobody waits for ever")
        if self.until is None and (self.met or self.missed):
            raise ValueError("'met' and 'missed' belong to a wait 'until' an event")
        return self

    @property
    def longest_us(self) -> int:
        """When the wait is over at the latest, in microseconds from its start."""
        length = self.for_ or self.at_most
        assert length is not None
        return microseconds(length)


class Branch(Strict):
    """Steps for those of whom all of `if` holds, and steps for everybody else."""

    if_: tuple[Condition, ...] = Field(alias="if", min_length=1, strict=False)
    then: tuple[Step, ...] = Field(default=(), strict=False)
    else_: tuple[Step, ...] = Field(default=(), alias="else", strict=False)

    def taken(self, facts: Mapping[str, Any]) -> tuple[Step, ...]:
        """The steps these facts lead to."""
        return self.then if all(condition.holds(facts) for condition in self.if_) else self.else_


class Way(Strict):
    """One way of a split and its share in basis points."""

    name: Name
    share_bp: int = Field(ge=0, le=FULL_BP)
    steps: tuple[Step, ...] = Field(default=(), strict=False)


class Split(Strict):
    """A split by percent: the same journey always takes the same way."""

    name: Name
    ways: tuple[Way, ...] = Field(min_length=2, strict=False)

    @model_validator(mode="after")
    def _full(self) -> Split:
        total = sum(way.share_bp for way in self.ways)
        if total != FULL_BP:
            raise ValueError(f"the ways' shares add up to {total}, not {FULL_BP}")
        if len({way.name for way in self.ways}) < len(self.ways):
            raise ValueError("two ways have the same name")
        return self

    def way(self, key: str) -> Way:
        """The way of a stable key, such as the journey's id."""
        digest = hashlib.sha256(f"split:{self.name}:{key}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") % FULL_BP
        for way in self.ways:
            if place < way.share_bp:
                return way
            place -= way.share_bp
        raise AssertionError("shares add up to the whole")


class RuleOffer(Strict):
    """The discount that a send carries; it is made through the gate like any other."""

    discount_bp: int = Field(ge=1, le=FULL_BP)
    valid_hours: int = Field(ge=1, le=2160)


class Send(Strict):
    """A message of the agent's. `slots` are the words a planner would write."""

    message: Name
    slots: dict[Name, str] = Field(default_factory=dict)
    offer: RuleOffer | None = None
    useful_for: Duration = "P1D"

    @property
    def useful_for_us(self) -> int:
        """How long the message is of use, in microseconds."""
        return microseconds(self.useful_for)


class Exit(Strict):
    """The end of the journey, with the reason people will read."""

    because: str = Field(min_length=1, max_length=200)


class Step(Strict):
    """One step: exactly one of its keys."""

    wait: Wait | None = None
    branch: Branch | None = None
    split: Split | None = None
    send: Send | None = None
    exit: Exit | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        if sum(part is not None for part in self._parts()) != 1:
            raise ValueError("a step is exactly one of: wait, branch, split, send, exit")
        return self

    def _parts(self) -> tuple[Wait | Branch | Split | Send | Exit | None, ...]:
        return (self.wait, self.branch, self.split, self.send, self.exit)

    @property
    def does(self) -> Wait | Branch | Split | Send | Exit:
        """What this step does."""
        return next(part for part in self._parts() if part is not None)


class ReEntry(Strict):
    """Whether somebody may go through the journey again, and how long after the last time."""

    after: Duration | None = None

    @property
    def after_us(self) -> int | None:
        """The pause in microseconds; None: never again."""
        return None if self.after is None else microseconds(self.after)


class RulesFile(Strict):
    """One rule-based journey, the twin of the agent it names."""

    agent: Name
    goals: tuple[Name, ...] = Field(min_length=1, strict=False)
    trigger: Trigger
    re_entry: ReEntry = Field(default_factory=ReEntry)
    steps: tuple[Step, ...] = Field(min_length=1, strict=False)
    sha256: str = Field(exclude=True)


for _model in (Wait, Branch, Way, Split, Step, RulesFile):
    _model.model_rebuild()

Where = tuple[str | int, ...]


def read_rules(text: str, file: str) -> tuple[RulesFile | None, Source]:
    """Read a rules file; its problems are noted in the source."""
    source = Source(text, file, only_yaml=True)
    if source.front is not None and "sha256" in source.front:
        source.say(("sha256",), "'sha256' is not a key of a rules file")
        del source.front["sha256"]
    rules = source.model(RulesFile, sha256=source.sha256)
    if rules is None:
        return None, source
    name = PurePath(file).name
    if name.endswith(".rules.yaml") and name != f"{rules.agent}.rules.yaml":
        source.say(("agent",), f"the file is called {name}, so the agent must be its first word")
    names: set[str] = set()
    for path, step in walk(rules.steps, ("steps",)):
        if step.branch is not None:
            for n, condition in enumerate(step.branch.if_):
                _check_condition(condition, (*path, "branch", "if", n), source)
        if step.split is not None:
            if step.split.name in names:
                source.say((*path, "split", "name"), f"two splits are called '{step.split.name}'")
            names.add(step.split.name)
    return rules, source


def parse_rules(text: str, file: str) -> RulesFile:
    """Read a rules file. Raises `PromptError` with all of its problems."""
    rules, source = read_rules(text, file)
    source.finish()
    assert rules is not None
    return rules


def walk(steps: tuple[Step, ...], path: Where) -> Iterator[tuple[Where, Step]]:
    """Every step with its path in the file, in the order of the file."""
    for n, step in enumerate(steps):
        here = (*path, n)
        yield here, step
        if step.wait is not None:
            yield from walk(step.wait.met, (*here, "wait", "met"))
            yield from walk(step.wait.missed, (*here, "wait", "missed"))
        if step.branch is not None:
            yield from walk(step.branch.then, (*here, "branch", "then"))
            yield from walk(step.branch.else_, (*here, "branch", "else"))
        if step.split is not None:
            for m, way in enumerate(step.split.ways):
                yield from walk(way.steps, (*here, "split", "ways", m, "steps"))


def sends(rules: RulesFile) -> list[tuple[Where, Send]]:
    """Every send of a journey with its path in the file."""
    return [
        ((*path, "send"), step.send)
        for path, step in walk(rules.steps, ("steps",))
        if step.send is not None
    ]


def _check_condition(condition: Condition, path: Where, source: Source) -> None:
    kind = RULE_FACTS.get(condition.fact)
    if kind is None:
        hint = did_you_mean(condition.fact, RULE_FACTS) or f"; there are: {', '.join(RULE_FACTS)}"
        source.say((*path, "fact"), f"there is no fact '{condition.fact}'{hint}")
        return
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    for value in values:
        if type(value) is not kind:
            source.say(
                (*path, "value"), f"'{condition.fact}' is {_SAID[kind]}, so '{value}' never fits"
            )


_SAID: Final[dict[type, str]] = {str: "a word", int: "a whole number", bool: "true or false"}
