"""`recall_memory`: what is remembered of this customer that bears on a question.

The decision that runs answers it (`agent.act`), behind the read barrier: vectors are out of reach
here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.tool import ActionKind, Args, Tool


class RecallMemory(Args):
    """A question in plain words."""

    query: Annotated[str, Field(min_length=1, max_length=300)]


TOOLS = (
    Tool(
        name="recall_memory",
        kind=ActionKind.READ,
        description="Past complaints, replies and outcomes of this customer, by meaning.",
        args=RecallMemory,
        recalls=True,
    ),
)
