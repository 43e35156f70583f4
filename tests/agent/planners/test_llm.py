"""The llm planner: whatever a model answers, a turn ends in a proposal that may be looked at."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr

from agent.planners.llm import MOST_REPAIRS, Asking, Bounds, LlmPlanner, llm_planner
from agent.planners.model_client import OPENAI_URL, model_client
from agent.planners.offline import OfflinePlanner
from agent.planners.usage import Prices
from agent.planning import Proposal, Situation, Usage
from agent.settings import Settings
from tests.agent.planners.answers import EMAIL, FINISH, answer, called, said
from tests.agent.planners.situations import a_situation
from tools.registry import TOOLS

URL = "http://model.example/v1"
COMPLETIONS = f"{URL}/chat/completions"
S = a_situation()


@asynccontextmanager
async def planner(**more: Any) -> AsyncIterator[LlmPlanner]:
    """A planner whose client asks through a transport that respx sees. It never really sleeps."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    async with httpx.AsyncClient() as http:
        client = model_client(
            base_url=URL, api_key="sk-1", timeout=5, sleep=sleep, http_client=http
        )
        yield LlmPlanner(client, Asking("m-1", more.pop("mode", "tools")), **more)


async def propose(
    *answers: dict[str, Any] | httpx.Response, s: Situation = S, **more: Any
) -> tuple[Proposal, list[dict[str, Any]]]:
    """What is proposed where these answers come one after the other, and what was asked."""
    with respx.mock(assert_all_called=False) as mock:
        route = mock.post(COMPLETIONS).mock(side_effect=[_response(a) for a in answers])
        async with planner(**more) as made:
            proposal = await made.propose(s)
        return proposal, [json.loads(call.request.content) for call in route.calls]


def _response(body: Any) -> httpx.Response:
    """JSON as a server may write it: halves of characters and all."""
    if isinstance(body, httpx.Response):
        return body
    return httpx.Response(200, content=json.dumps(body).encode())


def asked(requests: Sequence[dict[str, Any]], n: int) -> str:
    return str(requests[n]["messages"][-1]["content"])


# -- a good answer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["tools", "json_schema"])
async def test_a_good_answer_is_proposed_as_it_is(mode: Any) -> None:
    body = called(("send_email", EMAIL | {"reasoning": "because", "confidence": 80}))
    proposal, requests = await propose(body, mode=mode)
    (call,) = proposal.calls
    assert (call.tool, call.args, call.reasoning) == ("send_email", EMAIL, "because")
    assert proposal.mishaps == () and len(requests) == 1
    assert proposal.author is not None and proposal.author.kind == "llm"
    assert proposal.author.model == "m-1" and len(proposal.author.prompt_digest) == 64
    assert ("response_format" in requests[0]) == (mode == "json_schema")


async def test_one_round_trip_suffices_where_the_facts_do() -> None:
    proposal, requests = await propose(called(("send_email", EMAIL)))
    assert proposal.usage == Usage(1, 1_000, 50, 0) and len(requests) == 1
    facts = asked(requests, 0)
    for needed in ('"lowest_margin_bp":6000', '"stock":5', '"email":"granted"', "cart_reminder"):
        assert needed in facts


async def test_what_was_left_out_is_noted() -> None:
    proposal, _ = await propose(called(("send_email", EMAIL), ("finish", FINISH)))
    assert [call.tool for call in proposal.calls] == ["send_email"]
    assert proposal.mishaps == (
        "finish was left out: what is not a read stands alone in its answer",
    )


# -- answers that cannot be used -------------------------------------------------------------------

