"""Who finds out what is meant in the chat: rules alone, or rules with a model behind them."""

from __future__ import annotations

from agent.chat.grammar import Grammar
from agent.chat.intents import Interpreter
from agent.planning import Closes
from agent.settings import Settings


def interpreter_of(settings: Settings) -> tuple[Interpreter, Closes | None]:
    """Who finds out what is meant in the chat, and what is to be closed with it."""
    if not settings.plans_with_model:
        return Grammar(), None
    # The model's library takes seconds to import; who does without a model does not wait for it.
    from agent.chat.rephrasing import rephrasing_of

    return rephrasing_of(settings)
