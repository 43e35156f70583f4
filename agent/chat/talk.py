"""Chat: an operator's sentence in, text and cards out; and a card confirmed, once.

Text changes nothing: it is read, answered, and forgotten. What changes something is a card, and a
card is carried out when a person with the role says so, within ten minutes, one time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from agent.brake import Braking
from agent.chat import cards as making
from agent.chat.answers import Answers, what_can_be_said
from agent.chat.cards import Shown
from agent.chat.carrying_out import Trigger, carry_out
from agent.chat.grammar import Grammar
from agent.chat.intents import (
    Help,
    HowMany,
    Intent,
    Interpreter,
    Lift,
    Recover,
    Start,
    Stop,
    Vocabulary,
    WhatHappened,
    Why,
    words_of,
)
from agent.decisions import Decisions
from agent.environment import Environment
from agent.errors import Conflict, Forbidden, NotFound, UsherError
from agent.explain_words import sentence
from agent.people import People
from customers.naming import naming
from store import cards
from store.cards import Card
from store.ids import new_id
from store.principals import Principal

_NOT_UNDERSTOOD = "I did not understand that, and nothing was done."


@dataclass(frozen=True, slots=True)
class Said:
    """One piece of an answer: `text`, `card` or, in the end, `done`."""

    event: str
    data: dict[str, Any]


class Chat:
    """The service. `trigger` starts a goal; `interpreter` finds out what is meant."""

    def __init__(
        self,
        env: Environment,
        *,
        decisions: Decisions,
        people: People,
        brake: Braking,
        trigger: Trigger,
        interpreter: Interpreter | None = None,
    ) -> None:
        self._env = env
        self._db = env.db
        self._people = people
        self._brake = brake
        self._trigger = trigger
        self._interpreter: Interpreter = interpreter or Grammar()
        self._answers = Answers(env.db, env.clock, decisions, people)
        self._busy: set[str] = set()

    async def say(
        self, text: str, *, by: Principal, conversation: str | None = None
    ) -> AsyncIterator[Said]:
        """The answer to one sentence, piece by piece. Changes nothing; may write a card."""
        intent = await self._interpreter.interpret(text, await self._vocabulary(text))
        try:
            card = await self._card(intent, by.name)
            if card is None:
                yield Said("text", {"text": await self._told(intent)})
            else:
                yield Said("text", {"text": _asks(card, by)})
                yield Said("card", card)
        except UsherError as error:
            yield Said("text", {"text": sentence(str(error))})
        yield Said("done", {"conversation": conversation or new_id("cnv")})

    async def confirm(self, card_id: str, *, by: Principal) -> dict[str, Any]:
        """Carry a card out. Raises `NotFound`; `Forbidden` for the role; `Conflict` where it was
        carried out, is being carried out, or nobody confirmed it in time."""
        card = await self._db.read(cards.get, card_id)
        if card is None:
            raise NotFound(f"there is no card {card_id}")
        if not by.may(card.needs_role):
            raise Forbidden(f"this card is for the role {card.needs_role}; {by.name} is {by.role}")
        if card_id in self._busy:
            raise Conflict("this card is being carried out right now")
        self._busy.add(card_id)
        try:
            return await self._confirmed(card, by)
        finally:
            self._busy.discard(card_id)

    async def _confirmed(self, card: Card, by: Principal) -> dict[str, Any]:
        now_us = self._env.clock.now_us()
        taken = await self._db.write(cards.confirm, card.id, by=by.name, at=now_us)
        if not taken:
            now = await self._db.read(cards.get, card.id)
            if now is None or now.confirmed_by is None:
                raise Conflict("nobody confirmed this card in time; say it again")
            if now.outcome is not None:
                raise Conflict(f"this card was carried out already, for {now.confirmed_by}")
            # A process stopped while it was carried out: nothing of it is done twice.
        try:
            outcome = await carry_out(
                card, by=by.name, db=self._db, brake=self._brake, trigger=self._trigger
            )
        except UsherError as refused:
            await self._db.write(cards.done, card.id, {"refused": str(refused)})
            raise
        await self._db.write(cards.done, card.id, outcome)
        return {"id": card.id, "kind": card.kind, "confirmed_by": by.name, "outcome": outcome}

    async def _told(self, intent: Intent) -> str:
        match intent:
            case Why():
                return await self._answers.why(intent)
            case WhatHappened():
                return await self._answers.what_happened(intent)
            case HowMany():
                return await self._answers.count(intent)
            case Help():
                return what_can_be_said()
            case _:
                return f"{_NOT_UNDERSTOOD} {what_can_be_said()}"

    async def _card(self, intent: Intent, by: str) -> dict[str, Any] | None:
        """The card of a wish, written down; None where nothing is wished for."""
        match intent:
            case Stop():
                shown = await self._db.read(making.for_stop, self._env, intent, by=by)
            case Lift():
                shown = await self._db.read(making.for_lift, self._env, intent, by=by)
            case Start():
                customer_id = await self._people.find(intent.reference)
                shown = await self._db.read(making.for_start, self._env, intent, customer_id, by=by)
            case Recover():
                shown = await self._db.read(making.for_recover, self._env, intent, by=by)
            case _:
                return None
        return await self._db.write(_put, shown)

    async def _vocabulary(self, text: str) -> Vocabulary:
        agents = self._env.ground.agents
        names = frozenset(agent.name for agent in agents.values())
        people = await self._db.read(naming, self._db.vault, words_of(text))
        return Vocabulary(goals=frozenset(agents), agents=names, people=people)


def _put(conn: Connection, shown: Shown) -> dict[str, Any]:
    card, words = shown
    cards.put(conn, card)
    return {
        "id": card.id,
        "kind": card.kind,
        **words,
        "needs_role": card.needs_role,
        "expires_at": card.expires_at,
    }


def _asks(card: dict[str, Any], by: Principal) -> str:
    """What is said above a card."""
    role = card["needs_role"]
    who = "Confirm it" if by.may(role) else f"Let somebody with the role {role} confirm it"
    return f"{card['title']}. Nothing is done yet. {who} within 10 minutes, or it is not done."
