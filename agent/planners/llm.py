"""The `llm` planner: a model behind an OpenAI-compatible endpoint, over the same tools and gate.

Whatever the model answers, a turn ends in a proposal. An answer that cannot be used is sent back
with exactly what is wrong with it, twice at most; then, or where the endpoint does not answer, or
where the decision's budget for planning is spent, the turn is handed to the planner that needs no
model. The journal holds what went wrong and who planned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx

from agent.planners import prompt, replies
from agent.planners.model_client import (
    Garbled,
    Late,
    ModelClient,
    ModelError,
    limit_name,
    model_client,
)
from agent.planners.offline import OfflinePlanner
from agent.planners.usage import Prices, counted, estimated
from agent.planning import PLANNED_BY_OTHERS, Author, Planner, Proposal, Situation, Usage
from agent.settings import Settings

MOST_REPAIRS: Final = 2
_MOST_PREFIXES: Final = 64


@dataclass(frozen=True, slots=True)
class Bounds:
    """What planning one decision may use: requests, and tokens of their prompts together."""

    most_calls: int = 16
    most_prompt_tokens: int = 120_000


@dataclass(frozen=True, slots=True)
class Asking:
    """Which model, in which mode; `fields` go into every request as they are."""

    model: str
    mode: prompt.Mode = "tools"
    fields: tuple[tuple[str, Any], ...] = ()


class LlmPlanner:
    """Plans with a model; `fallback` takes the turns that come to nothing."""

    kind = "llm"

    def __init__(
        self,
        client: ModelClient,
        asking: Asking,
        *,
        bounds: Bounds | None = None,
        prices: Prices | None = None,
        fallback: Planner | None = None,
    ) -> None:
        self.model: str | None = asking.model
        self._client = client
        self._asking = asking
        self._bounds = bounds or Bounds()
        self._prices = prices or Prices()
        self._fallback = fallback or OfflinePlanner()
        self._prefixes: dict[tuple[str, ...], prompt.Prefix] = {}

    async def close(self) -> None:
        """Close the connections to the model."""
        await self._client.close()

    async def propose(self, situation: Situation) -> Proposal:
        """The next calls in this situation; raises nothing for what a model or endpoint does."""
        head = self._prefix(situation)
        turn = _Turn(self._client, self._asking, self._bounds, situation, head)
        reply = await turn.take()
        used = self._prices.charged(turn.used, before=situation.spent)
        if reply is None:
            return await self._hand_over(situation, used, turn.mishaps)
        return Proposal(
            reply.plan,
            reply.calls,
            usage=used,
            mishaps=(*turn.mishaps, *reply.left_out),
            author=Author(self.kind, self.model, head.digest),
        )

    async def _hand_over(self, s: Situation, used: Usage, mishaps: list[str]) -> Proposal:
        other = await self._fallback.propose(s)
        author = other.author or Author(self._fallback.kind, self._fallback.model, s.agent.sha256)
        said = (*mishaps, f"{PLANNED_BY_OTHERS}{self._fallback.kind}")
        return replace(
            other, usage=used + other.usage, mishaps=(*said, *other.mishaps), author=author
        )

    def _prefix(self, s: Situation) -> prompt.Prefix:
        brand = s.brand.sha256 if s.brand is not None else ""
        key = (s.agent.sha256, brand, *(tool.name for tool in s.tools))
        found = self._prefixes.get(key)
        if found is None:
            if len(self._prefixes) >= _MOST_PREFIXES:
                self._prefixes.clear()
            found = prompt.prefix(s.agent, s.brand, s.tools, mode=self._asking.mode)
            self._prefixes[key] = found
        return found


class _Turn:
    """One turn: asking, and asking again."""

    def __init__(
        self,
        client: ModelClient,
        asking: Asking,
        bounds: Bounds,
        s: Situation,
        head: prompt.Prefix,
    ) -> None:
        self.used = Usage()
        self.mishaps: list[str] = []
        self._client = client
        self._asking = asking
        self._bounds = bounds
        self._s = s
        self._head = head
        self._repairs: list[tuple[str, str]] = []

    async def take(self) -> replies.Reply | None:
        """The model's answer, or None where it is to be planned without the model."""
        for _ in range(1 + MOST_REPAIRS):
            body = prompt.request(
                self._head, self._s, model=self._asking.model, repairs=self._repairs
            )
            body |= self._asking.fields
            tokens = estimated(body)
            left = self._left(tokens)
            if left < 1:
                return None
            try:
                answer = await self._client.ask(body, most=left)
            except (Late, Garbled) as error:
                # It may well have been worked on, and be charged for.
                self.used += Usage(error.requests, tokens)
                self.mishaps.append(str(error))
                continue
            except ModelError as error:
                self.used += Usage(error.requests)
                self.mishaps.append(str(error))
                return None
            said = replies.said_by(answer.body)
            self.used += Usage(
                answer.requests, *counted(answer.body, prompt_estimate=tokens, said=said)
            )
            try:
                return replies.read(answer.body, self._s)
            except replies.Unusable as wrong:
                self.mishaps.append(str(wrong))
                self._repairs.append((said, str(wrong)))
        return None

    def _left(self, tokens: int) -> int:
        """How many requests may still be made; none where the prompts would grow too long."""
        spent, bounds = self._s.spent + self.used, self._bounds
        if spent.llm_calls >= bounds.most_calls:
            self.mishaps.append(f"this decision has used its {bounds.most_calls} requests")
            return 0
        if spent.prompt_tokens + tokens > bounds.most_prompt_tokens:
            self.mishaps.append(
                f"this decision's prompts would pass {bounds.most_prompt_tokens} tokens"
            )
            return 0
        return bounds.most_calls - spent.llm_calls


def llm_planner(
    settings: Settings,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    http_client: httpx.AsyncClient | None = None,
) -> LlmPlanner:
    """The planner that a deployment's settings ask for."""
    key = settings.llm_api_key
    base_url = settings.llm_base_url
    client = model_client(
        base_url=base_url,
        api_key=key.get_secret_value() if key is not None else None,
        timeout=settings.llm_timeout,
        sleep=sleep,
        http_client=http_client,
    )
    fields: list[tuple[str, Any]] = [(limit_name(base_url), settings.llm_max_reply_tokens)]
    if settings.llm_temperature is not None:
        fields.append(("temperature", settings.llm_temperature))
    return LlmPlanner(
        client,
        Asking(settings.llm_model, settings.llm_mode, tuple(fields)),
        bounds=Bounds(settings.llm_max_calls, settings.llm_max_prompt_tokens),
        prices=Prices(settings.llm_price_prompt, settings.llm_price_completion),
    )
