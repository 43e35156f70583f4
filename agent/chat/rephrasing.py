"""A model as the second interpreter: free words in, one of the grammar's sentences out.

The grammar is asked first, and what the model says is read by the grammar again: it can mean
nothing that the grammar could not. Whoever is named is hidden from it (`R1`, `R2`) and put back.
Without an answer in time, or with any other answer, the sentence is simply not understood.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from agent.chat.grammar import LONGEST, parse
from agent.chat.intents import Intent, Unknown, Vocabulary, bare
from agent.planners.model_client import (
    Answer,
    ModelClient,
    ModelError,
    limit_name,
    model_client,
)
from agent.settings import Settings

log = structlog.get_logger("usher.chat")

PROMPT: Final = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
_MOST_TOKENS: Final = 200
_AMOUNT = re.compile(r"(?:€|\$|£)?\d{1,7}(?:[.,]\d{1,2})?(?:€|\$|£)?")
#: What may name somebody: an address, or anything with a digit or an underscore that is no amount.
_NAMING = re.compile(r"[@_\d]")
_WORD = re.compile(r"\S+")
_PLACE = re.compile(r"\bR(\d{1,2})\b")


class Asks(Protocol):
    """Whatever can ask a model."""

    async def ask(self, body: dict[str, Any], *, most: int = 1) -> Answer:
        """One answer. Raises `ModelError`."""
        ...


class Rephrasing:
    """The grammar, and a model for what it does not understand."""

    def __init__(self, client: Asks, model: str, *, limit: str = "max_tokens") -> None:
        self._client = client
        self._model = model
        self._limit = limit

    async def interpret(self, text: str, words: Vocabulary) -> Intent:
        """What is meant; `Unknown` where neither finds it out."""
        intent = parse(text, words)
        if not isinstance(intent, Unknown) or len(text) > LONGEST or not text.isprintable():
            return intent
        hidden, named = _hidden(text, words)
        try:
            answer = await self._client.ask(self._body(hidden, words), most=1)
        except ModelError as error:
            log.warning("chat_without_model", error=type(error).__name__)
            return intent
        return parse(_shown(_said(answer.body), named), words)

    def _body(self, text: str, words: Vocabulary) -> dict[str, Any]:
        known = (
            f"Goals: {', '.join(sorted(words.goals))}. Agents: {', '.join(sorted(words.agents))}."
        )
        return {
            "model": self._model,
            "messages": [
                {"role": "system", "content": f"{PROMPT}\n{known}"},
                {"role": "user", "content": text},
            ],
            self._limit: _MOST_TOKENS,
        }


def rephrasing_of(settings: Settings) -> tuple[Rephrasing, ModelClient]:
    """The interpreter that a deployment's settings ask for, and its client, to be closed."""
    key = settings.llm_api_key
    client = model_client(
        base_url=settings.llm_base_url,
        api_key=None if key is None else key.get_secret_value(),
        timeout=settings.llm_timeout,
    )
    limit = limit_name(settings.llm_base_url)
    return Rephrasing(client, settings.llm_model, limit=limit), client


def _hidden(text: str, words: Vocabulary) -> tuple[str, list[str]]:
    """The text with whoever it may name written R1, R2 …, and who they are."""
    named: list[str] = []

    def hide(found: re.Match[str]) -> str:
        word = bare(found[0])
        if word not in words.people:
            ours = _AMOUNT.fullmatch(word) or word in words.goals or word in words.agents
            if ours or not _NAMING.search(word):
                return found[0]
        named.append(word)
        return found[0].replace(word, f"R{len(named)}")

    return _WORD.sub(hide, text), named


def _shown(text: str, named: list[str]) -> str:
    """The sentence with everybody back in place; empty where it names somebody nobody named."""
    places = [int(n) for n in _PLACE.findall(text)]
    if any(not 1 <= n <= len(named) for n in places):
        return ""
    return _PLACE.sub(lambda found: named[int(found[1]) - 1], text)


def _said(body: dict[str, Any]) -> str:
    """The words of an answer; empty for anything that is not one whole sentence."""
    try:
        choice = body["choices"][0]
        content = choice["message"]["content"]
        whole = choice.get("finish_reason") in ("stop", None)
    except (KeyError, IndexError, TypeError, AttributeError):
        return ""
    if not whole or not isinstance(content, str) or len(content) > LONGEST:
        return ""
    return content.strip().strip('`"').strip()
