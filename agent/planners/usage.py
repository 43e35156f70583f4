"""What planning costs: tokens as the endpoint counts them, money in integer minor units (P12).

An endpoint that counts nothing, or nonsense, is counted for: a budget cannot be slipped past.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from agent.planning import Usage

_MILLION = 1_000_000
#: More tokens than any one request holds; a larger count is none.
_MOST_TOKENS = 10_000_000
#: Bytes of text to a token: fewer than in fact, so that an estimate is on the safe side.
_BYTES_A_TOKEN = 3


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, in minor units of the model's billing currency."""

    prompt_minor: int = 0
    completion_minor: int = 0

    def cost_minor(self, used: Usage) -> int:
        """What so many tokens cost, rounded to the nearest minor unit."""
        exact = (
            used.prompt_tokens * self.prompt_minor + used.completion_tokens * self.completion_minor
        )
        return (exact + _MILLION // 2) // _MILLION

    def charged(self, used: Usage, *, before: Usage) -> Usage:
        """The same usage with its cost: what it adds to a decision that had used `before`.

        Rounded on the decision's total, so that many small requests add up to what they cost.
        """
        cost = self.cost_minor(before + used) - self.cost_minor(before)
        return Usage(used.llm_calls, used.prompt_tokens, used.completion_tokens, max(0, cost))


def estimated(value: Any) -> int:
    """About how many tokens a request or a text is, rather too many than too few."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN + 1


def counted(answer: dict[str, Any], *, prompt_estimate: int, said: str) -> tuple[int, int]:
    """Tokens of prompt and completion, by the endpoint's count where that is one."""
    told = answer.get("usage")
    told = told if isinstance(told, dict) else {}
    return (
        _count(told.get("prompt_tokens"), prompt_estimate),
        _count(told.get("completion_tokens"), estimated(said)),
    )


def _count(told: Any, otherwise: int) -> int:
    return told if type(told) is int and 0 <= told <= _MOST_TOKENS else otherwise
