"""A model as the second interpreter: it can mean what the grammar can, and learns nobody's name."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.chat.intents import HowMany, Recover, Start, Stop, Unknown, Vocabulary, Why
from agent.chat.rephrasing import Rephrasing
from agent.planners.model_client import Answer, Unreachable, model_client

WORDS = Vocabulary(frozenset({"recover_cart"}), frozenset({"shopping"}))


class Told:
    """A model that says what it is told to, and keeps what it was asked."""

    def __init__(self, content: Any, finish: str = "stop") -> None:
        self.asked: list[dict[str, Any]] = []
        self._choice = {"message": {"content": content}, "finish_reason": finish}

    async def ask(self, body: dict[str, Any], *, most: int = 1) -> Answer:
        self.asked.append(body)
        if self._choice["message"]["content"] is Unreachable:  # type: ignore[index]
            raise Unreachable("gone")
        return Answer({"choices": [self._choice]}, 1)


async def meant(text: str, model: Told) -> Any:
    return await Rephrasing(model, "m").interpret(text, WORDS)


async def test_what_the_grammar_understands_is_not_asked() -> None:
    model = Told("stop everything")
    assert await meant("how many contacts this week", model) == HowMany("contacts", "this week")
    assert model.asked == []


async def test_free_words_become_one_of_the_grammars_sentences() -> None:
    said = "recover carts over 80 € from last night"
    model = Told(said)
    intent = await meant("get me the baskets above 80 € that people left last night", model)
    assert isinstance(intent, Recover)
    assert (intent.amount, intent.currency) == ("80", "EUR")


async def test_p5_whoever_is_named_is_hidden_from_the_model_and_put_back() -> None:
    model = Told("why for R1")
    intent = await meant("tell me what on earth moved you with ada@example.com last time", model)
    assert intent == Why("ada@example.com")
    assert "ada" not in str(model.asked)


async def test_goals_and_amounts_are_not_hidden() -> None:
    model = Told("start recover_cart for R1")
    assert await meant("could somebody kick off recover_cart with shop-04388?", model) == Start(
        "recover_cart", "shop-04388"
    )
    assert "recover_cart with R1" in str(model.asked)


@pytest.mark.parametrize("said", ["why for R2", "start recover_cart for R9", "none", "", "rm -rf"])
async def test_p11_a_model_names_nobody_who_was_not_named(said: str) -> None:
    assert await meant("tell me of the one with ada@example.com", Told(said)) == Unknown()


@pytest.mark.parametrize("content", [None, 7, [], {"x": 1}, "stop everything " * 99, Unreachable])
async def test_anything_but_a_sentence_is_not_understood(content: Any) -> None:
    assert await meant("please do the usual thing", Told(content)) == Unknown()


async def test_a_sentence_that_was_cut_off_is_not_understood() -> None:
    assert await meant("please do the usual thing", Told("stop everything", "length")) == Unknown()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120), st.text(max_size=60))
async def test_p14_whatever_is_said_or_answered_is_an_intent_of_the_grammar(
    text: str, answer: str
) -> None:
    intent = await meant(text, Told(answer))
    assert type(intent).__module__ == "agent.chat.intents"


@respx.mock
async def test_it_asks_over_the_one_client_of_models() -> None:
    reply = {"choices": [{"message": {"content": "stop all discounts"}, "finish_reason": "stop"}]}
    route = respx.post("http://model.test/v1/chat/completions").respond(json=reply)
    async with httpx.AsyncClient() as transport:
        client = model_client(
            base_url="http://model.test/v1", api_key="k", timeout=5, http_client=transport
        )
        intent = await Rephrasing(client, "m").interpret("no more giving money away", WORDS)
    assert isinstance(intent, Stop)
    assert route.called
