"""The prompt: a prefix that is the same bytes for one agent and version, then what is known now.

The prefix is the frame (`frame.md`), the agent's file and the brand's voice: what people reviewed,
and nothing else. What is known now is one message in the user's role: facts, then the words of
others in data blocks, the decision's own steps last, so that a later turn only adds. Calls and
their answers stand together in one block; no call can be left without its answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from agent.planners import blocks, schemas
from agent.planning import Situation, ToolOffer
from prompts.agents import AgentFile
from prompts.brand import Brand

Mode = Literal["tools", "json_schema"]
_FRAME = Path(__file__).with_name("frame.md")
_LONGEST_ECHO = 2_000


@dataclass(frozen=True)
class Prefix:
    """What every prompt of one agent version begins with, and how it is to be answered."""

    system: str
    fields: dict[str, Any]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        text = json.dumps([self.system, self.fields], sort_keys=True, ensure_ascii=False)
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest())


def prefix(
    agent: AgentFile, brand: Brand | None, tools: Sequence[ToolOffer], *, mode: Mode
) -> Prefix:
    """The prefix of this agent's prompts. Depends on nothing but reviewed files and the mode."""
    parts = [_frame(), f"# The agent `{agent.name}`\n\n{agent.instructions}"]
    if brand is not None:
        never = "; ".join(brand.forbidden_claims)
        parts.append(f"# The voice of {brand.name}\n\n{brand.voice}\n\nNever say: {never}.")
    if mode == "tools":
        return Prefix(
            "\n\n".join(parts),
            {"tools": schemas.functions(tools), "tool_choice": "required"},
        )
    parts.append(f"# Your tools\n\n{_listed(tools)}")
    schema = {"name": "next_step", "schema": schemas.answer_schema(tools)}
    return Prefix(
        "\n\n".join(parts),
        {"response_format": {"type": "json_schema", "json_schema": schema}},
    )


def situation_text(s: Situation) -> str:
    """What is known now: one block of facts, then data blocks by source."""
    parts = [
        f"<facts>{blocks.written(blocks.facts(s))}</facts>",
        f"<messages>{blocks.written(list(s.messages))}</messages>",
        *(blocks.block(source, words) for source, words in blocks.data(s)),
        "What is the next step?",
    ]
    return "\n".join(parts)


def repair_text(answer: str, error: str) -> str:
    """What a model reads after an answer that could not be used: the answer, and what was wrong.

    The error names places and shapes, and repeats nothing that somebody else may have written.
    """
    return "\n".join(
        (
            blocks.block("your last answer", answer[:_LONGEST_ECHO]),
            blocks.block("what was wrong with it", error),
            "That answer could not be used. Answer again, with what was wrong put right.",
        )
    )


def request(
    head: Prefix, s: Situation, *, model: str, repairs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """The body of one request. `repairs`: answers that could not be used, each with its error."""
    said = [situation_text(s), *(repair_text(answer, error) for answer, error in repairs)]
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": head.system},
            {"role": "user", "content": "\n\n".join(said)},
        ],
        **head.fields,
    }


def _listed(tools: Sequence[ToolOffer]) -> str:
    return "\n".join(blocks.written(tool) for tool in schemas.worked(tools))


@cache
def _frame() -> str:
    return _FRAME.read_text(encoding="utf-8").strip()
