"""What an operator may mean, and who finds it out: plain values, no text of theirs among them.

An interpreter turns text into one of these and can do nothing else. The grammar is one; a model may
be another. Whatever it says, what changes something is a card that a person confirms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from agent.brake import InFlight


@dataclass(frozen=True, slots=True)
class Why:
    """Why a decision came out as it did: a decision's id, or a person, whose newest it is."""

    reference: str


@dataclass(frozen=True, slots=True)
class WhatHappened:
    """What happened to somebody, newest first."""

    reference: str


@dataclass(frozen=True, slots=True)
class Start:
    """Start a goal for one person."""

    goal: str
    reference: str


@dataclass(frozen=True, slots=True)
class Recover:
    """Recover the carts left in a span of time. `amount` as it was written, with its currency."""

    when: str
    over: bool = True
    amount: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Pull the brake."""

    scope: str
    in_flight: InFlight = "hold"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Lift:
    """Lift the brake: the one of a scope, the one of an id, or the only one there is."""

    scope: str | None = None
    brake_id: str | None = None


@dataclass(frozen=True, slots=True)
class HowMany:
    """Count: contacts, decisions, refusals; or what waits and what is deferred, which is now."""

    what: str
    when: str = "today"


@dataclass(frozen=True, slots=True)
class Help:
    """What can be asked here."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing that can be done here."""


Intent: TypeAlias = Why | WhatHappened | Start | Recover | Stop | Lift | HowMany | Help | Unknown


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that are somebody's here. `people`: words of the sentence that name a customer."""

    goals: frozenset[str]
    agents: frozenset[str]
    people: frozenset[str] = frozenset()


def words_of(text: str) -> list[str]:
    """The words of a sentence, without what is written around them."""
    found = (bare(word) for word in text.split())
    return [word for word in found if word]


def bare(word: str) -> str:
    """A word without the marks around it, and without a genitive."""
    return word.strip(".,;:!?\"'()").removesuffix("'s").removesuffix("’s")


class Interpreter(Protocol):
    """Text in, intent out. Reads nothing, changes nothing."""

    async def interpret(self, text: str, words: Vocabulary) -> Intent:
        """What is meant; `Unknown` where that is not clear."""
        ...