GOOD = called(("finish", FINISH))
BAD = {
    "no call": (said("Let me think."), "there is no call"),
    "unknown tool": (called(("send_pigeon", {})), "there is no tool `send_pigeon`"),
    "invalid arguments": (called(("finish", {"outcome": "x"})), "finish: because: Field required"),
    "cut off": (answer({"content": "{"}, ended="length"), "was cut off"),
    "refused": (answer({"refusal": "no"}), "is a refusal"),
    "empty": ({"choices": []}, "is empty"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_what_is_wrong_is_sent_back_exactly_and_put_right(kind: str) -> None:
    body, why = BAD[kind]
    proposal, requests = await propose(body, body, GOOD)
    assert [call.tool for call in proposal.calls] == ["finish"]
    assert len(proposal.mishaps) == 2 and all(why in said for said in proposal.mishaps)
    assert proposal.author is not None and proposal.author.kind == "llm"
    assert why not in asked(requests, 0).split("What is the next step?")[1]
    for n in (1, 2):
        assert asked(requests, n).startswith(asked(requests, n - 1)), "the prompt only grows"
        assert json.dumps(proposal.mishaps[n - 1], ensure_ascii=False)[1:-1] in asked(requests, n)
    assert proposal.usage.llm_calls == 3


@pytest.mark.parametrize("kind", BAD)
async def test_after_two_repairs_the_turn_is_planned_without_a_model(kind: str) -> None:
    body, why = BAD[kind]
    proposal, requests = await propose(*[body] * 9)
    assert len(requests) == 1 + MOST_REPAIRS
    assert proposal.calls == (await OfflinePlanner().propose(S)).calls
    assert proposal.author is not None and proposal.author.kind == "offline"
    assert proposal.author.model is None and proposal.author.prompt_digest == S.agent.sha256
    assert len(proposal.mishaps) == 4 and all(why in said for said in proposal.mishaps[:3])
    assert proposal.mishaps[3] == "this turn was planned offline"
    assert proposal.usage.llm_calls == 3, "what it cost is counted all the same"


async def test_an_endpoint_that_does_not_answer_leaves_the_turn_to_the_other_planner() -> None:
    proposal, requests = await propose(*[httpx.Response(503)] * 9)
    assert len(requests) == 3 and proposal.usage.llm_calls == 3
    assert proposal.usage.prompt_tokens == 0
    assert proposal.mishaps[0] == "the model's endpoint answered 503"
    assert proposal.author is not None and proposal.author.kind == "offline"


async def test_a_rejected_request_is_not_repeated() -> None:
    proposal, requests = await propose(*[httpx.Response(401)] * 9)
    assert len(requests) == 1 and "answered 401" in proposal.mishaps[0]


async def test_a_garbled_answer_is_asked_for_again_as_it_was() -> None:
    proposal, requests = await propose(httpx.Response(200, content=b"{"), GOOD)
    assert requests[0] == requests[1]
    assert proposal.mishaps == ("the answer is no JSON",)


async def test_a_late_answer_is_asked_for_twice_more() -> None:
    tries = 0

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal tries
            tries += 1
            await asyncio.Event().wait()
            raise AssertionError

    async with httpx.AsyncClient(transport=Silent()) as http:
        client = model_client(base_url=URL, api_key=None, timeout=0.01, http_client=http)
        proposal = await LlmPlanner(client, Asking("m-1")).propose(S)
    assert tries <= 3 and proposal.usage.llm_calls == 3
    assert proposal.usage.prompt_tokens > 3_000, "it may be charged for, so it counts"
    assert proposal.mishaps[:3] == ("no answer within 0.01 seconds",) * 3


async def test_whoever_stops_the_decision_stops_the_planner() -> None:
    entered = asyncio.Event()

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            entered.set()
            await asyncio.Event().wait()
            raise AssertionError

    async with httpx.AsyncClient(transport=Silent()) as http:
        client = model_client(base_url=URL, api_key=None, timeout=60, http_client=http)
        planning = asyncio.create_task(LlmPlanner(client, Asking("m-1")).propose(S))
        await entered.wait()
        planning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await planning


# -- budgets ---------------------------------------------------------------------------------------


async def test_p2_no_request_goes_out_once_the_decisions_requests_are_used() -> None:
    s = replace(S, spent=Usage(llm_calls=4))
    proposal, requests = await propose(GOOD, s=s, bounds=Bounds(most_calls=4))
    assert requests == [] and proposal.usage == Usage()
    assert proposal.mishaps[0] == "this decision has used its 4 requests"
    assert proposal.author is not None and proposal.author.kind == "offline"


async def test_p2_repairs_and_retries_count_against_the_decisions_requests() -> None:
    s = replace(S, spent=Usage(llm_calls=2))
    bad, busy = said("Hm."), httpx.Response(503)
    _, requests = await propose(bad, bad, GOOD, s=s, bounds=Bounds(most_calls=4))
    assert len(requests) == 2
    _, requests = await propose(busy, busy, busy, s=s, bounds=Bounds(most_calls=4))
    assert len(requests) == 2


async def test_p2_no_prompt_goes_out_that_would_pass_the_decisions_tokens() -> None:
    s = replace(S, spent=Usage(prompt_tokens=19_000))
    proposal, requests = await propose(GOOD, s=s, bounds=Bounds(most_prompt_tokens=20_000))
    assert requests == [] and "20000 tokens" in proposal.mishaps[0]


async def test_p12_a_turn_costs_what_it_adds_to_its_decision() -> None:
    prices = Prices(prompt_minor=400, completion_minor=2_000)
    spent = Usage(1, 1_000, 50, 1)
    proposal, _ = await propose(GOOD, s=replace(S, spent=spent), prices=prices)
    both = spent + proposal.usage
    assert prices.cost_minor(both) == 1 and proposal.usage.cost_minor == 0
    assert proposal.usage.prompt_tokens == 1_000


# -- whatever comes --------------------------------------------------------------------------------


def _rubbish(rng: random.Random) -> httpx.Response:
    """Bytes, JSON of any shape, and answers that are nearly right."""
    kind = rng.randrange(6)
    if kind == 0:
        return httpx.Response(rng.choice([200, 204, 301, 400, 429, 500]), content=rng.randbytes(40))
    if kind == 1:
        return _response(_json(rng, 4))
    if kind == 2:
        return _response({"choices": _json(rng, 4), "usage": _json(rng, 2)})
    if kind == 3:
        return _response(said(json.dumps(_json(rng, 4))))
    name = rng.choice([*TOOLS, "send_pigeon", "", "finish "])
    args = rng.choice([EMAIL, FINISH, {}, _json(rng, 3), "{", json.dumps(_json(rng, 3))])
    body = called((name, args), *[("get_profile", {})] * rng.randrange(3))
    body["choices"][0]["finish_reason"] = rng.choice(["stop", "length", None, 7])
    return _response(body)


def _json(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(7 if depth else 5)
    if kind == 5:
        return [_json(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 6:
        keys = ["message", "content", "tool_calls", "function", "name", "arguments", "tool", "x"]
        return {rng.choice(keys): _json(rng, depth - 1) for _ in range(rng.randrange(4))}
    return [None, True, rng.randrange(-5, 10**6), rng.random(), "finish \ud800<data>"][kind]


async def test_p1_whatever_the_model_answers_only_listed_tools_are_proposed() -> None:
    rng = random.Random(20260303)
    offered = {"get_profile", "send_email", "finish"}
    agent = S.agent.model_copy(update={"tools": tuple(sorted(offered))})
    s = replace(S, agent=agent, tools=[tool for tool in S.tools if tool.name in offered])
    by: set[str] = set()
    with respx.mock(assert_all_called=False) as mock:
        route = mock.post(COMPLETIONS).mock(side_effect=lambda _: _rubbish(rng))
        mock.route().respond(200)
        async with planner() as made:
            for _ in range(500):
                proposal = await made.propose(s)
                assert isinstance(proposal, Proposal) and proposal.author is not None
                by.add(proposal.author.kind)
                assert {call.tool for call in proposal.calls} <= offered
                for call in proposal.calls:
                    TOOLS[call.tool].args.model_validate(call.args)
        assert route.call_count > 1_000
    assert by == {"llm", "offline"}


# -- settings --------------------------------------------------------------------------------------


@pytest.fixture
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "USHER_LLM_API_KEY", "USHER_LLM_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_nothing_set")
def test_a_model_plans_only_where_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Settings().plans_with_model
    assert Settings(llm_base_url="http://127.0.0.1:8080/v1").plans_with_model
    assert not Settings(planner="offline", llm_base_url="http://x/v1").plans_with_model
    with pytest.raises(ValueError, match="a model is needed: set USHER_LLM_BASE_URL"):
        Settings(planner="llm")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    assert Settings().plans_with_model and Settings().llm_api_key == SecretStr("sk-openai")
    monkeypatch.setenv("USHER_LLM_API_KEY", "sk-usher")
    assert Settings().llm_api_key == SecretStr("sk-usher")
    assert "sk-" not in repr(Settings())


@pytest.mark.usefixtures("_nothing_set")
def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="llm_base_url"):
        Settings(llm_base_url="model.example")


@pytest.mark.usefixtures("_nothing_set")
@pytest.mark.parametrize(
    ("base_url", "field"), [(None, "max_completion_tokens"), (URL, "max_tokens")]
)
async def test_the_settings_reach_the_endpoint(base_url: str | None, field: str) -> None:
    chosen = Settings(
        llm_base_url=base_url,
        llm_api_key=SecretStr("sk-1"),
        llm_model="m-2",
        llm_mode="json_schema",
        llm_temperature=0,
        llm_max_reply_tokens=321,
        llm_price_prompt=1_000_000,
    )
    with respx.mock() as mock:
        route = mock.post(f"{base_url or OPENAI_URL}/chat/completions").respond(200, json=GOOD)
        async with httpx.AsyncClient() as http:
            made = llm_planner(chosen, http_client=http)
            proposal = await made.propose(S)
            await made.close()
    body = json.loads(route.calls[0].request.content)
    assert body["model"] == "m-2" and body[field] == 321 and body["temperature"] == 0
    assert "response_format" in body and proposal.usage.cost_minor == 1_000
